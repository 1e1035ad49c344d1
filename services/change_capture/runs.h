// The RPCs about runs.
#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/change_capture_service.pb.h"
#include "common/clock/clock.h"
#include "services/change_capture/catalogue.h"
#include "services/change_capture/run_loop.h"
#include "services/change_capture/run_store.h"

namespace cognate::change_capture {

absl::StatusOr<v1::CreateRunResponse> CreateRun(Catalogue& catalogue, RunStore& runs, RunLoop& loop,
                                                const Clock& clock, const v1::CreateRunRequest& request);
absl::StatusOr<v1::GetRunResponse> GetRun(RunStore& runs, const v1::GetRunRequest& request);
absl::StatusOr<v1::ListRunsResponse> ListRuns(RunStore& runs, const v1::ListRunsRequest& request);

}  // namespace cognate::change_capture
