// The change log as others read it: what is the latest state of records. Who writes changes: Appender.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/postgres/pool.h"
#include "common/sync/mutex.h"
#include "services/change_capture/captured_change.h"

namespace cognate::change_capture {

struct StateKey {
  const LoggedModel* model = nullptr;
  std::string local_id;
};

// Thread safe. Reads what is committed: a change that is still with the Appender is not seen.
class ChangeLog {
 public:
  explicit ChangeLog(postgres::Pool& pool) : pool_(pool) {}

  // The numbers of a model; made on first use. Cached: costs a look into a map from the second time on.
  absl::StatusOr<const LoggedModel*> FindOrAddModel(absl::string_view platform, absl::string_view model);
  // The same without making one: nullptr if nothing of it was ever captured.
  absl::StatusOr<const LoggedModel*> FindModel(absl::string_view platform, absl::string_view model);

  // The numbers of a platform's models (of all if it is empty), or of one of them if `model` is not empty, as
  // far as anything of them was captured.
  absl::StatusOr<std::vector<int32_t>> ModelIds(absl::string_view platform, absl::string_view model);

  // The newest change of each record that the log knows, deletes included, in no particular order; records
  // that it does not know are left out. For filling in what a source did not send (unchanged TOAST columns,
  // the last state of a deleted record). At most 10,000 keys; duplicates are answered once for each.
  absl::StatusOr<std::vector<LoggedState>> LatestStates(absl::Span<const StateKey> keys);

  // What each record was before a change of its own, or with version 0 what it is; nullopt where the log has
  // nothing. A change that only renews an older one stands for that one. As many versions as keys; at most
  // 10,000. (previous_changes.cc)
  absl::StatusOr<std::vector<std::optional<LoggedState>>> StatesBefore(absl::Span<const StateKey> keys,
                                                                       absl::Span<const int64_t> versions);

  // The latest states of the next `limit` records of one model after the local id `after` ("" begins), in the
  // order of their local ids by bytes. To be called until `last_local_id` is empty.
  struct Page {
    std::vector<LoggedState> states;
    std::string last_local_id;  // where the next page goes on; empty: this was the last page
  };
  // Deletes included: what a backfill replays, for a target may have missed the delete.
  absl::StatusOr<Page> LatestPage(const LoggedModel& model, absl::string_view after, int limit);
  // Without deleted records, for TRUNCATE and the like: a page may be empty in the middle.
  absl::StatusOr<Page> LiveRecords(const LoggedModel& model, absl::string_view after, int limit);

  // The latest states of records that were changed in the versions from `after` on up to `until`, each record
  // once, at the place of its last change in there. Goes on in the next page where `last_version` says; 0:
  // this was the last page. A page may have fewer than `limit`, or none.
  struct ChangedPage {
    std::vector<LoggedState> states;
    int64_t last_version = 0;
  };
  absl::StatusOr<ChangedPage> ChangedRecords(const LoggedModel& model, int64_t after, int64_t until,
                                             int limit);
  // Of the newest change; every older one is seen.
  absl::StatusOr<int64_t> NewestVersion();
  // Whether a record of the model was changed behind this version.
  absl::StatusOr<bool> HasChanged(const LoggedModel& model, int64_t after);

  // About how many records of a model LatestPage would give: exact below 10,000, and beyond that what the
  // planner's statistics say, at least what was counted. Some ten milliseconds at most.
  absl::StatusOr<int64_t> EstimateRecords(const LoggedModel& model);

  // The changes of these versions, or from `first` to `last`, in version order.
  absl::StatusOr<std::vector<LoggedState>> ReadVersions(absl::Span<const int64_t> versions);
  absl::StatusOr<std::vector<LoggedState>> ReadRange(int64_t first, int64_t last);

  // Rows of the table changes that begin with kLoggedColumns.
  absl::StatusOr<std::vector<LoggedState>> StatesOf(const postgres::Rows& rows);

  // By number; loads models that other processes have made.
  absl::StatusOr<const LoggedModel*> ModelById(int32_t model_id);

 private:
  const LoggedModel* Cached(absl::string_view platform, absl::string_view model) const;
  absl::Status LoadModels();
  absl::StatusOr<std::vector<LoggedState>> Read(absl::string_view name, const postgres::Statement& statement,
                                                const postgres::Params& params);

  postgres::Pool& pool_;
  mutable Mutex mutex_;
  std::map<int32_t, LoggedModel> models_ ABSL_GUARDED_BY(mutex_);  // nodes stay where they are
  absl::flat_hash_map<std::string, const LoggedModel*> by_name_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cognate::change_capture
