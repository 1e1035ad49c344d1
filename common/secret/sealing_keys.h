// The keys that secrets are sealed with, as they are written in a file:
//
//   # the first seals, all open
//   2026-11 V0hZIE5PVCBVU0UgJ29wZW5zc2wgcmFuZC1iYXNlNjQnPw==
//   2026-05 VGhpcyBvbmUgaXMgdGFrZW4gYXdheSBhZnRlciByZXNlYWw=
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cognate::secret {

// At least one. Its bytes are overwritten when it goes.
class SealingKeys {
 public:
  struct Key {
    std::string id;
    std::string bytes;  // 32
  };

  explicit SealingKeys(std::vector<Key> keys) : keys_(std::move(keys)) {}
  ~SealingKeys();
  SealingKeys(const SealingKeys&) = delete;
  SealingKeys& operator=(const SealingKeys&) = delete;

  // Which seals.
  const Key& first() const { return keys_.front(); }
  // Null when it is not there.
  const Key* Find(absl::string_view id) const;
  size_t size() const { return keys_.size(); }

 private:
  std::vector<Key> keys_;
};

// One key a line: an id of 1 to 64 letters, digits, `-`, `_` and `.`, then 32 bytes in base64. Empty lines,
// and lines that begin with #, are passed over. `place` is what errors call the text. FAILED_PRECONDITION
// SEALING_KEYS_INVALID with the metadata `line`; never repeats what stands there.
absl::StatusOr<std::shared_ptr<const SealingKeys>> ParseSealingKeys(absl::string_view text,
                                                                    absl::string_view place);

}  // namespace cognate::secret
