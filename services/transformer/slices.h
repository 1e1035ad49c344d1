// Cuts questions to the ledger into calls of a bounded number of records, and puts the answers together
// again.
#pragma once

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "cognate/v1/ledger_service.pb.h"

namespace cognate::transformer {

absl::StatusOr<v1::ResolveResponse> ResolveInSlices(
    const v1::ResolveRequest& request, int max_records,
    absl::FunctionRef<absl::StatusOr<v1::ResolveResponse>(const v1::ResolveRequest&)> call);

// What records hold by themselves goes first, tombstones go last, after what refers to their records.
absl::StatusOr<v1::PlanResponse> PlanInSlices(
    const v1::PlanRequest& request, int max_records,
    absl::FunctionRef<absl::StatusOr<v1::PlanResponse>(const v1::PlanRequest&)> call);

// The answer has all replicas of each: where it is larger than a message may be (RESOURCE_EXHAUSTED) half as
// many are asked for from there on, down to one.
absl::StatusOr<v1::BatchGetReplicasResponse> GetReplicasInSlices(
    const v1::BatchGetReplicasRequest& request, int max_records,
    absl::FunctionRef<absl::StatusOr<v1::BatchGetReplicasResponse>(const v1::BatchGetReplicasRequest&)> call);

}  // namespace cognate::transformer
