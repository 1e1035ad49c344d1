// Builds the parts of platform_registry, in order, and owns them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/service/service.h"
#include "services/platform_registry/config.h"

namespace cognate::platform_registry {

// Creates or updates the schema `platform_registry`.
absl::Status Migrate(const Config& config);

class Server final : public service::Service {
 public:
  // FAILED_PRECONDITION SCHEMA_VERSION_MISMATCH: run `platform-registry migrate` first.
  static absl::StatusOr<std::unique_ptr<Server>> Create(const Config& config,
                                                        const service::Environment& environment);
  ~Server() override;

  std::vector<grpc::Service*> grpc_services() override;
  std::vector<std::string> service_names() const override;
  absl::Status Start() override;
  void Drain() override;
  void Shutdown() override;

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace cognate::platform_registry
