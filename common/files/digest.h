// SHA-256 at the speed of the processor's own instructions.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"

struct evp_md_ctx_st;

namespace cognate::files {

inline constexpr size_t kSha256Bytes = 32;

// Of a content that comes in pieces.
class Digest {
 public:
  Digest();
  void Add(absl::string_view bytes);
  // The 32 bytes. Begins anew.
  std::string Finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

std::string Sha256(absl::string_view bytes);

}  // namespace cognate::files
