#include "common/grpc/client_trust.h"

#include <filesystem>
#include <utility>

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/access/loopback.h"
#include "common/grpc/tls_files.h"
#include "common/log/log.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "common/sync/mutex.h"

namespace cognate::grpc_support {
namespace {

using grpc::experimental::FileWatcherCertificateProvider;

constexpr char kSystem[] = "system";
constexpr unsigned kRefreshSeconds = 1;

struct Installed {
  Mutex mutex;
  ClientTrust trust ABSL_GUARDED_BY(mutex);
  // Watches the files for all channels together; null without TLS.
  std::shared_ptr<FileWatcherCertificateProvider> files ABSL_GUARDED_BY(mutex);
};

Installed& Process() {
  static auto& installed = *new Installed();
  return installed;
}

absl::StatusOr<std::string> SystemAuthorities() {
  for (const char* path : {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"}) {
    if (std::filesystem::exists(path)) return path;
  }
  return Error(absl::StatusCode::kFailedPrecondition, "TLS_FILES_INVALID",
               "system: this machine has no certificates of authorities; install ca-certificates");
}

std::shared_ptr<grpc::ChannelCredentials> TlsOf(const std::shared_ptr<FileWatcherCertificateProvider>& files,
                                                bool has_certificate) {
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(files);
  options.watch_root_certs();
  if (has_certificate) options.watch_identity_key_cert_pairs();
  return grpc::experimental::TlsCredentials(options);
}

}  // namespace

absl::Status SetClientTrust(ClientTrust trust) {
  std::shared_ptr<FileWatcherCertificateProvider> files;
  if (!trust.ca_file.empty()) {
    if (trust.ca_file == kSystem) {
      ASSIGN_OR_RETURN(trust.ca_file, SystemAuthorities());
    }
    const TlsFiles named = {trust.certificate_file, trust.key_file, trust.ca_file};
    RETURN_IF_ERROR(ReadTlsFiles(named).status());
    files = std::make_shared<FileWatcherCertificateProvider>(named.key, named.certificate, named.ca,
                                                             kRefreshSeconds);
  }
  Installed& process = Process();
  MutexLock lock(&process.mutex);
  process.trust = std::move(trust);
  process.files.swap(files);
  return absl::OkStatus();
}

Approach ApproachTo(const std::string& address) {
  Installed& process = Process();
  MutexLock lock(&process.mutex);
  const ClientTrust trust = process.trust;
  const bool is_unix = absl::StartsWith(address, "unix:");
  if (!is_unix && process.files != nullptr)
    return {TlsOf(process.files, !trust.certificate_file.empty()), trust.authorization};
  Approach approach = {grpc::InsecureChannelCredentials(), trust.authorization};
  if (is_unix || trust.authorization.empty() || trust.plaintext || access::IsLoopback(address))
    return approach;
  log::Warn("the key is not sent over plaintext: give --tls-ca-file, or --plaintext", {{"address", address}});
  approach.authorization.clear();
  return approach;
}

}  // namespace cognate::grpc_support
