// What the gate asks of other services.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cognate/v1/audit_service.pb.h"
#include "cognate/v1/key.pb.h"

namespace cognate::grpc_support {

// `KeyService.VerifyKey` of the registry at this address, as for MakeChannel or in_process.h.
std::function<absl::StatusOr<v1::Principal>(const std::string& secret, const std::string& address)> VerifyBy(
    const std::string& registry);

// `AuditService.AppendAuditEntries` of feedback at this address.
std::function<absl::Status(const std::vector<v1::AuditEntry>&)> AuditBy(const std::string& feedback);

}  // namespace cognate::grpc_support
