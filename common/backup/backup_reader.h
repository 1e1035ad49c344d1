#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/backup/backup_format.h"
#include "common/files/digest.h"

namespace cognate::backup {

// Reads a backup from its beginning to its end, a line at a time, and believes nothing: what does not fit its
// checksums, is cut, goes on behind its end, or is something else is refused with a sentence. A part's rows
// are proved by its end, and the whole by `done`: until then nothing that was read counts.
class BackupReader {
 public:
  // Puts up to `size` bytes into `buffer`; 0 at the end.
  using Source = std::function<absl::StatusOr<size_t>(char* buffer, size_t size)>;

  explicit BackupReader(Source source);
  ~BackupReader();
  BackupReader(const BackupReader&) = delete;
  BackupReader& operator=(const BackupReader&) = delete;

  // First.
  absl::StatusOr<Header> ReadHeader();

  enum class Kind { kPart, kRow, kEnd, kDone };
  // After kDone there is nothing to ask for.
  absl::StatusOr<Kind> Next();

  const Part& part() const { return part_; }          // after kPart, until the next
  absl::string_view row() const { return line_; }     // after kRow, until the next call; well formed JSON
  int64_t part_rows() const { return part_rows_; }    // so far
  const Totals& totals() const { return totals_; }    // so far; complete after kDone
  int64_t read_bytes() const { return read_bytes_; }  // of the file

 private:
  struct Stream;
  absl::StatusOr<bool> ReadLine();
  absl::StatusOr<bool> Fill();
  absl::StatusOr<Kind> TakeRow();
  absl::StatusOr<Kind> TakePart();
  absl::StatusOr<Kind> TakeEnd();
  absl::StatusOr<Kind> TakeDone();

  const Source source_;
  std::unique_ptr<Stream> stream_;
  std::string line_;
  bool in_part_ = false;
  bool done_ = false;
  Part part_;
  absl::flat_hash_set<std::string> seen_;
  int64_t part_rows_ = 0;
  Totals totals_;
  files::Digest control_digest_;
  files::Digest part_digest_;
  int64_t read_bytes_ = 0;
  int64_t unpacked_bytes_ = 0;
};

// Reads the file; what it cannot is BACKUP_UNREADABLE.
absl::StatusOr<BackupReader::Source> OpenBackup(const std::string& path);

}  // namespace cognate::backup
