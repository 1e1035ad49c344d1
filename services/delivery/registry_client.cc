#include "services/delivery/registry_client.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "cognate/v1/ledger_service.grpc.pb.h"
#include "cognate/v1/platform_registry_service.grpc.pb.h"
#include "common/grpc/channel.h"
#include "common/status/status_macros.h"

namespace cognate::delivery {
namespace {

// The loops that call wait by themselves, and see their stop meanwhile.
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

absl::StatusOr<v1::Platform> RegistryClient::GetPlatform(absl::string_view id) {
  v1::GetPlatformRequest request;
  request.set_name(absl::StrCat("platforms/", id));
  ASSIGN_OR_RETURN(v1::GetPlatformResponse response,
                   grpc_support::Call(*stubs_->registry, &v1::PlatformRegistryService::Stub::GetPlatform,
                                      request, Once(absl::Seconds(5))));
  return std::move(*response.mutable_platform());
}

absl::StatusOr<v1::ResolveResponse> RegistryClient::Resolve(const v1::ResolveRequest& request) {
  return grpc_support::Call(*stubs_->ledger, &v1::LedgerService::Stub::Resolve, request,
                            Once(absl::Seconds(10)));
}

}  // namespace cognate::delivery
