// Signatures of Standard Webhooks 1.0 (standardwebhooks.com): every request says who sent it and when, and
// that nobody changed it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace cognate::webhook {

// Immutable; thread safe. The secrets are wiped when it is destroyed.
class Signer {
 public:
  // `whsec_` and the base64 of 24 to 64 bytes: HMAC-SHA256 (`v1`). `whsk_` and the base64 of an ed25519 seed
  // (32 bytes) or private key (64): ed25519 (`v1a`). INVALID_ARGUMENT, without the secret in it, for anything
  // else.
  static absl::StatusOr<Signer> Create(absl::Span<const std::string> secrets);
  Signer(Signer&&) noexcept = default;
  Signer& operator=(Signer&&) noexcept = delete;
  ~Signer();

  // The header `webhook-signature`: one signature a secret, with blanks between them. `timestamp` in seconds
  // since 1970.
  std::string Sign(absl::string_view id, int64_t timestamp, absl::string_view body) const;

 private:
  struct Key {
    bool is_ed25519 = false;
    std::string bytes;
  };
  explicit Signer(std::vector<Key> keys) : keys_(std::move(keys)) {}
  std::vector<Key> keys_;
};

// The public half of a `whsk_` secret, as receivers take it: `whpk_…`.
absl::StatusOr<std::string> PublicKey(absl::string_view secret);

}  // namespace cognate::webhook
