#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace cognate::grpc_support {

// Whether a server may listen on "unix:/path". FAILED_PRECONDITION: the path is longer than the system takes,
// or somebody answers there (the library would put its own socket in that one's place).
absl::Status CheckUnixSocket(absl::string_view address);

// What this process makes while it lives is for its user alone: sockets have no other protection, and between
// making one and changing its mode anybody could connect.
class PrivateFiles {
 public:
  PrivateFiles();
  ~PrivateFiles();
  PrivateFiles(const PrivateFiles&) = delete;
  PrivateFiles& operator=(const PrivateFiles&) = delete;

 private:
  const unsigned before_;
};

}  // namespace cognate::grpc_support
