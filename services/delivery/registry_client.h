// What delivery asks platform_registry. Thread safe.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/ledger_service.pb.h"
#include "cognate/v1/platform.pb.h"
#include "cognate/v1/platform_registry_service.pb.h"

namespace cognate::delivery {

class RegistryClient {
 public:
  explicit RegistryClient(const std::string& address);
  ~RegistryClient();

  // Nothing new if `known_revision` is in force.
  absl::StatusOr<v1::GetRulesResponse> GetRules(int64_t known_revision);
  // By its id.
  absl::StatusOr<v1::Platform> GetPlatform(absl::string_view id);
  absl::StatusOr<v1::ResolveResponse> Resolve(const v1::ResolveRequest& request);

 private:
  struct Stubs;
  std::unique_ptr<Stubs> stubs_;
};

}  // namespace cognate::delivery
