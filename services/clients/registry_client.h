// What services ask platform_registry.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/assignment_service.pb.h"
#include "cognate/v1/ledger_service.pb.h"
#include "cognate/v1/model.pb.h"
#include "cognate/v1/platform.pb.h"
#include "cognate/v1/platform_registry_service.pb.h"
#include "cognate/v1/rules_service.pb.h"
#include "cognate/v1/sync.pb.h"
#include "common/grpc/call_options.h"

namespace cognate::clients {

using grpc_support::CallOptions;

// Answers the registry's own statuses. Unless `options` say otherwise a call is made once and takes at most
// ten seconds: a loop that calls waits by itself, and sees its stop meanwhile. Thread safe.
class RegistryClient {
 public:
  explicit RegistryClient(const std::string& address);
  ~RegistryClient();

  // nullopt when `known_revision` is still in force.
  absl::StatusOr<std::optional<v1::Rules>> GetRules(int64_t known_revision, const CallOptions& options = {});
  // By ids, without `platforms/`.
  absl::StatusOr<v1::Platform> GetPlatform(absl::string_view platform, const CallOptions& options = {});
  absl::StatusOr<v1::Model> GetModel(absl::string_view platform, absl::string_view model,
                                     const CallOptions& options = {});
  // Every page.
  absl::StatusOr<std::vector<v1::Sync>> ListSyncs(const CallOptions& options = {});

  absl::StatusOr<std::vector<v1::Platform>> ListPlatforms(const CallOptions& options = {});

  absl::StatusOr<v1::ResolveResponse> Resolve(const v1::ResolveRequest& request,
                                              const CallOptions& options = {});
  absl::StatusOr<v1::PlanResponse> Plan(const v1::PlanRequest& request, const CallOptions& options = {});
  absl::StatusOr<v1::SettleResponse> Settle(const v1::SettleRequest& request,
                                            const CallOptions& options = {});
  absl::StatusOr<v1::AdoptResponse> Adopt(const v1::AdoptRequest& request, const CallOptions& options = {});
  absl::StatusOr<v1::ListPendingResponse> ListPending(const v1::ListPendingRequest& request,
                                                      const CallOptions& options = {});
  absl::StatusOr<v1::GetReplicasResponse> GetReplicas(const v1::RecordKey& record,
                                                      const CallOptions& options = {});
  absl::StatusOr<v1::BatchGetReplicasResponse> BatchGetReplicas(const v1::BatchGetReplicasRequest& request,
                                                                const CallOptions& options = {});
  absl::StatusOr<v1::CountReplicasResponse> CountReplicas(const std::string& sync,
                                                          const CallOptions& options = {});
  absl::StatusOr<v1::GetReplicaStandsResponse> GetReplicaStands(const v1::GetReplicaStandsRequest& request,
                                                                const CallOptions& options = {});
  absl::StatusOr<v1::Rules> CompileRules(const v1::CompileRulesRequest& request,
                                         const CallOptions& options = {});
  absl::StatusOr<v1::Sync> SetLeaveGuard(const v1::SetLeaveGuardRequest& request,
                                         const CallOptions& options = {});
  absl::StatusOr<v1::ListAssignmentMovesResponse> ListAssignmentMoves(int64_t after_revision, int page_size,
                                                                      const CallOptions& options = {});

 private:
  struct Peers;
  const std::unique_ptr<Peers> peers_;
};

}  // namespace cognate::clients
