#include "services/clients/registry_client.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "cognate/v1/assignment_service.grpc.pb.h"
#include "cognate/v1/ledger_service.grpc.pb.h"
#include "cognate/v1/platform_registry_service.grpc.pb.h"
#include "cognate/v1/rules_service.grpc.pb.h"
#include "common/grpc/peer.h"
#include "common/status/status_macros.h"

namespace cognate::clients {

using Registry = v1::PlatformRegistryService::Stub;
using Ledger = v1::LedgerService::Stub;

struct RegistryClient::Peers {
  explicit Peers(const std::string& address)
      : registry(address), ledger(address), rules(address), assignments(address) {}
  grpc_support::Peer<v1::PlatformRegistryService> registry;
  grpc_support::Peer<v1::LedgerService> ledger;
  grpc_support::Peer<v1::RulesService> rules;
  grpc_support::Peer<v1::AssignmentService> assignments;
};

RegistryClient::RegistryClient(const std::string& address) : peers_(std::make_unique<Peers>(address)) {}
RegistryClient::~RegistryClient() = default;

absl::StatusOr<std::optional<v1::Rules>> RegistryClient::GetRules(int64_t known_revision,
                                                                  const CallOptions& options) {
  v1::GetRulesRequest request;
  request.set_known_revision(known_revision);
  ASSIGN_OR_RETURN(v1::GetRulesResponse response,
                   peers_->registry.Call(&Registry::GetRules, request, options));
  if (!response.has_rules()) return std::optional<v1::Rules>();
  response.mutable_rules()->set_revision(response.revision());
  return std::optional<v1::Rules>(std::move(*response.mutable_rules()));
}

absl::StatusOr<v1::Platform> RegistryClient::GetPlatform(absl::string_view platform,
                                                         const CallOptions& options) {
  v1::GetPlatformRequest request;
  request.set_name(absl::StrCat("platforms/", platform));
  ASSIGN_OR_RETURN(v1::GetPlatformResponse response,
                   peers_->registry.Call(&Registry::GetPlatform, request, options));
  return std::move(*response.mutable_platform());
}

absl::StatusOr<v1::Model> RegistryClient::GetModel(absl::string_view platform, absl::string_view model,
                                                   const CallOptions& options) {
  v1::GetModelRequest request;
  request.set_name(absl::StrCat("platforms/", platform, "/models/", model));
  ASSIGN_OR_RETURN(v1::GetModelResponse response,
                   peers_->registry.Call(&Registry::GetModel, request, options));
  return std::move(*response.mutable_model());
}

absl::StatusOr<std::vector<v1::Sync>> RegistryClient::ListSyncs(const CallOptions& options) {
  std::vector<v1::Sync> syncs;
  v1::ListSyncsRequest request;
  request.set_page_size(1000);
  do {
    ASSIGN_OR_RETURN(v1::ListSyncsResponse page,
                     peers_->registry.Call(&Registry::ListSyncs, request, options));
    for (v1::Sync& sync : *page.mutable_syncs()) syncs.push_back(std::move(sync));
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return syncs;
}

absl::StatusOr<std::vector<v1::Platform>> RegistryClient::ListPlatforms(const CallOptions& options) {
  std::vector<v1::Platform> platforms;
  v1::ListPlatformsRequest request;
  request.set_page_size(1000);
  do {
    ASSIGN_OR_RETURN(v1::ListPlatformsResponse page,
                     peers_->registry.Call(&Registry::ListPlatforms, request, options));
    for (v1::Platform& platform : *page.mutable_platforms()) platforms.push_back(std::move(platform));
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return platforms;
}

absl::StatusOr<v1::ResolveResponse> RegistryClient::Resolve(const v1::ResolveRequest& request,
                                                            const CallOptions& options) {
  return peers_->ledger.Call(&Ledger::Resolve, request, options);
}

absl::StatusOr<v1::PlanResponse> RegistryClient::Plan(const v1::PlanRequest& request,
                                                      const CallOptions& options) {
  return peers_->ledger.Call(&Ledger::Plan, request, options);
}

absl::StatusOr<v1::SettleResponse> RegistryClient::Settle(const v1::SettleRequest& request,
                                                          const CallOptions& options) {
  return peers_->ledger.Call(&Ledger::Settle, request, options);
}

absl::StatusOr<v1::AdoptResponse> RegistryClient::Adopt(const v1::AdoptRequest& request,
                                                        const CallOptions& options) {
  return peers_->ledger.Call(&Ledger::Adopt, request, options);
}

absl::StatusOr<v1::ListPendingResponse> RegistryClient::ListPending(const v1::ListPendingRequest& request,
                                                                    const CallOptions& options) {
  return peers_->ledger.Call(&Ledger::ListPending, request, options);
}

absl::StatusOr<v1::GetReplicasResponse> RegistryClient::GetReplicas(const v1::RecordKey& record,
                                                                    const CallOptions& options) {
  v1::GetReplicasRequest request;
  *request.mutable_record() = record;
  return peers_->ledger.Call(&Ledger::GetReplicas, request, options);
}

absl::StatusOr<v1::BatchGetReplicasResponse> RegistryClient::BatchGetReplicas(
    const v1::BatchGetReplicasRequest& request, const CallOptions& options) {
  return peers_->ledger.Call(&Ledger::BatchGetReplicas, request, options);
}

absl::StatusOr<v1::CountReplicasResponse> RegistryClient::CountReplicas(const std::string& sync,
                                                                        const CallOptions& options) {
  v1::CountReplicasRequest request;
  request.set_sync(sync);
  return peers_->ledger.Call(&Ledger::CountReplicas, request, options);
}

absl::StatusOr<v1::GetReplicaStandsResponse> RegistryClient::GetReplicaStands(
    const v1::GetReplicaStandsRequest& request, const CallOptions& options) {
  return peers_->ledger.Call(&Ledger::GetReplicaStands, request, options);
}

absl::StatusOr<v1::Rules> RegistryClient::CompileRules(const v1::CompileRulesRequest& request,
                                                       const CallOptions& options) {
  ASSIGN_OR_RETURN(v1::CompileRulesResponse response,
                   peers_->rules.Call(&v1::RulesService::Stub::CompileRules, request, options));
  return std::move(*response.mutable_rules());
}

absl::StatusOr<v1::Sync> RegistryClient::SetLeaveGuard(const v1::SetLeaveGuardRequest& request,
                                                       const CallOptions& options) {
  ASSIGN_OR_RETURN(v1::SetLeaveGuardResponse response,
                   peers_->rules.Call(&v1::RulesService::Stub::SetLeaveGuard, request, options));
  return std::move(*response.mutable_sync());
}

absl::StatusOr<v1::ListAssignmentMovesResponse> RegistryClient::ListAssignmentMoves(
    int64_t after_revision, int page_size, const CallOptions& options) {
  v1::ListAssignmentMovesRequest request;
  request.set_after_revision(after_revision);
  request.set_page_size(page_size);
  return peers_->assignments.Call(&v1::AssignmentService::Stub::ListAssignmentMoves, request, options);
}

}  // namespace cognate::clients
