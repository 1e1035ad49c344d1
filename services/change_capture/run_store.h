// The rows of runs.
#pragma once

#include <cstdint>
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
  std::string cursor;  // the last local id that was replayed
  int64_t record_count = 0;
  int64_t replayed_count = 0;
  std::string error;
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
  // known, answers what is there.
  absl::StatusOr<StoredRun> Create(const StoredRun& run, absl::string_view request_id,
                                   int64_t rules_revision);
  // nullopt if there is none.
  absl::StatusOr<std::optional<StoredRun>> Get(const Uuid& id);
  // Newest first, those before `before`.
  absl::StatusOr<std::vector<StoredRun>> List(const std::optional<Uuid>& before, int limit);
  absl::StatusOr<std::vector<StoredRun>> Unfinished();

  // Saves state, counts, cursor and error. ABORTED RUN_MOVED_ON unless the run is still where `before` has
  // seen it: then another process is at it.
  static absl::Status Save(postgres::Transaction& transaction, const StoredRun& before,
                           const StoredRun& after);
  absl::Status Save(const StoredRun& before, const StoredRun& after);

 private:
  absl::StatusOr<std::vector<StoredRun>> Select(const postgres::Statement& statement,
                                                const postgres::Params& params);

  postgres::Pool& pool_;
};

bool IsFinished(v1::RunState state);

}  // namespace cognate::change_capture
