#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/file_transfer/blob_store.h"
#include "services/file_transfer/disk/file.h"

namespace cognate::file_transfer {

// A file for reading.
class FileReader final : public BlobReader {
 public:
  explicit FileReader(File file) : file_(std::move(file)) {}
  absl::StatusOr<size_t> ReadAt(int64_t offset, char* buffer, size_t size) override {
    return file_.ReadAt(offset, buffer, size);
  }
  int file() const override { return file_.handle(); }

 private:
  const File file_;
};

// A partial as a file, locked against every other process as long as this lives.
class DiskPartial final : public Partial {
 public:
  static absl::StatusOr<std::unique_ptr<DiskPartial>> Open(const std::string& directory,
                                                           absl::string_view name, int64_t committed_bytes);

  int64_t size() const override { return size_; }
  absl::Status Append(absl::string_view bytes) override;
  absl::Status AppendFrom(BlobReader& from, int64_t offset, int64_t length) override;
  absl::Status Sync() override;
  absl::StatusOr<size_t> ReadAt(int64_t offset, char* buffer, size_t size) override {
    return file_.ReadAt(offset, buffer, size);
  }
  int file() const override { return file_.handle(); }

 private:
  DiskPartial(std::string directory, File file, int64_t size, bool is_shared)
      : directory_(std::move(directory)),
        file_(std::move(file)),
        is_shared_(is_shared),
        size_(size),
        on_its_way_(size) {}
  void Grown(int64_t bytes);

  const std::string directory_;
  const File file_;
  const bool is_shared_;  // With a blob: nothing may be written to it.
  int64_t size_;
  int64_t on_its_way_;  // The kernel was told to begin with what is before.
  bool is_named_ = false;
};

}  // namespace cognate::file_transfer
