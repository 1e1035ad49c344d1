#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "common/grpc/tls_files.h"

namespace grpc {
class ServerCredentials;
}

namespace cognate::grpc_support {

// TLS for one port of a server. The files are read anew for each connection, so that a new certificate counts
// from the next one on; what cannot be used is told in the log, and what was there before stays. With `ca`
// clients are asked for a certificate: none will do, one of another authority ends the connection.
//
// Outlives the server. TLS_FILES_INVALID as ReadTlsFiles.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerTls(const TlsFiles& files);

}  // namespace cognate::grpc_support
