#include "services/file_transfer/collect.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "common/files/digest.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/errors.h"

namespace cognate::file_transfer {
namespace {

constexpr absl::Duration kDefaultLease = absl::Hours(24);
constexpr absl::Duration kShortestLease = absl::Hours(1);
// When a content was asked for is known to ten minutes (Contents::Find).
constexpr absl::Duration kLeaseSlack = absl::Minutes(11);
constexpr int kBatch = 500;
// So many contents a statement looks at; it holds their locks for so long.
constexpr int kLookedAt = 2'000;
// What was written so long ago would have its row by now.
constexpr absl::Duration kOrphanAge = absl::Hours(24);
constexpr absl::Duration kPartialOrphanAge = absl::Hours(2);
constexpr size_t kMovedBytes = 4 << 20;
// An emptied pack stays for so long: a database of before says that contents are in it, and its backup was
// followed by one of the store, which takes its time.
constexpr absl::Duration kBackupTime = absl::Hours(48);

using IsOver = absl::FunctionRef<bool()>;

absl::Status Over() { return absl::CancelledError("the collection was ended; the next one goes on"); }

absl::Status CollectUploads(Parts& parts, v1::CollectResponse* response, IsOver is_over) {
  const absl::Time now = parts.clock.Now();
  for (;;) {
    if (is_over()) return Over();
    ASSIGN_OR_RETURN(const std::vector<Upload> expired, parts.uploads.ForgetExpired(now, kBatch));
    if (expired.empty()) return absl::OkStatus();
    response->set_upload_count(response->upload_count() + static_cast<int64_t>(expired.size()));
    for (const Upload& upload : expired) {
      RETURN_IF_ERROR(parts.blobs.RemovePartial(upload.partial));
      if (upload.file_sha256.empty())
        response->set_freed_bytes(response->freed_bytes() + upload.committed_bytes);
    }
  }
}

absl::Status CollectFiles(Parts& parts, absl::Time asked_before, v1::CollectResponse* response,
                          IsOver is_over) {
  for (int64_t after = 0;;) {
    if (is_over()) return Over();
    ASSIGN_OR_RETURN(const std::optional<std::vector<StoredFile>> forgotten,
                     parts.references.ForgetUnused(asked_before, kLookedAt, &after));
    if (!forgotten) return absl::OkStatus();
    for (const StoredFile& file : *forgotten) {
      // Those that are not removed now the tidying finds: no row names them any more.
      if (is_over()) return Over();
      RETURN_IF_ERROR(parts.blobs.Remove(file.place));
      response->set_freed_bytes(response->freed_bytes() + file.place.stored_bytes);
    }
    response->set_file_count(response->file_count() + static_cast<int64_t>(forgotten->size()));
    parts.metrics.collected.Increment(static_cast<double>(forgotten->size()));
  }
}

// OK, DATA_LOSS where what is stored is damaged, or why it cannot be read now.
absl::Status ReadPiece(Parts& parts, const StoredFile& file, std::string* content) {
  content->resize(static_cast<size_t>(file.size_bytes));
  ASSIGN_OR_RETURN(const std::unique_ptr<BlobReader> reader, parts.blobs.Open(file.place, file.size_bytes));
  ASSIGN_OR_RETURN(const size_t got, reader->ReadAt(0, content->data(), content->size()));
  if (got < content->size() || files::Sha256(*content) != file.sha256)
    return absl::DataLossError("found while its pack was emptied");
  return absl::OkStatus();
}

// Writes these, which a pack still has, into another one. A piece that is damaged stays, and its pack with
// it; what cannot be read for another reason is not damaged, and ends it.
absl::Status EmptyPack(Parts& parts, const std::vector<StoredFile>& files, IsOver is_over) {
  std::vector<StoredFile> moved;
  std::vector<std::string> contents;
  size_t bytes = 0;
  const auto move = [&]() -> absl::Status {
    if (moved.empty()) return absl::OkStatus();
    const std::vector<absl::string_view> pieces(contents.begin(), contents.end());
    ASSIGN_OR_RETURN(const BlobStore::Packed packed, parts.blobs.Pack(pieces));
    RETURN_IF_ERROR(parts.references.Move(moved, packed.places));
    moved.clear();
    contents.clear();
    bytes = 0;
    return absl::OkStatus();
  };
  for (const StoredFile& file : files) {
    if (is_over()) return Over();
    if (file.is_damaged) continue;
    std::string content;
    const absl::Status read = ReadPiece(parts, file, &content);
    if (absl::IsDataLoss(read)) {
      RETURN_IF_ERROR(parts.blobs.Check());
      parts.contents.Damaged(file, read.message()).IgnoreError();
      continue;
    }
    RETURN_IF_ERROR(read);
    bytes += content.size();
    contents.push_back(std::move(content));
    moved.push_back(file);
    if (bytes >= kMovedBytes) RETURN_IF_ERROR(move());
  }
  return move();
}

// Of which less than half is used, but for those that only wait for their removal.
absl::StatusOr<std::vector<BlobStore::PackFile>> PoorPacks(Parts& parts, IsOver is_over) {
  // In this order: what comes to a pack meanwhile is used.
  ASSIGN_OR_RETURN(std::vector<BlobStore::PackFile> packs, parts.blobs.ListPacks(is_over));
  ASSIGN_OR_RETURN(const auto used, parts.references.UsedBytesOfPacks());
  const absl::Time emptied_before = parts.clock.Now() - kBackupTime;
  std::erase_if(packs, [&](const BlobStore::PackFile& pack) {
    const auto found = used.find(pack.number);
    if (found == used.end()) return pack.emptied_at && *pack.emptied_at >= emptied_before;
    return found->second >= pack.size_bytes / 2;
  });
  return packs;
}

absl::Status TidyPack(Parts& parts, const BlobStore::PackFile& pack, IsOver is_over) {
  ASSIGN_OR_RETURN(const std::shared_ptr<void> hold, parts.blobs.HoldPack(pack.number));
  if (hold == nullptr) return absl::OkStatus();
  ASSIGN_OR_RETURN(const int64_t used, parts.references.UsedBytes(pack.number));
  if (used >= pack.size_bytes / 2 && used > 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<StoredFile> files, parts.references.OfPack(pack.number));
  if (files.empty() && pack.emptied_at) return parts.blobs.RemovePack(pack.number);
  RETURN_IF_ERROR(EmptyPack(parts, files, is_over));
  ASSIGN_OR_RETURN(const std::vector<StoredFile> left, parts.references.OfPack(pack.number));
  // Also one that was emptied before, and that a restored database has filled again: its time begins anew.
  return left.empty() ? parts.blobs.SetEmptied(pack.number) : absl::OkStatus();
}

absl::Status TidyPacks(Parts& parts, IsOver is_over) {
  ASSIGN_OR_RETURN(const std::vector<BlobStore::PackFile> packs, PoorPacks(parts, is_over));
  absl::Status first;
  for (const BlobStore::PackFile& pack : packs) {
    if (is_over()) return Over();
    const absl::Status tidied = TidyPack(parts, pack, is_over);
    if (tidied.ok()) continue;
    if (is_over()) return tidied;
    log::Warn("cannot tidy a pack", {{"service", "file_transfer"}, {"pack", pack.number}, {"error", tidied}});
    if (first.ok()) first = tidied;
    // The others fare no better.
    if (!absl::IsDataLoss(tidied)) break;
  }
  return first;
}

// Takes names, some hundreds at a time, and removes those that no row has.
class Orphans {
 public:
  using Known = std::function<absl::StatusOr<std::vector<std::string>>(const std::vector<std::string>&)>;
  using Remove = std::function<absl::Status(const std::string&)>;
  Orphans(Known known, Remove remove) : known_(std::move(known)), remove_(std::move(remove)) {}

  absl::Status Take(absl::string_view name) {
    names_.emplace_back(name);
    return names_.size() < static_cast<size_t>(kBatch) ? absl::OkStatus() : Finish();
  }
  absl::Status Finish() {
    const std::vector<std::string> batch = std::exchange(names_, {});
    if (batch.empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(const std::vector<std::string> there, known_(batch));
    const absl::flat_hash_set<std::string> kept(there.begin(), there.end());
    for (const std::string& name : batch) {
      if (kept.contains(name)) continue;
      log::Info("removes what no row names", {{"service", "file_transfer"}, {"name", name}});
      RETURN_IF_ERROR(remove_(name));
    }
    return absl::OkStatus();
  }

 private:
  const Known known_;
  const Remove remove_;
  std::vector<std::string> names_;
};

absl::Status RemoveUnknownPartials(Parts& parts, IsOver is_over) {
  Orphans orphans([&](const auto& batch) { return parts.uploads.Known(batch); },
                  [&](const std::string& name) { return parts.blobs.RemovePartial(name); });
  RETURN_IF_ERROR(parts.blobs.ForEachPartial(
      parts.clock.Now() - kPartialOrphanAge,
      [&](absl::string_view name) { return is_over() ? Over() : orphans.Take(name); }));
  return orphans.Finish();
}

}  // namespace

absl::StatusOr<v1::CollectResponse> Collect(Parts& parts, const v1::CollectRequest& request, IsOver is_over) {
  const absl::Duration lease = request.has_lease() ? ToDuration(request.lease()) : kDefaultLease;
  if (lease < kShortestLease)
    return InvalidField("lease", absl::StrCat("got ", absl::FormatDuration(lease), ", want at least 1 h"));
  const absl::Time asked_before = parts.clock.Now() - lease - kLeaseSlack;
  v1::CollectResponse response;
  if (!request.dry_run()) {
    RETURN_IF_ERROR(CollectUploads(parts, &response, is_over));
    RETURN_IF_ERROR(RemoveUnknownPartials(parts, is_over));
    RETURN_IF_ERROR(CollectFiles(parts, asked_before, &response, is_over));
    RETURN_IF_ERROR(TidyPacks(parts, is_over));
    return response;
  }
  ASSIGN_OR_RETURN(const int64_t upload_count, parts.uploads.CountExpired(parts.clock.Now()));
  response.set_upload_count(upload_count);
  ASSIGN_OR_RETURN(const CollectStore::Unused unused, parts.references.CountUnused(asked_before));
  response.set_file_count(unused.count);
  response.set_freed_bytes(unused.bytes);
  return response;
}

absl::Status TidyStore(Parts& parts, IsOver is_over) {
  Orphans orphans([&](const auto& batch) { return parts.references.KnownBlobs(batch); },
                  [&](const std::string& name) {
                    BlobPlace place;
                    place.blob = name;
                    return parts.blobs.Remove(place);
                  });
  RETURN_IF_ERROR(parts.blobs.ForEachBlob(parts.clock.Now() - kOrphanAge, [&](absl::string_view name) {
    return is_over() ? Over() : orphans.Take(name);
  }));
  return orphans.Finish();
}

}  // namespace cognate::file_transfer
