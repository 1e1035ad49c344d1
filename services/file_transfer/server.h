#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/service/service.h"
#include "services/file_transfer/config.h"

namespace cognate::file_transfer {

// Brings the schema `file_transfer` up to date.
absl::Status Migrate(const Config& config);

// The service as a process runs it, alone or beside others.
class Server final : public service::Service {
 public:
  // FAILED_PRECONDITION SCHEMA_VERSION_MISMATCH where `migrate` has not run, STORE_MISMATCH where the
  // directory is the store of another database.
  static absl::StatusOr<std::unique_ptr<Server>> Create(const Config& config,
                                                        const service::Environment& environment);
  ~Server() override;

  std::vector<grpc::Service*> grpc_services() override;
  std::vector<std::string> service_names() const override;
  absl::Status Start() override;
  void Drain() override;
  void Shutdown() override;

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace cognate::file_transfer
