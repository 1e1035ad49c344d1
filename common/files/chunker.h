// Cuts a content at places that the content itself determines, so that a change in the middle moves no other
// chunk: where a rolling hash of the last 64 bytes (a gear hash, as FastCDC has) begins with zeroes. Services
// and clients cut alike; docs/files.md says how, for other languages.
#pragma once

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "common/files/digest.h"

namespace cognate::files {

// Contents up to this size are not cut.
inline constexpr int64_t kUncutBytes = 4 << 20;
// 384 KiB on average.
inline constexpr int64_t kMinChunk = 128 << 10;
inline constexpr int64_t kMaxChunk = 2 << 20;

struct Chunk {
  int64_t offset = 0;
  int64_t length = 0;
  std::string sha256;
};

class Chunker {
 public:
  using Visit = absl::FunctionRef<void(Chunk chunk)>;

  // Of a content, or of its part from `offset` on: then its first chunks are cut elsewhere than in the whole.
  explicit Chunker(int64_t offset = 0) : offset_(offset) {}

  // The next bytes; gives every chunk that ends in them.
  void Add(absl::string_view bytes, Visit visit);
  // What is left, if anything.
  void Finish(Visit visit);

 private:
  // How many of the bytes belong to the chunk that is open; sets `*ends` where it ends with them.
  size_t Take(absl::string_view bytes, bool* ends);
  void End(Visit visit);

  int64_t offset_;  // Of the chunk that is open.
  int64_t length_ = 0;
  uint64_t gear_ = 0;
  Digest digest_;
};

}  // namespace cognate::files
