#include "common/grpc/server_tls.h"

#include <string>
#include <utility>

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpcpp/security/server_credentials.h>

#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "common/sync/mutex.h"

namespace cognate::grpc_support {
namespace {

// The library's own TLS with reloading (1.51) does without any certificate when a new one cannot be read; its
// older interface, which asks at each connection, keeps the one before.
class ServerTls final : public grpc::ServerCredentials {
 public:
  ServerTls(TlsFiles files, TlsTexts texts) : files_(std::move(files)), texts_(std::move(texts)) {}

  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    grpc_server_credentials* credentials = grpc_ssl_server_credentials_create_with_options(
        grpc_ssl_server_credentials_create_options_using_config_fetcher(
            files_.ca.empty() ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                              : GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY,
            &ServerTls::Fetch, this));
    const int port = grpc_server_add_http2_port(server, address.c_str(), credentials);
    grpc_server_credentials_release(credentials);
    return port;
  }

  static grpc_ssl_certificate_config_reload_status Fetch(void* self,
                                                         grpc_ssl_server_certificate_config** config) {
    auto& tls = *static_cast<ServerTls*>(self);
    MutexLock lock(&tls.mutex_);
    if (!tls.IsNew()) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    const grpc_ssl_pem_key_cert_pair pair = {tls.texts_.key.c_str(), tls.texts_.certificate.c_str()};
    // The library wants authorities also where it asks for no certificate, and then does not look at them.
    const std::string& authorities = tls.files_.ca.empty() ? tls.texts_.certificate : tls.texts_.ca;
    *config = grpc_ssl_server_certificate_config_create(authorities.c_str(), &pair, 1);
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

  bool IsNew() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!std::exchange(is_given_, true)) return true;
    absl::StatusOr<TlsTexts> texts = ReadTlsFiles(files_);
    if (!texts.ok()) {
      log::Warn("the certificate before is kept", {{"error", texts.status()}});
      return false;
    }
    if (*texts == texts_) return false;
    texts_ = *std::move(texts);
    log::Info("new certificate", {{"file", files_.certificate}});
    return true;
  }

  const TlsFiles files_;
  Mutex mutex_;
  TlsTexts texts_ ABSL_GUARDED_BY(mutex_);
  bool is_given_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerTls(const TlsFiles& files) {
  ASSIGN_OR_RETURN(TlsTexts texts, ReadTlsFiles(files));
  return std::make_shared<ServerTls>(files, std::move(texts));
}

}  // namespace cognate::grpc_support
