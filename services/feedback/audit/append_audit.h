#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/audit_service.pb.h"
#include "common/clock/clock.h"
#include "services/feedback/audit/audit_store.h"

namespace cognate::feedback {

// Answers after the commit. A call that is made again because its answer was lost adds its entries again.
absl::StatusOr<v1::AppendAuditEntriesResponse> AppendAuditEntries(
    AuditStore& store, const Clock& clock, const v1::AppendAuditEntriesRequest& request);

}  // namespace cognate::feedback
