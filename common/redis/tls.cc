#include "common/redis/tls.h"

#include <utility>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::redis {
namespace {

// What OpenSSL has noted last, which is taken.
std::string LastError() {
  const unsigned long code = ERR_peek_last_error();  // NOLINT(google-runtime-int): OpenSSL's type
  ERR_clear_error();
  char text[256] = "";
  if (code != 0) ERR_error_string_n(code, text, sizeof(text));
  return text;
}

bool IsAddress(const std::string& host) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, host.c_str(), bytes) == 1 || inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

bool WantsMore(const SSL* session, int result) {
  const int error = SSL_get_error(session, result);
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

}  // namespace

void Tls::FreeContext::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
void Tls::FreeSession::operator()(SSL* session) const { SSL_free(session); }

Tls::~Tls() = default;

absl::StatusOr<std::unique_ptr<Tls>> Tls::Begin(const std::string& host, const TlsFiles& files) {
  std::unique_ptr<Tls> tls(new Tls(host));
  ERR_clear_error();
  RETURN_IF_ERROR(tls->Prepare(files));
  return tls;
}

absl::Status Tls::Refused(absl::string_view what) const {
  return Error(absl::StatusCode::kFailedPrecondition, "REDIS_TLS_REFUSED",
               absl::StrCat("TLS to Redis at ", host_, ": ", what));
}

absl::Status Tls::Prepare(const TlsFiles& files) {
  context_.reset(SSL_CTX_new(TLS_client_method()));
  if (context_ == nullptr) return Refused(LastError());
  SSL_CTX* const context = context_.get();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  if (files.ca.empty()) {
    SSL_CTX_set_default_verify_paths(context);
  } else if (SSL_CTX_load_verify_locations(context, files.ca.c_str(), nullptr) != 1) {
    return Refused(
        absl::StrCat("no authorities can be read from ", files.ca, " (--redis-ca-file): ", LastError()));
  }
  if (!files.certificate.empty() &&
      (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1 ||
       SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1)) {
    return Refused(absl::StrCat("no certificate with its key can be read from ", files.certificate, " and ",
                                files.key, " (--redis-certificate-file, --redis-key-file): ", LastError()));
  }
  session_.reset(SSL_new(context));
  if (session_ == nullptr) return Refused(LastError());
  SSL* const session = session_.get();
  SSL_set_bio(session, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_connect_state(session);
  if (IsAddress(host_)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host_.c_str());
  } else {
    SSL_set_tlsext_host_name(session, host_.c_str());
    SSL_set1_host(session, host_.c_str());
  }
  return absl::OkStatus();
}

bool Tls::established() const { return SSL_is_init_finished(session_.get()) == 1; }

absl::Status Tls::Advance() {
  const int result = SSL_do_handshake(session_.get());
  if (result == 1 || WantsMore(session_.get(), result)) return absl::OkStatus();
  const long verified = SSL_get_verify_result(session_.get());  // NOLINT(google-runtime-int): OpenSSL's type
  const std::string error = LastError();
  if (verified == X509_V_OK)
    return Refused(
        absl::StrCat("no handshake; does that port speak TLS, and want a certificate of ours? ", error));
  return Refused(absl::StrCat("its certificate is not trusted (", X509_verify_cert_error_string(verified),
                              "); --redis-ca-file names who vouches for it"));
}

absl::Status Tls::Encrypt(absl::string_view bytes) {
  size_t written = 0;
  // Into memory: all at once.
  if (bytes.empty() || SSL_write_ex(session_.get(), bytes.data(), bytes.size(), &written) == 1)
    return absl::OkStatus();
  return Refused(LastError());
}

std::string Tls::TakeOutgoing() {
  BIO* const out = SSL_get_wbio(session_.get());
  std::string bytes(BIO_ctrl_pending(out), '\0');
  if (!bytes.empty()) BIO_read(out, bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

void Tls::Feed(absl::string_view received) {
  BIO_write(SSL_get_rbio(session_.get()), received.data(), static_cast<int>(received.size()));
}

absl::StatusOr<std::string> Tls::Decrypt() {
  std::string plain;
  char piece[16 << 10];
  while (true) {
    size_t size = 0;
    const int result = SSL_read_ex(session_.get(), piece, sizeof(piece), &size);
    if (result == 1) {
      plain.append(piece, size);
      continue;
    }
    // The server's end of the session is seen by the socket's end.
    if (WantsMore(session_.get(), result) || SSL_get_error(session_.get(), result) == SSL_ERROR_ZERO_RETURN)
      return plain;
    return Refused(LastError());
  }
}

}  // namespace cognate::redis
