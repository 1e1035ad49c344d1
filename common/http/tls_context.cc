#include "common/http/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "absl/strings/str_cat.h"
#include "common/http/event_loop.h"
#include "common/log/log.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::http {
namespace {

constexpr unsigned char kProtocols[] = "\x02h2\x08http/1.1";

int ChooseProtocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                   unsigned offered_size, void*) {
  unsigned char* found = nullptr;
  const int outcome =
      SSL_select_next_proto(&found, size, kProtocols, sizeof(kProtocols) - 1, offered, offered_size);
  *chosen = found;
  return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;

Bio BioOf(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// The first certificate is the server's own, the others lead to its authority.
bool UseChain(SSL_CTX* context, const std::string& text) {
  const Bio bio = BioOf(text);
  bool is_first = true;
  while (X509* const certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    const bool used = is_first ? SSL_CTX_use_certificate(context, certificate) == 1
                               : SSL_CTX_add1_chain_cert(context, certificate) == 1;
    X509_free(certificate);
    if (!used) return false;
    is_first = false;
  }
  ERR_clear_error();  // Of the end of the text.
  return !is_first;
}

bool UseKey(SSL_CTX* context, const std::string& text) {
  const Bio bio = BioOf(text);
  EVP_PKEY* const key = PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr);
  if (key == nullptr) return false;
  const bool used = SSL_CTX_use_PrivateKey(context, key) == 1;
  EVP_PKEY_free(key);
  return used;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TlsContext>> TlsContext::Make(const grpc_support::TlsFiles& files) {
  std::unique_ptr<TlsContext> made(new TlsContext(files));
  ASSIGN_OR_RETURN(grpc_support::TlsTexts texts, grpc_support::ReadTlsFiles(made->files_));
  RETURN_IF_ERROR(made->Load(std::move(texts)));
  made->looked_ = Monotonic();
  return made;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

absl::Status TlsContext::Load(grpc_support::TlsTexts texts) {
  SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);  // 30 KiB less for each idle connection.
  SSL_CTX_set_alpn_select_cb(context, &ChooseProtocol, nullptr);
  if (!UseChain(context, texts.certificate) || !UseKey(context, texts.key)) {
    SSL_CTX_free(context);
    ERR_clear_error();
    return Error(absl::StatusCode::kFailedPrecondition, "TLS_FILES_INVALID",
                 absl::StrCat(files_.certificate, ": cannot be used for TLS"))
        .With("file", files_.certificate);
  }
  SSL_CTX_free(context_);  // Connections that use it keep it.
  context_ = context;
  texts_ = std::move(texts);
  return absl::OkStatus();
}

SSL_CTX* TlsContext::Current() {
  const absl::Duration now = Monotonic();
  if (now - looked_ < absl::Seconds(1)) return context_;
  looked_ = now;
  absl::StatusOr<grpc_support::TlsTexts> texts = grpc_support::ReadTlsFiles(files_);
  absl::Status loaded = texts.status();
  if (texts.ok() && *texts == texts_) return context_;
  if (texts.ok()) loaded = Load(*std::move(texts));
  if (loaded.ok()) {
    log::Info("new certificate", {{"file", files_.certificate}});
  } else {
    log::Warn("the certificate before is kept", {{"error", loaded}});
  }
  return context_;
}

}  // namespace cognate::http
