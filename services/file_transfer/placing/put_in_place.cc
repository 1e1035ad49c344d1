#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "common/files/digest.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "common/value/value.h"
#include "services/file_transfer/errors.h"
#include "services/file_transfer/placing/names.h"
#include "services/file_transfer/placing/wanted.h"

namespace cognate::file_transfer {
namespace {

using absl::StrCat;

// So many drafts are written before one sync of the file system for all of them.
constexpr size_t kSyncTogether = 4;

}  // namespace

absl::Status PutInPlace::Run(const std::vector<Wanted*>& ready) {
  if (ready.empty()) return absl::OkStatus();
  std::vector<std::string> platforms(ready.size(), work_.target->id), paths, own_paths;
  for (const Wanted* wanted : ready) {
    paths.push_back(wanted->target_path);
    own_paths.push_back(wanted->bound.has_value() ? wanted->bound->path : "");
  }
  ASSIGN_OR_RETURN(const auto placements, work_.parts.store.FindPlacements(platforms, paths));
  // Of a directory only what the file system says counts: somebody may have put another file there.
  ASSIGN_OR_RETURN(const auto own_seen, work_.parts.store.FindSeen(platforms, own_paths));
  ASSIGN_OR_RETURN(const auto seen, work_.parts.store.FindSeen(platforms, paths));
  std::vector<Wanted*> due;
  for (size_t i = 0; i < ready.size(); ++i) {
    Wanted& wanted = *ready[i];
    const bool has_own =
        wanted.bound.has_value() && wanted.bound->sha256 == wanted.sha256 && !own_paths[i].empty();
    if (has_own && IsThere(own_paths[i], own_seen[i], wanted.sha256, own_paths[i] != paths[i])) {
      wanted.Place(value::Text(own_paths[i]));
      continue;
    }
    if (placements[i].has_value() && placements[i]->state == v1::PLACEMENT_STATE_PLACED &&
        placements[i]->sha256 == wanted.sha256 && IsThere(paths[i], seen[i], wanted.sha256, true)) {
      wanted.target_path = placements[i]->path_there();
      wanted.Place(value::Text(wanted.target_path));
      continue;
    }
    if (!wanted.has_data) RETURN_IF_ERROR(CheckStored(work_.parts, wanted));
    if (wanted.is_answered()) continue;
    if (placements[i].has_value() && placements[i]->state == v1::PLACEMENT_STATE_REFUSED &&
        placements[i]->sha256 == wanted.sha256 && !work_.target->has_place) {
      wanted.Refuse(placements[i]->reason, placements[i]->message);
      continue;
    }
    const bool counts = !placements[i].has_value() || placements[i]->state == v1::PLACEMENT_STATE_REFUSED;
    RETURN_IF_ERROR(CheckQuota(wanted, counts));
    if (!wanted.is_answered()) due.push_back(&wanted);
  }
  PlaceDue(due);
  return absl::OkStatus();
}

bool PutInPlace::IsThere(const std::string& path, const std::optional<SeenFile>& seen,
                         const std::string& sha256, bool trusts_agent) {
  if (!work_.target->has_place) return trusts_agent;
  if (work_.target->place == nullptr) return false;
  const absl::StatusOr<FileStand> stand = work_.target->place->Stat(path);
  if (!stand.ok()) return false;
  return seen.has_value() && *stand == seen->stand ? seen->sha256 == sha256 : HasContent(path, sha256);
}

// Where nothing is known of it: it may have been too new when it was read.
bool PutInPlace::HasContent(const std::string& path, const std::string& sha256) {
  const absl::StatusOr<OpenedFile> opened = work_.target->place->OpenFile(path);
  if (!opened.ok() || opened->stand.size_bytes > kSmallFile) return false;
  const absl::StatusOr<std::string> data = FileReader(opened->fd.get()).All(kSmallFile);
  if (!data.ok() || files::Sha256(*data) != sha256) return false;
  if (work_.is_settled(opened->stand)) work_.See(work_.target->id, path, opened->stand, sha256);
  return true;
}

absl::Status PutInPlace::CheckQuota(Wanted& wanted, bool counts) {
  if (work_.target->quota_bytes <= 0 || !counts) return absl::OkStatus();
  if (!used_bytes_.has_value()) {
    ASSIGN_OR_RETURN(used_bytes_, work_.parts.store.PlacedBytes(work_.target->id));
  }
  if (!counted_.insert(wanted.target_path).second) return absl::OkStatus();
  if (*used_bytes_ + wanted.size_bytes > work_.target->quota_bytes) {
    counted_.erase(wanted.target_path);
    wanted.Refuse("QUOTA_EXCEEDED",
                  StrCat(ShownName(wanted.name), " has ", wanted.size_bytes, " bytes, and ", work_.target->id,
                         " has ", *used_bytes_, " of ", work_.target->quota_bytes,
                         " already; raise its quota by `cognate platform update ", work_.target->id,
                         " --files-quota N`, then redrive"));
    return absl::OkStatus();
  }
  *used_bytes_ += wanted.size_bytes;
  return absl::OkStatus();
}

PlacementRow PutInPlace::RowOf(const Wanted& wanted, v1::PlacementState state) const {
  PlacementRow row;
  row.platform = work_.target->id;
  row.path = wanted.target_path;
  row.sha256 = wanted.sha256;
  row.size_bytes = wanted.size_bytes;
  row.media_type = wanted.media_type;
  row.name = wanted.name;
  row.state = state;
  row.placed_bytes = state == v1::PLACEMENT_STATE_PLACED ? wanted.size_bytes : 0;
  if (state == v1::PLACEMENT_STATE_DUE && work_.target->has_place) row.next_attempt = work_.start;
  return row;
}

void PutInPlace::Record(PlacementRow row) {
  if (recorded_.insert(row.path).second) work_.changes.placements.push_back(std::move(row));
}

void PutInPlace::MakeDue(Wanted& wanted, std::string what) {
  Record(RowOf(wanted, v1::PLACEMENT_STATE_DUE));
  wanted.Wait(v1::PLACEMENT_STATE_DUE, std::move(what));
}

void PutInPlace::PlaceDue(const std::vector<Wanted*>& due) {
  std::vector<std::pair<Wanted*, Place::Draft>> drafts;
  absl::flat_hash_map<std::string, Wanted*>
      first;  // by path: several fields may lead to one content of one name
  std::vector<Wanted*> twins;
  for (Wanted* wanted : due) {
    const std::string name = ShownName(wanted->name);
    if (!work_.target->has_place) {
      MakeDue(*wanted, StrCat(name, ", which the agent of ", work_.target->id, " has not fetched yet"));
      continue;
    }
    if (!first.emplace(wanted->target_path, wanted).second) {
      twins.push_back(wanted);
      continue;
    }
    if (work_.target->place == nullptr || wanted->size_bytes > kSmallFile || work_.is_late()) {
      MakeDue(*wanted, work_.target->place == nullptr
                           ? StrCat(name, ": ", work_.target->why.message())
                           : StrCat(name, ", which is on its way to ", work_.target->id));
      continue;
    }
    absl::StatusOr<Place::Draft> draft = Write(*wanted, due.size() <= kSyncTogether);
    if (draft.ok()) {
      drafts.emplace_back(wanted, *std::move(draft));
    } else {
      MakeDue(*wanted, StrCat(name, ": ", draft.status().message()));
    }
  }
  Publish(drafts, due.size() <= kSyncTogether);
  for (Wanted* twin : twins) {
    const v1::BoundFile& other = *first[twin->target_path]->out;
    *twin->out = other;
  }
}

absl::StatusOr<Place::Draft> PutInPlace::Write(const Wanted& wanted, bool sync) {
  std::string data;
  absl::string_view content = wanted.data;
  if (!wanted.has_data) {
    RETURN_IF_ERROR(work_.parts.contents.Read(wanted.sha256, 0, -1, [&](absl::string_view piece) {
      data.append(piece.data(), piece.size());
      return static_cast<int64_t>(data.size()) <= kSmallFile;
    }));
    content = data;
    if (files::Sha256(content) != wanted.sha256)
      return FileDamaged(wanted.sha256, "the stored content is no longer what it was");
  }
  return work_.target->place->Write([&](Place::Sink sink) { return sink(content); }, sync);
}

void PutInPlace::Publish(std::vector<std::pair<Wanted*, Place::Draft>>& drafts, bool synced) {
  if (drafts.empty()) return;
  const absl::Status sync = synced ? absl::OkStatus() : work_.target->place->Sync();
  std::vector<std::pair<Wanted*, FileStand>> published;
  std::vector<std::string> directories;
  for (auto& [wanted, draft] : drafts) {
    const absl::StatusOr<FileStand> stand =
        sync.ok() ? work_.target->place->Publish(std::move(draft), wanted->target_path)
                  : absl::StatusOr<FileStand>(sync);
    if (!stand.ok()) {
      MakeDue(*wanted, StrCat(ShownName(wanted->name), ": ", stand.status().message()));
      continue;
    }
    published.emplace_back(wanted, *stand);
    directories.push_back(wanted->target_path.substr(0, wanted->target_path.rfind('/')));
  }
  const absl::Status kept = work_.target->place->SyncDirectories(std::move(directories));
  for (auto& [wanted, stand] : published) {
    if (!kept.ok()) {
      MakeDue(*wanted, StrCat(ShownName(wanted->name), ": ", kept.message()));
      continue;
    }
    wanted->Place(value::Text(wanted->target_path));
    work_.See(work_.target->id, wanted->target_path, stand, wanted->sha256);
    PlacementRow row = RowOf(*wanted, v1::PLACEMENT_STATE_PLACED);
    work_.ended.push_back(row);
    Record(std::move(row));
  }
}

}  // namespace cognate::file_transfer
