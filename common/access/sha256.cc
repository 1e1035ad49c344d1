#include "common/access/sha256.h"

#include <sodium.h>

namespace cognate::access {

std::string Sha256(absl::string_view bytes) {
  static_assert(crypto_hash_sha256_BYTES == kSha256Bytes);
  std::string hash(kSha256Bytes, '\0');
  crypto_hash_sha256(reinterpret_cast<unsigned char*>(hash.data()),
                     reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  return hash;
}

}  // namespace cognate::access
