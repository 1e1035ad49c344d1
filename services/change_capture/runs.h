// The RPCs about runs.
#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/change_capture_service.pb.h"
#include "common/clock/clock.h"
#include "services/change_capture/catalogue.h"
#include "services/change_capture/run_loop.h"
#include "services/change_capture/run_store.h"

namespace cognate::change_capture {

// What begins runs.
struct RunParts {
  Catalogue& catalogue;
  RunStore& runs;
  RunLoop& loop;
  Schedules& schedules;
  MirrorRuns& mirrors;
  const Clock& clock;
};

absl::StatusOr<v1::CreateRunResponse> CreateRun(const RunParts& parts, const v1::CreateRunRequest& request);
absl::StatusOr<v1::ApproveRunResponse> ApproveRun(RunStore& runs, RunLoop& loop,
                                                  const v1::ApproveRunRequest& request);
absl::StatusOr<v1::GetRunResponse> GetRun(RunStore& runs, const v1::GetRunRequest& request);
absl::StatusOr<v1::ListRunsResponse> ListRuns(RunStore& runs, const v1::ListRunsRequest& request);

}  // namespace cognate::change_capture
