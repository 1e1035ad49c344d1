// What the transformer asks platform_registry. Thread safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cognate/v1/ledger_service.pb.h"
#include "cognate/v1/platform_registry_service.pb.h"

namespace cognate::transformer {

class RegistryClient {
 public:
  explicit RegistryClient(const std::string& address);
  ~RegistryClient();

  absl::StatusOr<v1::GetRulesResponse> GetRules(int64_t known_revision);
  // Of any size: in calls of at most 10,000 records.
  absl::StatusOr<v1::ResolveResponse> Resolve(const v1::ResolveRequest& request);
  absl::StatusOr<v1::PlanResponse> Plan(const v1::PlanRequest& request);

 private:
  struct Stubs;
  std::unique_ptr<Stubs> stubs_;
};

}  // namespace cognate::transformer
