#include "services/file_transfer/disk/squeeze.h"

#include <algorithm>
#include <array>
#include <memory>

#include <zstd.h>

namespace cognate::file_transfer {
namespace {

constexpr int kLevel = 1;
constexpr size_t kSmallest = 128;
constexpr size_t kProbe = 2048;

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

// A glance at two kilobytes from its middle. What is compressed already has every byte about equally often;
// zstd would find that out, too, but at a hundred times the price.
bool LooksDense(absl::string_view content) {
  if (content.size() < 2 * kProbe) return false;
  const absl::string_view probe = content.substr(content.size() / 2 - kProbe / 2, kProbe);
  std::array<uint16_t, 256> counts = {};
  for (const char c : probe) ++counts[static_cast<unsigned char>(c)];
  // Of evenly spread bytes the sum of squares is kProbe * (kProbe / 256 + 1); text has ten times that.
  uint64_t squares = 0;
  for (const uint16_t count : counts) squares += static_cast<uint64_t>(count) * count;
  return squares < kProbe * (kProbe / 256 + 1) * 3 / 2;
}

}  // namespace

bool Squeeze(absl::string_view content, std::string* squeezed) {
  if (content.size() < kSmallest || LooksDense(content)) return false;
  thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  const size_t most = content.size() - content.size() / 10;
  squeezed->resize(most);
  const size_t size =
      ZSTD_compressCCtx(context.get(), squeezed->data(), most, content.data(), content.size(), kLevel);
  if (ZSTD_isError(size) != 0) return false;
  squeezed->resize(size);
  return true;
}

absl::StatusOr<std::string> Unsqueeze(absl::string_view squeezed, int64_t size_bytes) {
  std::string content(static_cast<size_t>(size_bytes), '\0');
  const size_t size = ZSTD_decompress(content.data(), content.size(), squeezed.data(), squeezed.size());
  if (ZSTD_isError(size) != 0 || size != content.size())
    return absl::DataLossError("what is stored cannot be decompressed");
  return content;
}

}  // namespace cognate::file_transfer
