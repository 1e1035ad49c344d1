// The reading half of Contents.
#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/files/digest.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/contents.h"
#include "services/file_transfer/errors.h"

namespace cognate::file_transfer {
namespace {

constexpr int64_t kPieceBytes = 256 << 10;

bool SamePlace(const BlobPlace& a, const BlobPlace& b) {
  return a.pack == b.pack && a.offset == b.offset && a.blob == b.blob;
}

}  // namespace

absl::StatusOr<StoredFile> Contents::FindOne(const std::string& sha256) {
  ASSIGN_OR_RETURN(std::vector<std::optional<StoredFile>> found, files_.Find({sha256}));
  if (!found.front()) return FileNotFound(sha256);
  return *std::move(found.front());
}

absl::StatusOr<std::unique_ptr<BlobReader>> Contents::OpenPlace(const StoredFile& file) {
  return blobs_.Open(file.place, file.size_bytes);
}

// What was put elsewhere between the look at its row and the look at its place is found there.
absl::StatusOr<std::unique_ptr<BlobReader>> Contents::OpenStored(StoredFile* file) {
  if (file->is_damaged)
    return FileDamaged(file->sha256, "what is stored is no longer what it was; a scrub repairs it");
  for (;;) {
    absl::StatusOr<std::unique_ptr<BlobReader>> reader = OpenPlace(*file);
    if (!absl::IsDataLoss(reader.status())) return reader;
    ASSIGN_OR_RETURN(StoredFile again, FindOne(file->sha256));
    if (SamePlace(again.place, file->place)) return Damaged(*file, reader.status().message());
    *file = std::move(again);
  }
}

absl::Status Contents::Damaged(const StoredFile& file, absl::string_view what) {
  RETURN_IF_ERROR(blobs_.Check());
  log::Error("a stored content is damaged",
             {{"service", "file_transfer"}, {"sha256", absl::BytesToHexString(file.sha256)}, {"what", what}});
  RETURN_IF_ERROR(files_.MarkDamaged(file, clock_.Now()));
  return FileDamaged(file.sha256,
                     absl::StrCat("what is stored is no longer what it was: ", what, "; a scrub repairs it"));
}

absl::Status Contents::Verify(const StoredFile& file, absl::FunctionRef<bool()> is_over) {
  StoredFile now = file;
  ASSIGN_OR_RETURN(const std::unique_ptr<BlobReader> reader, OpenStored(&now));
  files::Digest digest;
  std::string buffer(static_cast<size_t>(std::min(kPieceBytes, std::max<int64_t>(file.size_bytes, 1))), '\0');
  for (int64_t at = 0; at < file.size_bytes;) {
    if (is_over()) return absl::CancelledError("nobody waits for it any more");
    absl::StatusOr<size_t> got = reader->ReadAt(at, buffer.data(), buffer.size());
    if (absl::IsDataLoss(got.status())) return Damaged(now, got.status().message());
    RETURN_IF_ERROR(got.status());
    if (*got == 0) return Damaged(now, "it is shorter than it was");
    digest.Add(absl::string_view(buffer.data(), *got));
    at += static_cast<int64_t>(*got);
  }
  return digest.Finish() == file.sha256 ? absl::OkStatus() : Damaged(now, "its SHA-256 is another");
}

absl::StatusOr<Contents::Opened> Contents::Open(const std::string& sha256) {
  ASSIGN_OR_RETURN(StoredFile file, FindOne(sha256));
  ASSIGN_OR_RETURN(std::unique_ptr<BlobReader> reader, OpenStored(&file));
  return Opened{std::move(reader), file.size_bytes};
}

absl::Status Contents::Read(absl::string_view sha256, int64_t offset, int64_t limit,
                            absl::FunctionRef<bool(absl::string_view)> take) {
  ASSIGN_OR_RETURN(StoredFile file, FindOne(std::string(sha256)));
  return Read(std::move(file), offset, limit, take);
}

absl::Status Contents::Read(StoredFile file, int64_t offset, int64_t limit,
                            absl::FunctionRef<bool(absl::string_view)> take) {
  if (offset > file.size_bytes) return OffsetBehindEnd(offset, file.size_bytes);
  ASSIGN_OR_RETURN(const std::unique_ptr<BlobReader> reader, OpenStored(&file));
  const int64_t left = file.size_bytes - offset;
  const int64_t end = offset + (limit < 0 ? left : std::min(limit, left));
  if (file.size_bytes <= kPieceBytes) return ReadSmall(file, *reader, offset, end, take);
  const bool is_whole = offset == 0 && end == file.size_bytes;
  files::Digest digest;
  std::string buffer(kPieceBytes, '\0');
  for (int64_t at = offset; at < end;) {
    const auto wanted = static_cast<size_t>(std::min(kPieceBytes, end - at));
    absl::StatusOr<size_t> got = reader->ReadAt(at, buffer.data(), wanted);
    if (absl::IsDataLoss(got.status())) return Damaged(file, got.status().message());
    RETURN_IF_ERROR(got.status());
    if (*got == 0) return Damaged(file, "it is shorter than it was");
    const absl::string_view piece(buffer.data(), *got);
    if (is_whole) digest.Add(piece);
    if (!take(piece)) return absl::OkStatus();
    at += static_cast<int64_t>(*got);
  }
  return !is_whole || digest.Finish() == file.sha256 ? absl::OkStatus()
                                                     : Damaged(file, "its SHA-256 is another");
}

// One that is small is compared with its hash before anything of it is given.
absl::Status Contents::ReadSmall(const StoredFile& file, BlobReader& reader, int64_t offset, int64_t end,
                                 absl::FunctionRef<bool(absl::string_view)> take) {
  std::string content(static_cast<size_t>(file.size_bytes), '\0');
  absl::StatusOr<size_t> got = reader.ReadAt(0, content.data(), content.size());
  if (absl::IsDataLoss(got.status())) return Damaged(file, got.status().message());
  RETURN_IF_ERROR(got.status());
  if (*got < content.size()) return Damaged(file, "it is shorter than it was");
  if (files::Sha256(content) != file.sha256) return Damaged(file, "its SHA-256 is another");
  const absl::string_view part =
      absl::string_view(content).substr(static_cast<size_t>(offset), static_cast<size_t>(end - offset));
  if (!part.empty()) take(part);
  return absl::OkStatus();
}

}  // namespace cognate::file_transfer
