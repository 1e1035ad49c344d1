#include "services/file_transfer/media_types.h"

#include <algorithm>

#include <magic.h>

#include "common/log/log.h"

namespace cognate::file_transfer {
namespace {

constexpr char kUnknown[] = "application/octet-stream";
// Nothing that unpacks or parses at length: the content may be made to hurt.
constexpr int kFlags = MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_ELF | MAGIC_NO_CHECK_TOKENS;

}  // namespace

void MediaTypes::Close::operator()(magic_set* magic) const { magic_close(magic); }

std::string MediaTypes::Of(absl::string_view head) {
  if (head.empty()) return "application/x-empty";
  MutexLock lock(&mutex_);
  if (magic_ == nullptr) {
    magic_.reset(magic_open(kFlags));
    if (magic_ == nullptr || magic_load(magic_.get(), nullptr) != 0) {
      log::Error("libmagic has no database", {{"error", magic_ == nullptr ? "" : magic_error(magic_.get())}});
      magic_.reset();
      return kUnknown;
    }
  }
  const char* const found =
      magic_buffer(magic_.get(), head.data(), std::min(head.size(), size_t{kHeadBytes}));
  return found == nullptr ? kUnknown : found;
}

}  // namespace cognate::file_transfer
