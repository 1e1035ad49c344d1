#include "common/files/chunker.h"

#include <algorithm>
#include <array>

namespace cognate::files {
namespace {

// How many leading bits of the gear hash are zero where a chunk ends. The same for every length: with another
// number below the average, as FastCDC has it, lengths vary less, but behind a change it takes several chunks
// until the cuts are the old ones again.
constexpr int kBits = 18;

// For each byte the first eight of its SHA-256.
const std::array<uint64_t, 256>& Gears() {
  static const std::array<uint64_t, 256> kGears = [] {
    std::array<uint64_t, 256> gears = {};
    for (size_t value = 0; value < gears.size(); ++value) {
      const char byte = static_cast<char>(value);
      const std::string hash = Sha256(absl::string_view(&byte, 1));
      for (size_t i = 0; i < 8; ++i) gears[value] = gears[value] << 8 | static_cast<unsigned char>(hash[i]);
    }
    return gears;
  }();
  return kGears;
}

}  // namespace

void Chunker::Add(absl::string_view bytes, Visit visit) {
  while (!bytes.empty()) {
    bool ends = false;
    const size_t taken = Take(bytes, &ends);
    digest_.Add(bytes.substr(0, taken));
    length_ += static_cast<int64_t>(taken);
    bytes.remove_prefix(taken);
    if (ends) End(visit);
  }
}

size_t Chunker::Take(absl::string_view bytes, bool* ends) {
  const std::array<uint64_t, 256>& gears = Gears();
  const auto left_until = [&](int64_t length) {
    return static_cast<size_t>(std::clamp<int64_t>(length - length_, 0, static_cast<int64_t>(bytes.size())));
  };
  size_t at = left_until(kMinChunk);
  const size_t end = left_until(kMaxChunk);
  uint64_t gear = gear_;
  while (at < end) {
    gear = (gear << 1) + gears[static_cast<unsigned char>(bytes[at])];
    ++at;
    if (gear >> (64 - kBits) == 0) {
      *ends = true;
      return at;
    }
  }
  gear_ = gear;
  *ends = length_ + static_cast<int64_t>(at) == kMaxChunk;
  return at;
}

void Chunker::End(Visit visit) {
  Chunk chunk;
  chunk.offset = offset_;
  chunk.length = length_;
  chunk.sha256 = digest_.Finish();
  offset_ += length_;
  length_ = 0;
  gear_ = 0;
  visit(std::move(chunk));
}

void Chunker::Finish(Visit visit) {
  if (length_ > 0) End(visit);
}

}  // namespace cognate::files
