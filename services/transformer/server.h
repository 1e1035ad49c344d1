#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/service/service.h"
#include "services/transformer/config.h"

namespace cognate::transformer {

// The transformer owns no schema: there is nothing to do.
absl::Status Migrate(const Config& config);

// The service as a process runs it, alone or beside others.
class Server final : public service::Service {
 public:
  // Neither Redis nor the other services need to be there yet.
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

}  // namespace cognate::transformer
