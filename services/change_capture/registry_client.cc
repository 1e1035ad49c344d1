#include "services/change_capture/registry_client.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "cognate/v1/platform_registry_service.grpc.pb.h"
#include "common/grpc/channel.h"
#include "common/status/status_macros.h"

namespace cognate::change_capture {
namespace {

// Short: what is known is used meanwhile, and a capture waits for what is not.
const grpc_support::CallOptions kOptions = {
    .timeout = absl::Seconds(3), .idempotent = true, .max_attempts = 3};

using Registry = v1::PlatformRegistryService::Stub;

}  // namespace

struct RegistryClient::Stub {
  std::unique_ptr<Registry> registry;
};

RegistryClient::RegistryClient(const std::string& address)
    : stub_(new Stub{v1::PlatformRegistryService::NewStub(grpc_support::MakeChannel(address))}) {}

RegistryClient::~RegistryClient() = default;

absl::StatusOr<std::optional<v1::Rules>> RegistryClient::GetRules(int64_t known_revision) {
  v1::GetRulesRequest request;
  request.set_known_revision(known_revision);
  ASSIGN_OR_RETURN(v1::GetRulesResponse response,
                   grpc_support::Call(*stub_->registry, &Registry::GetRules, request, kOptions));
  if (!response.has_rules()) return std::optional<v1::Rules>();
  response.mutable_rules()->set_revision(response.revision());
  return std::optional<v1::Rules>(std::move(*response.mutable_rules()));
}

absl::StatusOr<v1::Platform> RegistryClient::GetPlatform(absl::string_view platform) {
  v1::GetPlatformRequest request;
  request.set_name(absl::StrCat("platforms/", platform));
  ASSIGN_OR_RETURN(v1::GetPlatformResponse response,
                   grpc_support::Call(*stub_->registry, &Registry::GetPlatform, request, kOptions));
  return std::move(*response.mutable_platform());
}

absl::StatusOr<v1::Model> RegistryClient::GetModel(absl::string_view platform, absl::string_view model) {
  v1::GetModelRequest request;
  request.set_name(absl::StrCat("platforms/", platform, "/models/", model));
  ASSIGN_OR_RETURN(v1::GetModelResponse response,
                   grpc_support::Call(*stub_->registry, &Registry::GetModel, request, kOptions));
  return std::move(*response.mutable_model());
}

}  // namespace cognate::change_capture
