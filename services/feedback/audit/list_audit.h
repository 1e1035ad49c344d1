#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/audit_service.pb.h"
#include "services/feedback/audit/audit_store.h"

namespace cognate::feedback {

absl::StatusOr<v1::ListAuditEntriesResponse> ListAuditEntries(AuditStore& store,
                                                              const v1::ListAuditEntriesRequest& request);

}  // namespace cognate::feedback
