#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "common/files/digest.h"
#include "common/status/status_macros.h"
#include "common/value/value.h"
#include "services/file_transfer/errors.h"
#include "services/file_transfer/placing/names.h"
#include "services/file_transfer/placing/wanted.h"

namespace cognate::file_transfer {
namespace {

using absl::StrCat;

}  // namespace

// What is known of the place of a file at the target.
struct PutInPlace::Known {
  std::string own_path;  // that the field had, with the same content; empty: another or none
  std::optional<PlacementRow> placement;
  bool own_is_there = false;
  bool copy_is_there = false;
};

absl::Status PutInPlace::Run(const std::vector<Wanted*>& ready, std::shared_ptr<ByteShares::Share> share) {
  if (ready.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::vector<Known> known, LookUp(ready));
  std::vector<Wanted*> due;
  for (size_t i = 0; i < ready.size(); ++i) {
    if (IsThere(*ready[i], known[i])) continue;
    RETURN_IF_ERROR(Judge(*ready[i], known[i]));
    if (!ready[i]->is_answered()) due.push_back(ready[i]);
  }
  PlaceDue(due, std::move(share));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<PutInPlace::Known>> PutInPlace::LookUp(const std::vector<Wanted*>& ready) {
  std::vector<std::string> platforms(ready.size(), work_.target->id), paths;
  for (const Wanted* wanted : ready) paths.push_back(wanted->target_path);
  ASSIGN_OR_RETURN(std::vector<std::optional<PlacementRow>> placements,
                   work_.parts.stores.placements.Find(platforms, paths));
  std::vector<Known> known(ready.size());
  for (size_t i = 0; i < ready.size(); ++i) {
    const std::optional<Binding>& bound = ready[i]->bound;
    if (bound.has_value() && bound->sha256 == ready[i]->sha256) known[i].own_path = bound->path;
    known[i].placement = std::move(placements[i]);
  }
  if (work_.target->has_place) {
    if (work_.target->place != nullptr) RETURN_IF_ERROR(LookInto(ready, &known));
    return known;
  }
  // What its agent has once put somewhere is there, unless it has said since that it is not.
  for (size_t i = 0; i < ready.size(); ++i) {
    Known& one = known[i];
    const bool is_lost = one.placement.has_value() && one.placement->state == v1::PLACEMENT_STATE_DUE &&
                         one.placement->sha256 == ready[i]->sha256 &&
                         one.placement->actual_path == one.own_path;
    one.own_is_there = !one.own_path.empty() && one.own_path != ready[i]->target_path && !is_lost;
    one.copy_is_there = one.placement.has_value() && one.placement->state == v1::PLACEMENT_STATE_PLACED &&
                        one.placement->sha256 == ready[i]->sha256;
  }
  return known;
}

// Of a directory only what the file system says counts: somebody may have put another file there.
absl::Status PutInPlace::LookInto(const std::vector<Wanted*>& ready, std::vector<Known>* known) {
  std::vector<PlaceJobs::Claim> claims;
  std::vector<bool*> answers;
  std::vector<std::string> paths;
  const auto claim = [&](const std::string& path, const std::string& sha256, bool* answer) {
    claims.push_back({path, sha256, std::nullopt});
    answers.push_back(answer);
    paths.push_back(path);
  };
  for (size_t i = 0; i < ready.size(); ++i) {
    Known& one = (*known)[i];
    if (!one.own_path.empty()) claim(one.own_path, ready[i]->sha256, &one.own_is_there);
    if (one.own_path != ready[i]->target_path && one.placement.has_value() &&
        one.placement->state == v1::PLACEMENT_STATE_PLACED && one.placement->sha256 == ready[i]->sha256)
      claim(ready[i]->target_path, ready[i]->sha256, &one.copy_is_there);
  }
  if (claims.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(
      std::vector<std::optional<SeenFile>> seen,
      work_.parts.stores.seen.Find(std::vector<std::string>(paths.size(), work_.target->id), paths));
  for (size_t i = 0; i < claims.size(); ++i) claims[i].seen = std::move(seen[i]);
  const std::vector<PlaceJobs::Finding> found = work_.In(*work_.target).Find(claims, kSmallFile);
  for (size_t i = 0; i < found.size(); ++i) {
    *answers[i] = found[i].is_there;
    if (found[i].read.has_value() && work_.is_settled(*found[i].read))
      work_.See(work_.target->id, claims[i].path, *found[i].read, claims[i].sha256);
  }
  return absl::OkStatus();
}

bool PutInPlace::IsThere(Wanted& wanted, const Known& known) const {
  if (known.own_is_there) {
    wanted.Place(value::Text(known.own_path));
  } else if (known.copy_is_there) {
    wanted.target_path = known.placement->path_there();
    wanted.Place(value::Text(wanted.target_path));
  }
  return wanted.is_answered();
}

absl::Status PutInPlace::Judge(Wanted& wanted, const Known& known) {
  if (wanted.data == nullptr) CheckStored(work_, wanted);
  if (wanted.is_answered()) return absl::OkStatus();
  const bool is_refused =
      known.placement.has_value() && known.placement->state == v1::PLACEMENT_STATE_REFUSED;
  if (is_refused && known.placement->sha256 == wanted.sha256 && !work_.target->has_place) {
    wanted.Refuse(known.placement->reason, known.placement->message);
    return absl::OkStatus();
  }
  // What is there or is to be there is counted already.
  if ((known.placement.has_value() && !is_refused) || counted_.contains(wanted.target_path))
    return absl::OkStatus();
  RETURN_IF_ERROR(work_.CheckQuota(wanted));
  if (!wanted.is_answered() && counted_.insert(wanted.target_path).second) work_.Count(wanted.size_bytes);
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

void PutInPlace::PlaceDue(const std::vector<Wanted*>& due, std::shared_ptr<ByteShares::Share> share) {
  std::vector<Wanted*> small, twins;
  // By path: several fields may lead to one content of one name.
  absl::flat_hash_map<std::string, Wanted*> first;
  for (Wanted* wanted : due) {
    const std::string name = ShownName(wanted->name);
    if (!work_.target->has_place) {
      MakeDue(*wanted, StrCat(name, ", which the agent of ", work_.target->id, " has not fetched yet"));
    } else if (!first.emplace(wanted->target_path, wanted).second) {
      twins.push_back(wanted);
    } else if (work_.target->place == nullptr) {
      MakeDue(*wanted, StrCat(name, ": ", work_.target->why.message()));
    } else if (wanted->size_bytes > kSmallFile || work_.is_late()) {
      MakeDue(*wanted, StrCat(name, ", which is on its way to ", work_.target->id));
    } else if (const absl::Status loaded = Load(*wanted); !loaded.ok()) {
      MakeDue(*wanted, StrCat(name, ": ", loaded.message()));
    } else {
      small.push_back(wanted);
    }
  }
  Write(small, std::move(share));
  for (Wanted* twin : twins) {
    const v1::BoundFile& other = *first[twin->target_path]->out;
    *twin->out = other;
  }
}

absl::Status PutInPlace::Load(Wanted& wanted) {
  if (wanted.data != nullptr) return absl::OkStatus();
  std::string data;
  RETURN_IF_ERROR(work_.parts.contents.Read(wanted.sha256, 0, -1, [&](absl::string_view piece) {
    data.append(piece.data(), piece.size());
    return static_cast<int64_t>(data.size()) <= kSmallFile;
  }));
  if (files::Sha256(data) != wanted.sha256)
    return FileDamaged(wanted.sha256, "the stored content is no longer what it was");
  wanted.data = std::make_shared<const std::string>(std::move(data));
  return absl::OkStatus();
}

void PutInPlace::Write(const std::vector<Wanted*>& small, std::shared_ptr<ByteShares::Share> share) {
  std::vector<PlaceJobs::Copy> copies;
  for (const Wanted* wanted : small) copies.push_back({wanted->target_path, wanted->data});
  const std::vector<absl::StatusOr<FileStand>> written =
      work_.In(*work_.target).Write(std::move(copies), std::move(share));
  for (size_t i = 0; i < written.size(); ++i) {
    Wanted& wanted = *small[i];
    if (!written[i].ok()) {
      MakeDue(wanted, StrCat(ShownName(wanted.name), ": ", written[i].status().message()));
      continue;
    }
    wanted.Place(value::Text(wanted.target_path));
    work_.See(work_.target->id, wanted.target_path, *written[i], wanted.sha256);
    work_.changes.possessed[work_.target->id].push_back(wanted.sha256);
    PlacementRow row = RowOf(wanted, v1::PLACEMENT_STATE_PLACED);
    work_.ended.push_back(row);
    Record(std::move(row));
  }
}

}  // namespace cognate::file_transfer
