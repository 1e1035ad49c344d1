#include "services/file_transfer/placing/large_reads.h"

#include <memory>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/files/digest.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/content_writer.h"
#include "services/file_transfer/possession.h"

namespace cognate::file_transfer {
namespace {

constexpr absl::Duration kLifetime = absl::Hours(24);

std::string NameOfRead(const std::string& path, const FileStand& stand) {
  const std::string what = absl::StrCat(stand.inode, " ", stand.size_bytes, " ", stand.modify_time_ns, " ",
                                        stand.change_time_ns, " ", path);
  return absl::StrCat("read-", absl::BytesToHexString(files::Sha256(what)).substr(0, 48));
}

}  // namespace

absl::StatusOr<v1::File> LargeReads::Store(const std::string& platform, const std::string& path,
                                           const FileStand& stand, PlaceReader& reader, Next next) {
  Upload wanted;
  wanted.platform = platform;
  wanted.name = NameOfRead(path, stand);
  wanted.partial = NewPartialName();
  wanted.size_bytes = stand.size_bytes;
  wanted.lifetime = kLifetime;
  ASSIGN_OR_RETURN(const Upload upload, uploads_.Begin(wanted, clock_.Now()));
  absl::StatusOr<std::unique_ptr<Partial>> partial =
      blobs_.OpenPartial(upload.partial, upload.committed_bytes);
  if (absl::IsAborted(partial.status()))
    return absl::UnavailableError("another process reads it at the moment");
  // Of a staging directory that another process has, or that was emptied.
  if (absl::IsDataLoss(partial.status())) RETURN_IF_ERROR(GiveUp(upload));
  RETURN_IF_ERROR(partial.status());
  const absl::StatusOr<v1::File> stored = Write(upload, **partial, reader, next);
  partial->reset();
  if (stored.ok()) {
    blobs_.RemovePartial(upload.partial).IgnoreError();
  } else if (!absl::IsCancelled(stored.status())) {
    // It was written meanwhile, or cannot be read, or there is no room: nothing of it waits for a day.
    GiveUp(upload).IgnoreError();
  }
  return stored;
}

absl::StatusOr<v1::File> LargeReads::Write(const Upload& upload, Partial& partial, PlaceReader& reader,
                                           Next next) {
  const auto commit = [&](int64_t committed, const std::string& hash_state) -> absl::Status {
    ASSIGN_OR_RETURN(const bool is_there, uploads_.Commit(upload, committed, hash_state, clock_.Now()));
    return is_there ? absl::OkStatus() : absl::UnavailableError("its upload is gone; it begins again");
  };
  ContentWriter writer(partial, memory_, clock_, upload.hash_state, commit);
  reader.Skip(upload.committed_bytes);
  while (true) {
    const absl::StatusOr<absl::string_view> piece = next();
    // The process stops: the next one goes on here.
    if (absl::IsCancelled(piece.status())) RETURN_IF_ERROR(writer.Sync());
    RETURN_IF_ERROR(piece.status());
    if (piece->empty()) break;
    std::string bytes(*piece);
    RETURN_IF_ERROR(writer.Append(&bytes));
  }
  ASSIGN_OR_RETURN(const std::string sha256, writer.Finish());
  return contents_.PutPartial(partial, upload.partial, sha256,
                              [&](postgres::Transaction& transaction) -> absl::Status {
                                RETURN_IF_ERROR(UploadStore::RemoveIn(transaction, upload));
                                return Possession::AddIn(transaction, upload.platform, {sha256});
                              });
}

absl::Status LargeReads::GiveUp(const Upload& upload) {
  RETURN_IF_ERROR(uploads_.RemoveThis(upload));
  return blobs_.RemovePartial(upload.partial);
}

}  // namespace cognate::file_transfer
