#include "services/transformer/registry_client.h"

#include "cognate/v1/ledger_service.grpc.pb.h"
#include "cognate/v1/platform_registry_service.grpc.pb.h"
#include "common/grpc/channel.h"
#include "services/transformer/slices.h"

namespace cognate::transformer {
namespace {

constexpr int kMaxRecords = 10'000;

// The loop tries again by itself, and sees its stop meanwhile.
grpc_support::CallOptions Once(absl::Duration timeout) {
  grpc_support::CallOptions options;
  options.timeout = timeout;
  return options;
}

}  // namespace

struct RegistryClient::Stubs {
  explicit Stubs(const std::shared_ptr<grpc::Channel>& channel)
      : registry(v1::PlatformRegistryService::NewStub(channel)),
        ledger(v1::LedgerService::NewStub(channel)) {}
  std::unique_ptr<v1::PlatformRegistryService::Stub> registry;
  std::unique_ptr<v1::LedgerService::Stub> ledger;
};

RegistryClient::RegistryClient(const std::string& address)
    : stubs_(std::make_unique<Stubs>(grpc_support::MakeChannel(address))) {}
RegistryClient::~RegistryClient() = default;

absl::StatusOr<v1::GetRulesResponse> RegistryClient::GetRules(int64_t known_revision) {
  v1::GetRulesRequest request;
  request.set_known_revision(known_revision);
  return grpc_support::Call(*stubs_->registry, &v1::PlatformRegistryService::Stub::GetRules, request,
                            Once(absl::Seconds(5)));
}

absl::StatusOr<v1::ResolveResponse> RegistryClient::Resolve(const v1::ResolveRequest& request) {
  return ResolveInSlices(request, kMaxRecords, [&](const v1::ResolveRequest& slice) {
    return grpc_support::Call(*stubs_->ledger, &v1::LedgerService::Stub::Resolve, slice,
                              Once(absl::Seconds(10)));
  });
}

absl::StatusOr<v1::PlanResponse> RegistryClient::Plan(const v1::PlanRequest& request) {
  return PlanInSlices(request, kMaxRecords, [&](const v1::PlanRequest& slice) {
    return grpc_support::Call(*stubs_->ledger, &v1::LedgerService::Stub::Plan, slice,
                              Once(absl::Seconds(10)));
  });
}

}  // namespace cognate::transformer
