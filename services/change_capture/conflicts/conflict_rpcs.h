// Lists conflicts, and does what a person decides about them.
#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/conflict_service.pb.h"
#include "services/change_capture/change_log.h"
#include "services/change_capture/conflicts/amender.h"
#include "services/change_capture/conflicts/conflict_store.h"

namespace cognate::change_capture {

absl::StatusOr<v1::ListConflictsResponse> ListConflicts(ConflictStore& store, ChangeLog& log,
                                                        const v1::ListConflictsRequest& request);
absl::StatusOr<v1::GetConflictResponse> GetConflict(ConflictStore& store,
                                                    const v1::GetConflictRequest& request);
absl::StatusOr<v1::ResolveConflictResponse> ResolveConflict(ConflictStore& store, Amender& amender,
                                                            const v1::ResolveConflictRequest& request);

}  // namespace cognate::change_capture
