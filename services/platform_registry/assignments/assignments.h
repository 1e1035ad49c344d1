// Handlers of cognate.v1.AssignmentService.
#pragma once

#include "absl/status/statusor.h"
#include "services/platform_registry/assignments/assigned_records.h"

namespace cognate::platform_registry {

absl::StatusOr<v1::SetAssignmentsResponse> SetAssignments(const AssignmentParts& parts,
                                                          const v1::SetAssignmentsRequest& request);
absl::StatusOr<v1::GetAssignmentsResponse> GetAssignments(const AssignmentParts& parts,
                                                          const v1::GetAssignmentsRequest& request);
absl::StatusOr<v1::ListAssignmentsResponse> ListAssignments(const AssignmentParts& parts,
                                                            const v1::ListAssignmentsRequest& request);
absl::StatusOr<v1::ListAssignmentChangesResponse> ListAssignmentChanges(
    const AssignmentParts& parts, const v1::ListAssignmentChangesRequest& request);
absl::StatusOr<v1::ListAssignmentMovesResponse> ListAssignmentMoves(
    const AssignmentParts& parts, const v1::ListAssignmentMovesRequest& request);

}  // namespace cognate::platform_registry
