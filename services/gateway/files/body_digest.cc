#include "services/gateway/files/body_digest.h"

#include <openssl/evp.h>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "services/gateway/files/upload_headers.h"

namespace cognate::gateway {

void BodyDigest::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

std::unique_ptr<BodyDigest> BodyDigest::Make(const std::string& algorithm) {
  const EVP_MD* const kind = EVP_get_digestbyname(algorithm.c_str());
  auto digest = std::make_unique<BodyDigest>();
  digest->context_.reset(EVP_MD_CTX_new());
  if (kind == nullptr || EVP_DigestInit_ex(digest->context_.get(), kind, nullptr) != 1) return nullptr;
  return digest;
}

void BodyDigest::Add(absl::string_view bytes) {
  EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
}

std::string BodyDigest::Finish() {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_DigestFinal_ex(context_.get(), bytes, &size);
  return std::string(reinterpret_cast<const char*>(bytes), size);
}

const std::string& BodyDigest::Algorithms() {
  static const std::string& kThere = *new std::string([] {
    std::vector<std::string> there;
    for (const absl::string_view name : absl::StrSplit(kChecksumAlgorithms, ','))
      if (Make(std::string(name)) != nullptr) there.emplace_back(name);
    return absl::StrJoin(there, ",");
  }());
  return kThere;
}

}  // namespace cognate::gateway
