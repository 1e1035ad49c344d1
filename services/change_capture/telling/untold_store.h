#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "cognate/v1/conflict.pb.h"
#include "cognate/v1/run.pb.h"
#include "common/ids/uuid.h"
#include "common/postgres/pool.h"

namespace cognate::change_capture {

// The columns `told` of runs and conflicts: what has a state that nobody was told. Each row is its own
// outbox, so that whoever changes a state need not know of this. Thread safe.
class UntoldStore {
 public:
  explicit UntoldStore(postgres::Pool& pool) : pool_(pool) {}

  struct UntoldRun {
    Uuid id;
    v1::RunKind kind = v1::RUN_KIND_UNSPECIFIED;
    v1::RunState state = v1::RUN_STATE_UNSPECIFIED;
    std::string sync;
    std::string source_platform;
    std::string source_model;
    std::string target_platform;
    std::string error;
  };
  // Ended or held.
  absl::StatusOr<std::vector<UntoldRun>> Runs(int limit);
  absl::Status SetTold(absl::Span<const UntoldRun> runs);

  struct UntoldConflict {
    Uuid id;
    v1::Conflict content;  // with its state
    bool is_new = false;   // nothing was told of it
  };
  absl::StatusOr<std::vector<UntoldConflict>> Conflicts(int limit);
  absl::Status SetTold(absl::Span<const UntoldConflict> conflicts);

 private:
  absl::Status SetTold(const postgres::Statement& statement, absl::Span<const Uuid> ids,
                       absl::Span<const int16_t> states);

  postgres::Pool& pool_;
};

}  // namespace cognate::change_capture
