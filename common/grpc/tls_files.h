// Certificates and keys as they lie in files, in PEM.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace cognate::grpc_support {

struct TlsFiles {
  std::string certificate = {};  // With the chain that leads to its authority; empty: none.
  std::string key = {};          // Of the certificate.
  std::string ca = {};           // Authorities whose certificates the others show; empty: none.
};

// What is in them.
struct TlsTexts {
  std::string certificate;
  std::string key;
  std::string ca;
  bool operator==(const TlsTexts&) const = default;
};

// Reads what is named, and looks whether it can be used: certificates that can be read, a key that is the
// certificate's. FAILED_PRECONDITION TLS_FILES_INVALID with the metadata `file`.
absl::StatusOr<TlsTexts> ReadTlsFiles(const TlsFiles& files);

}  // namespace cognate::grpc_support
