#include "cli/sync_plan.h"

#include <map>
#include <set>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace cognate::cli {
namespace {

constexpr absl::string_view kImmutable[] = {"source_platform", "source_model", "target_platform",
                                            "target_model"};

// As the service keeps it.
v1::Sync Completed(v1::Sync sync) {
  if (sync.status() == v1::SYNC_STATUS_UNSPECIFIED) sync.set_status(v1::SYNC_STATUS_ACTIVE);
  return sync;
}

v1::Sync WithoutOutput(v1::Sync sync) {
  ClearOutputOnly(&sync);
  return sync;
}

PlannedSync Compare(const FileSync& file, const v1::Sync& current) {
  PlannedSync planned;
  planned.wanted = Completed(file.sync);
  planned.current = current;
  planned.place = file.PlaceOf("");
  planned.differences = Differences(WithoutOutput(current), WithoutOutput(planned.wanted));
  std::set<std::string> paths;
  for (const Difference& difference : planned.differences)
    paths.insert(difference.path.substr(0, difference.path.find_first_of(".[")));
  planned.act = paths.empty() ? SyncAct::kUnchanged : SyncAct::kUpdate;
  for (const std::string& path : paths) {
    if (absl::c_linear_search(kImmutable, path)) planned.act = SyncAct::kImmutable;
    planned.mask.add_paths(path);
  }
  return planned;
}

}  // namespace

const char* ActName(SyncAct act) {
  switch (act) {
    case SyncAct::kCreate:
      return "create";
    case SyncAct::kUpdate:
      return "update";
    case SyncAct::kDelete:
      return "delete";
    case SyncAct::kImmutable:
      return "impossible";
    default:
      return "unchanged";
  }
}

std::vector<PlannedSync> PlanSyncs(const std::vector<FileSync>& files, const std::vector<v1::Sync>& current,
                                   bool prune) {
  std::map<std::string, const v1::Sync*> known;
  for (const v1::Sync& sync : current) known.emplace(sync.name(), &sync);
  std::vector<PlannedSync> plan;
  for (const FileSync& file : files) {
    const auto found = known.find(file.sync.name());
    if (found != known.end()) {
      plan.push_back(Compare(file, *found->second));
      known.erase(found);
      continue;
    }
    PlannedSync created;
    created.act = SyncAct::kCreate;
    created.wanted = Completed(file.sync);
    created.place = file.PlaceOf("");
    plan.push_back(std::move(created));
  }
  for (const auto& [name, sync] : known) {
    if (!prune) break;
    PlannedSync deleted;
    deleted.act = SyncAct::kDelete;
    deleted.wanted = deleted.current = *sync;
    plan.push_back(std::move(deleted));
  }
  return plan;
}

std::string FormatPlannedSync(const PlannedSync& planned) {
  const std::string& name = planned.wanted.name();
  std::string text;
  switch (planned.act) {
    case SyncAct::kCreate:
      text = absl::StrCat("+ ", name, " (create)\n");
      for (const Difference& difference : Differences(v1::Sync(), WithoutOutput(planned.wanted))) {
        if (difference.path != "name") absl::StrAppend(&text, FormatDifference(difference), "\n");
      }
      return text;
    case SyncAct::kDelete:
      return absl::StrCat("- ", name, " (delete; what it brought stays): ", planned.current.title(), "\n");
    case SyncAct::kUnchanged:
      return absl::StrCat("= ", name, " (unchanged)\n");
    case SyncAct::kUpdate:
      text = absl::StrCat("~ ", name, " (update)\n");
      break;
    case SyncAct::kImmutable:
      text = absl::StrCat("! ", name, " (impossible: what is immutable is different at ", planned.place,
                          "; give the sync another name, or delete ", name, " first)\n");
  }
  for (const Difference& difference : planned.differences)
    absl::StrAppend(&text, FormatDifference(difference), "\n");
  return text;
}

std::string FormatPlanSummary(const std::vector<PlannedSync>& plan) {
  std::vector<std::string> parts;
  const auto count = [&](SyncAct act, absl::string_view words) {
    const auto many = absl::c_count_if(plan, [&](const PlannedSync& one) { return one.act == act; });
    if (many > 0) parts.push_back(absl::StrCat(many, " ", words));
  };
  count(SyncAct::kCreate, "to create");
  count(SyncAct::kUpdate, "to update");
  count(SyncAct::kDelete, "to delete");
  count(SyncAct::kImmutable, "impossible");
  count(SyncAct::kUnchanged, "unchanged");
  return absl::StrCat(absl::StrJoin(parts, ", "), ".");
}

}  // namespace cognate::cli
