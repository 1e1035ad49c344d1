// How a server shows who it is, with certificates that are renewed under its hands.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/grpc/tls_files.h"

typedef struct ssl_ctx_st SSL_CTX;

namespace cognate::http {

// TLS 1.2 and 1.3, with HTTP/2 and HTTP/1.1 by ALPN. Of one thread.
class TlsContext {
 public:
  // TLS_FILES_INVALID as ReadTlsFiles.
  static absl::StatusOr<std::unique_ptr<TlsContext>> Make(const grpc_support::TlsFiles& files);
  ~TlsContext();

  // For a new connection. Files are looked at again after a second; what cannot be used is told in the log,
  // and what was there before stays.
  SSL_CTX* Current();

 private:
  explicit TlsContext(grpc_support::TlsFiles files) : files_(std::move(files)) {}
  absl::Status Load(grpc_support::TlsTexts texts);

  const grpc_support::TlsFiles files_;
  grpc_support::TlsTexts texts_;
  absl::Duration looked_;
  SSL_CTX* context_ = nullptr;
};

}  // namespace cognate::http
