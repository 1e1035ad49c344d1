#include "common/grpc/remote_access.h"

#include <memory>

#include "cognate/v1/audit_service.grpc.pb.h"
#include "cognate/v1/key_service.grpc.pb.h"
#include "common/grpc/peer.h"

namespace cognate::grpc_support {
namespace {

// A call waits for these.
constexpr absl::Duration kPatience = absl::Seconds(5);

}  // namespace

std::function<absl::StatusOr<v1::Principal>(const std::string&, const std::string&)> VerifyBy(
    const std::string& registry) {
  auto peer = std::make_shared<Peer<v1::KeyService>>(registry);
  return [peer](const std::string& secret, const std::string& address) -> absl::StatusOr<v1::Principal> {
    v1::VerifyKeyRequest request;
    request.set_secret(secret);
    request.set_address(address);
    absl::StatusOr<v1::VerifyKeyResponse> response =
        peer->Call(&v1::KeyService::Stub::VerifyKey, request, {.timeout = kPatience, .idempotent = true});
    if (!response.ok()) return response.status();
    return std::move(*response->mutable_principal());
  };
}

std::function<absl::Status(const std::vector<v1::AuditEntry>&)> AuditBy(const std::string& feedback) {
  auto peer = std::make_shared<Peer<v1::AuditService>>(feedback);
  return [peer](const std::vector<v1::AuditEntry>& entries) {
    v1::AppendAuditEntriesRequest request;
    for (const v1::AuditEntry& entry : entries) *request.add_entries() = entry;
    // Tried again, an entry may stand there twice, which harms less than one that is missing.
    return peer
        ->Call(&v1::AuditService::Stub::AppendAuditEntries, request,
               {.timeout = kPatience, .idempotent = true})
        .status();
  };
}

}  // namespace cognate::grpc_support
