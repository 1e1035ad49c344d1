// A checksum of what comes in pieces, by the names that tus gives algorithms.
#pragma once

#include <memory>
#include <string>

#include "absl/strings/string_view.h"

struct evp_md_ctx_st;

namespace cognate::gateway {

class BodyDigest {
 public:
  // Null where OpenSSL does not have it: MD5, where it is set to what is approved.
  static std::unique_ptr<BodyDigest> Make(const std::string& algorithm);

  void Add(absl::string_view bytes);
  std::string Finish();

  // Those that there are, with commas.
  static const std::string& Algorithms();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

}  // namespace cognate::gateway
