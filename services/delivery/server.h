// Builds the parts of delivery, in order, and owns them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/service/service.h"
#include "services/delivery/config.h"

namespace cognate::delivery {

// Creates or updates the schema `delivery`.
absl::Status Migrate(const Config& config);

class Server final : public service::Service {
 public:
  // FAILED_PRECONDITION SCHEMA_VERSION_MISMATCH: run `delivery migrate` first.
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

}  // namespace cognate::delivery
