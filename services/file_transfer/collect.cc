#include "services/file_transfer/collect.h"

#include <string>
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
// What was written so long ago would have its row by now.
constexpr absl::Duration kOrphanAge = absl::Hours(24);
constexpr absl::Duration kPartialOrphanAge = absl::Hours(2);
constexpr size_t kMovedBytes = 4 << 20;

absl::Status CollectUploads(Parts& parts, bool dry_run, v1::CollectResponse* response) {
  const absl::Time now = parts.clock.Now();
  for (;;) {
    ASSIGN_OR_RETURN(const std::vector<Upload> expired,
                     parts.uploads.Expired(now, dry_run ? 1'000'000 : kBatch));
    response->set_upload_count(response->upload_count() + static_cast<int64_t>(expired.size()));
    if (dry_run || expired.empty()) return absl::OkStatus();
    for (const Upload& upload : expired) {
      RETURN_IF_ERROR(parts.uploads.RemoveThis(upload));
      RETURN_IF_ERROR(parts.blobs.RemovePartial(upload.partial));
      if (upload.file_sha256.empty())
        response->set_freed_bytes(response->freed_bytes() + upload.committed_bytes);
    }
  }
}

absl::Status CollectFiles(Parts& parts, absl::Time asked_before, v1::CollectResponse* response) {
  for (;;) {
    ASSIGN_OR_RETURN(const std::vector<StoredFile> forgotten,
                     parts.references.ForgetUnused(asked_before, kBatch));
    if (forgotten.empty()) return absl::OkStatus();
    for (const StoredFile& file : forgotten) {
      RETURN_IF_ERROR(parts.blobs.Remove(file.place));
      response->set_freed_bytes(response->freed_bytes() + file.place.stored_bytes);
    }
    response->set_file_count(response->file_count() + static_cast<int64_t>(forgotten.size()));
    parts.metrics.collected.Increment(static_cast<double>(forgotten.size()));
  }
}

// Writes what a pack still has into another one. A piece that is damaged stays, and its pack with it.
absl::Status EmptyPack(Parts& parts, int64_t number) {
  ASSIGN_OR_RETURN(const std::vector<StoredFile> files, parts.references.OfPack(number));
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
    if (file.is_damaged) continue;
    absl::StatusOr<std::unique_ptr<BlobReader>> reader = parts.blobs.Open(file.place, file.size_bytes);
    std::string content(static_cast<size_t>(file.size_bytes), '\0');
    if (!reader.ok() || !(*reader)->ReadAt(0, content.data(), content.size()).ok() ||
        files::Sha256(content) != file.sha256) {
      RETURN_IF_ERROR(parts.blobs.Check());
      parts.contents.Damaged(file, "found while its pack was emptied").IgnoreError();
      continue;
    }
    bytes += content.size();
    contents.push_back(std::move(content));
    moved.push_back(file);
    if (bytes >= kMovedBytes) RETURN_IF_ERROR(move());
  }
  return move();
}

absl::Status TidyPacks(Parts& parts) {
  ASSIGN_OR_RETURN(const std::vector<BlobStore::PackFile> packs, parts.blobs.ListPacks());
  for (const BlobStore::PackFile& pack : packs) {
    ASSIGN_OR_RETURN(const std::shared_ptr<void> hold, parts.blobs.HoldPack(pack.number));
    if (hold == nullptr) continue;
    ASSIGN_OR_RETURN(const int64_t used, parts.references.UsedBytes(pack.number));
    if (used >= pack.size_bytes / 2) continue;
    RETURN_IF_ERROR(EmptyPack(parts, pack.number));
    ASSIGN_OR_RETURN(const std::vector<StoredFile> left, parts.references.OfPack(pack.number));
    if (left.empty()) RETURN_IF_ERROR(parts.blobs.RemovePack(pack.number));
  }
  return absl::OkStatus();
}

// Gives the names that `known` does not answer with to `remove`.
absl::Status RemoveUnknown(
    const std::vector<std::string>& names,
    absl::FunctionRef<absl::StatusOr<std::vector<std::string>>(const std::vector<std::string>&)> known,
    absl::FunctionRef<absl::Status(const std::string&)> remove) {
  for (size_t at = 0; at < names.size(); at += kBatch) {
    const std::vector<std::string> batch(
        names.begin() + static_cast<std::ptrdiff_t>(at),
        names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), at + kBatch)));
    ASSIGN_OR_RETURN(const std::vector<std::string> there, known(batch));
    const absl::flat_hash_set<std::string> kept(there.begin(), there.end());
    for (const std::string& name : batch) {
      if (kept.contains(name)) continue;
      log::Info("removes what no row names", {{"service", "file_transfer"}, {"name", name}});
      RETURN_IF_ERROR(remove(name));
    }
  }
  return absl::OkStatus();
}

absl::Status RemoveUnknownPartials(Parts& parts) {
  std::vector<std::string> names;
  RETURN_IF_ERROR(
      parts.blobs.ForEachPartial(parts.clock.Now() - kPartialOrphanAge, [&](absl::string_view name) {
        names.emplace_back(name);
        return absl::OkStatus();
      }));
  return RemoveUnknown(
      names, [&](const auto& batch) { return parts.uploads.Known(batch); },
      [&](const std::string& name) { return parts.blobs.RemovePartial(name); });
}

}  // namespace

absl::StatusOr<v1::CollectResponse> Collect(Parts& parts, const v1::CollectRequest& request) {
  const absl::Duration lease = request.has_lease() ? ToDuration(request.lease()) : kDefaultLease;
  if (lease < kShortestLease)
    return InvalidField("lease", absl::StrCat("got ", absl::FormatDuration(lease), ", want at least 1 h"));
  const absl::Time asked_before = parts.clock.Now() - lease - kLeaseSlack;
  v1::CollectResponse response;
  RETURN_IF_ERROR(CollectUploads(parts, request.dry_run(), &response));
  if (!request.dry_run()) {
    RETURN_IF_ERROR(RemoveUnknownPartials(parts));
    RETURN_IF_ERROR(CollectFiles(parts, asked_before, &response));
    RETURN_IF_ERROR(TidyPacks(parts));
    return response;
  }
  ASSIGN_OR_RETURN(const CollectStore::Unused unused, parts.references.CountUnused(asked_before));
  response.set_file_count(unused.count);
  response.set_freed_bytes(unused.bytes);
  return response;
}

absl::Status TidyStore(Parts& parts) {
  std::vector<std::string> names;
  const auto take = [&](absl::string_view name) {
    names.emplace_back(name);
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(parts.blobs.ForEachBlob(parts.clock.Now() - kOrphanAge, take));
  return RemoveUnknown(
      names, [&](const auto& batch) { return parts.references.KnownBlobs(batch); },
      [&](const std::string& name) {
        BlobPlace place;
        place.blob = name;
        return parts.blobs.Remove(place);
      });
}

}  // namespace cognate::file_transfer
