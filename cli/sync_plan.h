// What applying files of syncs would do. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "cli/message_diff.h"
#include "cli/sync_file.h"
#include "google/protobuf/field_mask.pb.h"

namespace cognate::cli {

enum class SyncAct {
  kCreate,
  kUpdate,
  kUnchanged,
  kDelete,
  kImmutable,  // what no update can change is different
};
// `create`, …
const char* ActName(SyncAct act);

struct PlannedSync {
  SyncAct act = SyncAct::kUnchanged;
  v1::Sync wanted;                   // as the file says, completed; of a delete what is there
  v1::Sync current;                  // with its etag; empty of a create
  std::string place;                 // `syncs.yaml:12`; empty of a delete
  google::protobuf::FieldMask mask;  // of an update: what is different
  std::vector<Difference> differences;
};

// In the order of the files; then, with `prune`, what is there and in no file.
std::vector<PlannedSync> PlanSyncs(const std::vector<FileSync>& files, const std::vector<v1::Sync>& current,
                                   bool prune);

// `+ syncs/countries (create)` with a line for each difference below it.
std::string FormatPlannedSync(const PlannedSync& planned);
// `2 to create, 1 to update, 5 unchanged.`
std::string FormatPlanSummary(const std::vector<PlannedSync>& plan);

}  // namespace cognate::cli
