#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/feedback_service.pb.h"
#include "common/grpc/rpc.h"
#include "services/feedback/parts.h"

namespace cognate::feedback {

// In this order, so that whatever is lost on the way is mended by the same report come again:
//
// 0. change-capture renews the deletes of records that something newer was delivered to in vain;
// 1. the ledger settles what was applied, deleted or written incomplete;
// 2. one transaction: troubles that are settled go, those that waited for what is there now become due, new
// troubles are written,
//    and the events with them, last;
// 3. the ledger parks what is in trouble: a trouble that is not parked yet is at worst sent once more by a
// refill;
// 4. those that wait are compared with the ledger, and cycles are broken.
absl::StatusOr<v1::ReportResponse> Report(const Parts& parts, const v1::ReportRequest& request,
                                          const grpc_support::Rpc& rpc);

}  // namespace cognate::feedback
