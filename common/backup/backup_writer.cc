#include "common/backup/backup_writer.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::backup {
namespace {

constexpr int kLevel = 6;

std::string PartialOf(const std::string& path) { return path + ".part"; }

}  // namespace

struct BackupWriter::Stream {
  Stream() : context(ZSTD_createCCtx()), out(ZSTD_CStreamOutSize(), '\0') {
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, kLevel);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  }
  ~Stream() { ZSTD_freeCCtx(context); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  ZSTD_CCtx* const context;
  std::string out;
};

BackupWriter::BackupWriter(std::string path) : path_(std::move(path)), stream_(std::make_unique<Stream>()) {}

BackupWriter::~BackupWriter() {
  if (file_ >= 0) close(file_);
}

absl::Status BackupWriter::Failed(absl::string_view what) const {
  return Error(absl::StatusCode::kFailedPrecondition, "BACKUP_NOT_WRITTEN",
               absl::StrCat("cannot ", what, " ", PartialOf(path_), ": ",
                            std::strerror(errno),  // NOLINT(concurrency-mt-unsafe): one thread.
                            "; what was at ", path_, " before is as it was"));
}

absl::Status BackupWriter::OpenPartial() {
  const std::string partial = PartialOf(path_);
  while (true) {
    file_ = open(partial.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file_ < 0) return Failed("open");
    if (flock(file_, LOCK_EX | LOCK_NB) != 0) {
      return Error(absl::StatusCode::kFailedPrecondition, "BACKUP_UNDER_WAY",
                   absl::StrCat("another process writes ", partial, ": wait for it, or choose another file"));
    }
    // Between the two another process may have finished it: then this is that one's backup by now.
    struct stat opened {
    }, there{};
    if (fstat(file_, &opened) != 0) return Failed("look at");
    if (stat(partial.c_str(), &there) == 0 && opened.st_dev == there.st_dev && opened.st_ino == there.st_ino)
      return absl::OkStatus();
    close(std::exchange(file_, -1));
  }
}

absl::StatusOr<std::unique_ptr<BackupWriter>> BackupWriter::Create(const std::string& path) {
  std::unique_ptr<BackupWriter> writer(new BackupWriter(path));
  RETURN_IF_ERROR(writer->OpenPartial());
  if (fchmod(writer->file_, 0600) != 0 || ftruncate(writer->file_, 0) != 0) return writer->Failed("empty");
  return writer;
}

absl::Status BackupWriter::Begin(const Header& header) { return Control(HeaderLine(header)); }

absl::Status BackupWriter::BeginPart(const Part& part) {
  part_ = part.name;
  part_rows_ = 0;
  return Control(PartLine(part));
}

absl::Status BackupWriter::AddRow(absl::string_view row) {
  part_digest_.Add(row);
  part_digest_.Add("\n");
  ++part_rows_;
  ++totals_.rows;
  RETURN_IF_ERROR(Put(row));
  return Put("\n");
}

absl::Status BackupWriter::EndPart() {
  ++totals_.parts;
  return Control(EndLine(part_, part_rows_, absl::BytesToHexString(part_digest_.Finish())));
}

absl::StatusOr<Totals> BackupWriter::Finish() {
  totals_.sha256 = absl::BytesToHexString(control_digest_.Finish());
  RETURN_IF_ERROR(Put(absl::StrCat(DoneLine(totals_), "\n")));
  RETURN_IF_ERROR(EndStream());
  if (fsync(file_) != 0) return Failed("write");
  if (std::rename(PartialOf(path_).c_str(), path_.c_str()) != 0) return Failed("rename");
  const std::string folder = std::filesystem::absolute(path_).parent_path().string();
  const int directory = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory >= 0) {
    fsync(directory);
    close(directory);
  }
  return totals_;
}

absl::Status BackupWriter::Control(absl::string_view line) {
  control_digest_.Add(line);
  control_digest_.Add("\n");
  RETURN_IF_ERROR(Put(line));
  return Put("\n");
}

absl::Status BackupWriter::Put(absl::string_view bytes) {
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  while (in.pos < in.size) {
    ZSTD_outBuffer out{stream_->out.data(), stream_->out.size(), 0};
    const size_t left = ZSTD_compressStream2(stream_->context, &out, &in, ZSTD_e_continue);
    if (ZSTD_isError(left) != 0) return absl::InternalError(ZSTD_getErrorName(left));
    RETURN_IF_ERROR(Write(out.pos));
  }
  return absl::OkStatus();
}

absl::Status BackupWriter::EndStream() {
  ZSTD_inBuffer in{nullptr, 0, 0};
  size_t left = 1;
  while (left > 0) {
    ZSTD_outBuffer out{stream_->out.data(), stream_->out.size(), 0};
    left = ZSTD_compressStream2(stream_->context, &out, &in, ZSTD_e_end);
    if (ZSTD_isError(left) != 0) return absl::InternalError(ZSTD_getErrorName(left));
    RETURN_IF_ERROR(Write(out.pos));
  }
  return absl::OkStatus();
}

absl::Status BackupWriter::Write(size_t size) {
  for (size_t done = 0; done < size;) {
    const ssize_t written = write(file_, stream_->out.data() + done, size - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Failed("write");
    done += static_cast<size_t>(written);
    written_ += written;
  }
  return absl::OkStatus();
}

}  // namespace cognate::backup
