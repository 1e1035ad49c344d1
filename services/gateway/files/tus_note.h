// What the file-transfer service keeps of an upload by tus for the gateway, which keeps nothing itself.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace cognate::gateway {

// Of a new upload's name: so that no two have the same and nobody guesses one.
inline constexpr size_t kUploadNameBytes = 16;

struct TusNote {
  std::string metadata;  // Upload-Metadata, as it came.
  std::string concat;    // Upload-Concat, as it came.
  bool is_partial = false;
  bool is_final = false;
  std::string sha256;  // 32 bytes that the content is said to have; may be empty.

  std::string ToBytes() const;
  // Nothing for an upload that did not come by tus.
  static std::optional<TusNote> FromBytes(absl::string_view bytes);
};

}  // namespace cognate::gateway
