#include "common/grpc/tls_files.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::grpc_support {
namespace {

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;

absl::Status Invalid(const std::string& file, absl::string_view fault) {
  ERR_clear_error();
  return Error(absl::StatusCode::kFailedPrecondition, "TLS_FILES_INVALID", absl::StrCat(file, ": ", fault))
      .With("file", file);
}

absl::StatusOr<std::string> ReadText(const std::string& path) {
  if (path.empty()) return std::string();
  std::ifstream file(path, std::ios::binary);
  if (!file) return Invalid(path, absl::StrCat("cannot be read: ", std::strerror(errno)));
  return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

Certificate FirstCertificate(const std::string& text) {
  const Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  return Certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

// Nobody is there to be asked for the password of a key.
int NoPassword(char*, int, int, void*) { return -1; }

Key ReadKey(const std::string& text) {
  const Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  return Key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr));
}

absl::Status CheckPair(const TlsFiles& files, const TlsTexts& texts) {
  const Certificate certificate = FirstCertificate(texts.certificate);
  if (certificate == nullptr) return Invalid(files.certificate, "want a certificate in PEM");
  const Key key = ReadKey(texts.key);
  if (key == nullptr) return Invalid(files.key, "want a private key in PEM, without a password");
  if (X509_check_private_key(certificate.get(), key.get()) != 1)
    return Invalid(files.key, absl::StrCat("is not the key of the certificate in ", files.certificate));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TlsTexts> ReadTlsFiles(const TlsFiles& files) {
  TlsTexts texts;
  ASSIGN_OR_RETURN(texts.certificate, ReadText(files.certificate));
  ASSIGN_OR_RETURN(texts.key, ReadText(files.key));
  ASSIGN_OR_RETURN(texts.ca, ReadText(files.ca));
  if (!files.certificate.empty()) RETURN_IF_ERROR(CheckPair(files, texts));
  if (!files.ca.empty() && FirstCertificate(texts.ca) == nullptr)
    return Invalid(files.ca, "want certificates of authorities in PEM");
  ERR_clear_error();
  return texts;
}

}  // namespace cognate::grpc_support
