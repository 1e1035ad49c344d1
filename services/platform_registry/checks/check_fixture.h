// The real service and what it says of platforms.
#pragma once

#include <string>

#include "cognate/v1/check_service.grpc.pb.h"
#include "gmock/gmock.h"
#include "services/platform_registry/checks/test_servers.h"
#include "services/platform_registry/registry_fixture.h"

namespace cognate::platform_registry {

// One word a step, with its reason: `secret, address fails NAME_UNKNOWN, firewall skipped, …`.
inline std::string Told(const v1::CheckPlatformResponse& response) {
  std::string told;
  for (const v1::PlatformCheck& check : response.checks()) {
    absl::StrAppend(&told, told.empty() ? "" : ", ", check.step());
    if (check.status() == v1::PLATFORM_CHECK_STATUS_SKIPPED) absl::StrAppend(&told, " skipped");
    if (check.status() == v1::PLATFORM_CHECK_STATUS_WARNING)
      absl::StrAppend(&told, " warns ", check.reason());
    if (check.status() == v1::PLATFORM_CHECK_STATUS_FAILED) absl::StrAppend(&told, " fails ", check.reason());
  }
  return told;
}

class CheckTest : public RegistryTest {
 protected:
  absl::StatusOr<v1::CheckPlatformResponse> TryCheck(const std::string& name) {
    const auto stub = v1::CheckService::NewStub(grpc_support::MakeChannel(registry_.cluster().address()));
    v1::CheckPlatformRequest request;
    request.set_name(name);
    grpc_support::CallOptions options;
    options.timeout = absl::Seconds(60);
    return grpc_support::Call(*stub, &v1::CheckService::Stub::CheckPlatform, request, options);
  }
  v1::CheckPlatformResponse Check(const std::string& id) {
    return test_support::ValueOrDie(TryCheck("platforms/" + id));
  }
  // The step that failed or warns first; an empty one if none does.
  static v1::PlatformCheck Worst(const v1::CheckPlatformResponse& response) {
    for (const auto status : {v1::PLATFORM_CHECK_STATUS_FAILED, v1::PLATFORM_CHECK_STATUS_WARNING}) {
      for (const v1::PlatformCheck& check : response.checks()) {
        if (check.status() == status) return check;
      }
    }
    return {};
  }
  static v1::PlatformCheck Step(const v1::CheckPlatformResponse& response, const std::string& step) {
    for (const v1::PlatformCheck& check : response.checks()) {
      if (check.step() == step) return check;
    }
    return {};
  }
  void Analyze(const std::string& id) {
    ASSERT_OK(Call(&RegistryStub::AnalyzeModels, absl::StrCat("platform: 'platforms/", id, "'")));
  }
  void Update(const std::string& id, const std::string& fields, const std::string& path) {
    ASSERT_OK(
        Call(&RegistryStub::UpdatePlatform, absl::StrCat("platform { name: 'platforms/", id, "' ", fields,
                                                         " } update_mask { paths: '", path, "' }")));
  }
};

}  // namespace cognate::platform_registry
