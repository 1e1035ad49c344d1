#include "services/gateway/files/random_name.h"

#include <openssl/rand.h>

#include "absl/strings/escaping.h"

namespace cognate::gateway {

std::string RandomUploadName() {
  unsigned char bytes[16];
  RAND_bytes(bytes, sizeof(bytes));
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(bytes), sizeof(bytes)));
}

}  // namespace cognate::gateway
