// The other services as the stages see them.
#pragma once

#include <functional>

#include "absl/status/statusor.h"
#include "cognate/v1/change_capture_service.pb.h"
#include "cognate/v1/ledger_service.pb.h"

namespace cognate::transformer {

struct Ledger {
  std::function<absl::StatusOr<v1::ResolveResponse>(const v1::ResolveRequest&)> resolve;
  std::function<absl::StatusOr<v1::PlanResponse>(const v1::PlanRequest&)> plan;
  // What records were, and are, by the change log; only asked where a sync looks at that.
  std::function<absl::StatusOr<v1::ListPreviousChangesResponse>(const v1::ListPreviousChangesRequest&)>
      before = nullptr;
  // Where records are. Without it each change is weighed by every target of its model: for what is shown, not
  // delivered.
  std::function<absl::StatusOr<v1::BatchGetReplicasResponse>(const v1::BatchGetReplicasRequest&)> where =
      nullptr;
};

}  // namespace cognate::transformer
