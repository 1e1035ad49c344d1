#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "services/file_transfer/blob_store.h"

namespace cognate::file_transfer {

// A content in memory.
class MemoryReader final : public BlobReader {
 public:
  explicit MemoryReader(std::string content) : content_(std::move(content)) {}
  absl::StatusOr<size_t> ReadAt(int64_t offset, char* buffer, size_t size) override {
    if (offset >= static_cast<int64_t>(content_.size())) return 0;
    const size_t got = std::min(size, content_.size() - static_cast<size_t>(offset));
    std::memcpy(buffer, content_.data() + offset, got);
    return got;
  }

 private:
  const std::string content_;
};

}  // namespace cognate::file_transfer
