// The rows of runs.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/run.pb.h"
#include "common/ids/uuid.h"
#include "common/postgres/pool.h"

namespace cognate::change_capture {

struct StoredRun {
  Uuid id;
  v1::RunKind kind = v1::RUN_KIND_BACKFILL;
  std::string sync;  // `syncs/{id}`
  std::string source_platform;
  std::string source_model;
  std::string target_platform;
  v1::RunState state = v1::RUN_STATE_WAITING_FOR_SNAPSHOT;
  std::string cursor;  // the last local id, or version, that was replayed
  int64_t record_count = 0;
  int64_t replayed_count = 0;
  std::string error;
  int64_t after_version = 0;              // SCHEDULED: what has changed behind it; 0: all records
  int64_t until_version = 0;              // of the log when the run was made, or began
  std::optional<absl::Time> resume_time;  // it rests until then
  int64_t extra_count = 0;                // MIRROR
  std::vector<std::string> extra_ids;     // MIRROR: the first of them
  bool hold = false;                      // MIRROR: it waits for approval however few they are
  absl::Time create_time;
  std::optional<absl::Time> finish_time;

  v1::Run ToMessage() const;
};

// Thread safe.
class RunStore {
 public:
  explicit RunStore(postgres::Pool& pool) : pool_(pool) {}

  // Also raises the log's rules revision: every change that is committed after this is planned by rules that
  // have the run's sync, and every change before it is there for the run to find. With a `request_id` that is
  // known, answers what is there. `until_version` becomes what the log has then. `along` writes in the same
  // transaction.
  using Along = std::function<absl::Status(postgres::Transaction&)>;
  absl::StatusOr<StoredRun> Create(const StoredRun& run, absl::string_view request_id, int64_t rules_revision,
                                   const Along& along = nullptr);
  // nullopt if there is none.
  absl::StatusOr<std::optional<StoredRun>> Get(const Uuid& id);
  // Newest first, those before `before`; one sync's, unless it is empty.
  absl::StatusOr<std::vector<StoredRun>> List(const std::optional<Uuid>& before, int limit,
                                              absl::string_view sync = "");
  absl::StatusOr<std::vector<StoredRun>> Unfinished();

  // Saves state, counts, cursor and error. ABORTED RUN_MOVED_ON unless the run is still where `before` has
  // seen it: then another process is at it.
  static absl::Status Save(postgres::Transaction& transaction, const StoredRun& before,
                           const StoredRun& after);
  absl::Status Save(const StoredRun& before, const StoredRun& after);
  // Ends the unfinished runs of its sync and kind that are older, also those that are held.
  static absl::Status EndOlder(postgres::Transaction& transaction, const StoredRun& newest);
  // Of a sync's finished runs of kind SCHEDULED only the newest are kept.
  static absl::Status ForgetOld(postgres::Transaction& transaction, absl::string_view sync);

 private:
  absl::StatusOr<std::vector<StoredRun>> Select(const postgres::Statement& statement,
                                                const postgres::Params& params);

  postgres::Pool& pool_;
};

bool IsFinished(v1::RunState state);

}  // namespace cognate::change_capture
