#include "common/files/digest.h"

#include <openssl/evp.h>

namespace cognate::files {
namespace {

// Looked up once: that costs more than a small content.
const EVP_MD* Sha256Method() {
  static EVP_MD* const kMethod = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return kMethod;
}

}  // namespace

void Digest::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Digest::Digest() : context_(EVP_MD_CTX_new()) { EVP_DigestInit_ex2(context_.get(), Sha256Method(), nullptr); }

void Digest::Add(absl::string_view bytes) { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }

std::string Digest::Finish() {
  std::string hash(kSha256Bytes, '\0');
  EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(hash.data()), nullptr);
  EVP_DigestInit_ex2(context_.get(), Sha256Method(), nullptr);
  return hash;
}

std::string Sha256(absl::string_view bytes) {
  thread_local Digest digest;
  digest.Add(bytes);
  return digest.Finish();
}

}  // namespace cognate::files
