#include "services/file_transfer/contents.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "common/clock/time_proto.h"
#include "common/files/digest.h"
#include "common/ids/uuid.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/content_writer.h"
#include "services/file_transfer/errors.h"

namespace cognate::file_transfer {
namespace {

// A lease is renewed when it is older than this; Collect knows.
constexpr absl::Duration kTouchAfter = absl::Minutes(10);

}  // namespace

v1::File ToFile(const StoredFile& file) {
  v1::File proto;
  proto.set_sha256(file.sha256);
  proto.set_size_bytes(file.size_bytes);
  if (file.media_type) proto.set_media_type(*file.media_type);
  *proto.mutable_create_time() = ToTimestamp(file.created_at);
  return proto;
}

std::string NewPartialName() { return RandomHex(16); }

absl::StatusOr<std::vector<std::optional<v1::File>>> Contents::Find(absl::Span<const std::string> sha256s) {
  ASSIGN_OR_RETURN(const std::vector<std::optional<StoredFile>> rows, FindStored(sha256s));
  std::vector<std::optional<v1::File>> found(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i]) found[i] = ToFile(*rows[i]);
  }
  return found;
}

absl::StatusOr<std::vector<std::optional<StoredFile>>> Contents::FindStored(
    absl::Span<const std::string> sha256s) {
  ASSIGN_OR_RETURN(std::vector<std::optional<StoredFile>> rows, files_.Find(sha256s));
  const absl::Time now = clock_.Now();
  std::vector<int64_t> stale;
  for (const std::optional<StoredFile>& row : rows) {
    if (row && !row->is_damaged && row->asked_at < now - kTouchAfter) stale.push_back(row->file_id);
  }
  absl::flat_hash_set<int64_t> gone(stale.begin(), stale.end());
  if (!stale.empty()) {
    ASSIGN_OR_RETURN(const std::vector<int64_t> touched, files_.Touch(stale, now));
    for (const int64_t file_id : touched) gone.erase(file_id);
  }
  for (std::optional<StoredFile>& row : rows) {
    if (row && (row->is_damaged || gone.contains(row->file_id))) row.reset();
  }
  return rows;
}

absl::Status Contents::KeepUntil(const std::string& sha256, absl::Time time) {
  ASSIGN_OR_RETURN(const StoredFile file, FindOne(sha256));
  if (file.asked_at >= time) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<int64_t> kept, files_.Touch({file.file_id}, time));
  return kept.empty() ? FileNotFound(sha256) : absl::OkStatus();
}

absl::Status Contents::FillMediaType(v1::File* file) {
  if (!file->media_type().empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(StoredFile stored, FindOne(file->sha256()));
  if (!stored.media_type) {
    ASSIGN_OR_RETURN(const auto reader, OpenStored(&stored));
    std::string head(MediaTypes::kHeadBytes, '\0');
    ASSIGN_OR_RETURN(const size_t size, reader->ReadAt(0, head.data(), head.size()));
    stored.media_type = media_types_.Of(absl::string_view(head).substr(0, size));
    RETURN_IF_ERROR(files_.SetMediaType(stored.file_id, *stored.media_type));
  }
  file->set_media_type(*stored.media_type);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<absl::Status>> Contents::PutSmall(absl::Span<const Small> files) {
  std::vector<absl::Status> statuses(files.size());
  std::vector<std::string> sha256s;
  std::vector<size_t> places;
  absl::flat_hash_set<absl::string_view> seen;
  for (size_t i = 0; i < files.size(); ++i) {
    if (files::Sha256(files[i].data) != files[i].sha256) {
      statuses[i] = FileDamaged(files[i].sha256, "the data has another SHA-256 than was said");
    } else if (seen.insert(files[i].sha256).second) {
      sha256s.emplace_back(files[i].sha256);
      places.push_back(i);
    }
  }
  ASSIGN_OR_RETURN(const std::vector<std::optional<v1::File>> known, Find(sha256s));
  std::vector<Small> lacking;
  for (size_t i = 0; i < known.size(); ++i) {
    if (!known[i]) lacking.push_back(files[places[i]]);
  }
  if (lacking.empty()) return statuses;
  std::vector<NewFile> made;
  std::shared_ptr<void> hold;
  if (const absl::Status status = Make(lacking, &made, &hold); !status.ok()) {
    // Nobody knows their names yet, and a store that is full has no room for what nobody can read.
    for (const NewFile& file : made) blobs_.Remove(file.place).IgnoreError();
    return status;
  }
  RETURN_IF_ERROR(Add(std::move(made)).status());
  return statuses;
}

// After an error `*made` has what was made until then.
absl::Status Contents::Make(absl::Span<const Small> files, std::vector<NewFile>* made,
                            std::shared_ptr<void>* hold) {
  std::vector<Small> small;
  for (const Small& file : files) {
    if (static_cast<int64_t>(file.data.size()) <= kPackedBytes) {
      small.push_back(file);
    } else {
      ASSIGN_OR_RETURN(NewFile blob, WriteBlob(file));
      made->push_back(std::move(blob));
    }
  }
  return small.empty() ? absl::OkStatus() : Pack(small, made, hold);
}

absl::Status Contents::Pack(absl::Span<const Small> files, std::vector<NewFile>* made,
                            std::shared_ptr<void>* hold) {
  std::vector<absl::string_view> pieces;
  for (const Small& file : files) pieces.push_back(file.data);
  ASSIGN_OR_RETURN(BlobStore::Packed packed, blobs_.Pack(pieces));
  for (size_t i = 0; i < files.size(); ++i) {
    made->push_back({std::string(files[i].sha256), static_cast<int64_t>(files[i].data.size()), std::nullopt,
                     std::move(packed.places[i])});
  }
  *hold = std::move(packed.hold);
  return absl::OkStatus();
}

absl::StatusOr<NewFile> Contents::WriteBlob(const Small& file) {
  const std::string name = NewPartialName();
  ASSIGN_OR_RETURN(const std::unique_ptr<Partial> partial, blobs_.OpenPartial(name, 0));
  NewFile made = {std::string(file.sha256), static_cast<int64_t>(file.data.size()), std::nullopt, {}};
  const auto write = [&]() -> absl::Status {
    RETURN_IF_ERROR(partial->Append(file.data));
    RETURN_IF_ERROR(partial->Sync());
    ASSIGN_OR_RETURN(made.place, blobs_.Publish(*partial, name, file.sha256));
    return absl::OkStatus();
  };
  const absl::Status written = write();
  const absl::Status removed = blobs_.RemovePartial(name);
  RETURN_IF_ERROR(written);
  RETURN_IF_ERROR(removed);
  return made;
}

absl::StatusOr<std::vector<StoredFile>> Contents::Add(std::vector<NewFile> files,
                                                      const FileStore::Also& also) {
  std::vector<BlobPlace> places;
  for (const NewFile& file : files) places.push_back(file.place);
  // Where this fails nobody knows whether the rows are there: Collect finds out.
  ASSIGN_OR_RETURN(std::vector<StoredFile> stored, files_.Add(std::move(files), clock_.Now(), also));
  for (size_t i = 0; i < stored.size(); ++i) {
    if (stored[i].place.blob != places[i].blob) blobs_.Remove(places[i]).IgnoreError();
  }
  return stored;
}

absl::StatusOr<v1::File> Contents::Put(absl::FunctionRef<absl::StatusOr<absl::string_view>()> next) {
  std::string bytes;
  absl::string_view piece;
  do {
    ASSIGN_OR_RETURN(piece, next());
    bytes.append(piece.data(), piece.size());
  } while (!piece.empty() && static_cast<int64_t>(bytes.size()) <= kPackedBytes);
  if (piece.empty()) {
    const std::string sha256 = files::Sha256(bytes);
    RETURN_IF_ERROR(PutSmall({{sha256, bytes}}).status());
    ASSIGN_OR_RETURN(const StoredFile stored, FindOne(sha256));
    return ToFile(stored);
  }
  const std::string name = NewPartialName();
  ASSIGN_OR_RETURN(const std::unique_ptr<Partial> partial, blobs_.OpenPartial(name, 0));
  const auto store = [&]() -> absl::StatusOr<v1::File> {
    ContentWriter writer(*partial, memory_, clock_, "",
                         [](int64_t, const std::string&) { return absl::OkStatus(); });
    while (!bytes.empty()) {
      RETURN_IF_ERROR(writer.Append(&bytes));
      ASSIGN_OR_RETURN(piece, next());
      bytes.assign(piece.data(), piece.size());
    }
    ASSIGN_OR_RETURN(const std::string sha256, writer.Finish());
    return PutPartial(*partial, name, sha256);
  };
  absl::StatusOr<v1::File> stored = store();
  blobs_.RemovePartial(name).IgnoreError();
  return stored;
}

absl::StatusOr<v1::File> Contents::PutPartial(Partial& partial, absl::string_view name,
                                              const std::string& sha256, const FileStore::Also& also) {
  std::string head(static_cast<size_t>(std::min(partial.size(), kPackedBytes)), '\0');
  ASSIGN_OR_RETURN(const size_t size, partial.ReadAt(0, head.data(), head.size()));
  if (size < head.size()) return absl::DataLossError("the partial file has lost bytes");
  if (partial.size() <= kPackedBytes) {
    ASSIGN_OR_RETURN(const std::vector<absl::Status> statuses, PutSmall({{sha256, head}}));
    RETURN_IF_ERROR(statuses.front());
    if (also) RETURN_IF_ERROR(files_.Do(also));
    ASSIGN_OR_RETURN(const StoredFile stored, FindOne(sha256));
    return ToFile(stored);
  }
  ASSIGN_OR_RETURN(BlobPlace place, blobs_.Publish(partial, name, sha256));
  ASSIGN_OR_RETURN(const std::vector<StoredFile> stored,
                   Add({{sha256, partial.size(), media_types_.Of(head), std::move(place)}}, also));
  return ToFile(stored.front());
}

}  // namespace cognate::file_transfer
