#include "tests/support/certificates.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace cognate::test_support {
namespace {

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using OwnedCertificate = std::unique_ptr<X509, Freed<X509_free>>;

void OrDie(bool done, const char* what) {
  if (done) return;
  std::fprintf(stderr, "certificates: %s\n", what);
  std::abort();
}

template <typename Write>
std::string Pem(const Write& write) {
  BIO* const bio = BIO_new(BIO_s_mem());
  OrDie(write(bio) == 1, "PEM");
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);  // NOLINT(google-runtime-int)
  std::string pem(text, static_cast<size_t>(size));
  BIO_free(bio);
  return pem;
}

std::string PemOf(X509* certificate) {
  return Pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

std::string PemOf(EVP_PKEY* key) {
  return Pem(
      [&](BIO* bio) { return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr); });
}

void AddExtension(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
  OrDie(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1, value.c_str());
  X509_EXTENSION_free(extension);
}

// Everything but the signature and what kind it is.
OwnedCertificate Unsigned(EVP_PKEY* key, const std::string& name, absl::Duration valid_for) {
  OwnedCertificate certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  uint64_t serial = 0;
  OrDie(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial)) == 1, "random numbers");
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -24 * 3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), absl::ToInt64Seconds(valid_for));
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  OrDie(X509_set_pubkey(certificate.get(), key) == 1, "public key");
  return certificate;
}

std::string AlternativeNames(const std::vector<std::string>& names) {
  return absl::StrJoin(names, ",", [](std::string* out, const std::string& name) {
    const bool is_address = name.find_first_not_of("0123456789.:") == std::string::npos;
    absl::StrAppend(out, is_address ? "IP:" : "DNS:", name);
  });
}

}  // namespace

struct Authority::State {
  Key key{EVP_EC_gen("P-256")};
  OwnedCertificate certificate = Unsigned(key.get(), "Cognate Test Authority", absl::Hours(24));
};

Authority::Authority() : state_(std::make_unique<State>()) {
  X509* const own = state_->certificate.get();
  X509_set_issuer_name(own, X509_get_subject_name(own));
  AddExtension(own, own, NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(own, own, NID_subject_key_identifier, "hash");
  OrDie(X509_sign(own, state_->key.get(), EVP_sha256()) > 0, "signature");
}
Authority::~Authority() = default;

std::string Authority::Certificate() const { return PemOf(state_->certificate.get()); }

Authority::Issued Authority::Issue(const CertificateOptions& options) const {
  const Key key(EVP_EC_gen("P-256"));
  const auto certificate = Unsigned(key.get(), options.names.front(), options.valid_for);
  X509* const issuer = state_->certificate.get();
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer));
  AddExtension(certificate.get(), issuer, NID_subject_alt_name, AlternativeNames(options.names));
  AddExtension(certificate.get(), issuer, NID_authority_key_identifier, "keyid");
  OrDie(X509_sign(certificate.get(), state_->key.get(), EVP_sha256()) > 0, "signature");
  return {PemOf(certificate.get()), PemOf(key.get())};
}

void Authority::IssueInto(const std::string& path, const CertificateOptions& options) const {
  const Issued issued = Issue(options);
  ReplaceFile(absl::StrCat(path, ".key"), issued.key);
  ReplaceFile(absl::StrCat(path, ".pem"), issued.certificate);
}

void ReplaceFile(const std::string& path, const std::string& text) {
  const std::string partial = absl::StrCat(path, ".part");
  std::ofstream(partial, std::ios::binary) << text;
  OrDie(std::rename(partial.c_str(), path.c_str()) == 0, path.c_str());
}

}  // namespace cognate::test_support
