#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/backup/backup_format.h"
#include "common/files/digest.h"

namespace cognate::backup {

// Writes `path`.part, for its user alone, and renames it when all is on the disk: whatever ends this before,
// what was at `path` stays as it was, and the next one begins `path`.part anew.
class BackupWriter {
 public:
  // BACKUP_UNDER_WAY where another process writes the same file.
  static absl::StatusOr<std::unique_ptr<BackupWriter>> Create(const std::string& path);
  ~BackupWriter();
  BackupWriter(const BackupWriter&) = delete;
  BackupWriter& operator=(const BackupWriter&) = delete;

  absl::Status Begin(const Header& header);
  absl::Status BeginPart(const Part& part);
  // JSON, without a line break.
  absl::Status AddRow(absl::string_view row);
  absl::Status EndPart();
  absl::StatusOr<Totals> Finish();

  int64_t rows() const { return totals_.rows; }
  int64_t written_bytes() const { return written_; }

 private:
  struct Stream;
  explicit BackupWriter(std::string path);
  // For this process alone.
  absl::Status OpenPartial();
  absl::Status Control(absl::string_view line);
  absl::Status Put(absl::string_view bytes);
  absl::Status EndStream();
  // So much of what the stream has put out.
  absl::Status Write(size_t size);
  absl::Status Failed(absl::string_view what) const;

  const std::string path_;
  int file_ = -1;
  std::unique_ptr<Stream> stream_;
  Totals totals_;
  files::Digest control_digest_;
  files::Digest part_digest_;
  std::string part_;
  int64_t part_rows_ = 0;
  int64_t written_ = 0;
};

}  // namespace cognate::backup
