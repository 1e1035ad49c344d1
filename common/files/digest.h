// SHA-256 at the speed of the processor's own instructions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace cognate::files {

inline constexpr size_t kSha256Bytes = 32;

// Of a content that comes in pieces.
class Digest {
 public:
  Digest();
  void Add(absl::string_view bytes);
  // The 32 bytes. Begins anew.
  std::string Finish();

  // How many bytes were added.
  int64_t size() const { return size_; }
  // All that another process needs to go on behind these bytes: about 100 bytes.
  std::string Save() const;
  // Goes on where Save was. False, and it begins anew, for a text that is none of its.
  bool Restore(absl::string_view saved);

 private:
  void Begin();

  int64_t size_ = 0;
  alignas(8) std::array<unsigned char, 112> context_;  // OpenSSL's.
};

std::string Sha256(absl::string_view bytes);

// The 32 bytes that 64 hexadecimal digits say; empty for any other text.
std::string ParseSha256(absl::string_view hex);

}  // namespace cognate::files
