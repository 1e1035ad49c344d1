#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/service/service.h"
#include "services/gateway/config.h"

namespace cognate::gateway {

// The service as a process runs it, alone or beside others. It has no gRPC service of its own.
class Server final : public service::Service {
 public:
  // PLAINTEXT_REFUSED for an address that other machines reach, without TLS, unless that is meant.
  static absl::StatusOr<std::unique_ptr<Server>> Create(const Config& config,
                                                        const service::Environment& environment);
  ~Server() override;

  std::vector<grpc::Service*> grpc_services() override { return {}; }
  std::vector<std::string> service_names() const override { return {}; }
  absl::Status Start() override;
  void Drain() override;
  void Shutdown() override;

  int port() const;                            // Of the first TCP address; after Start.
  std::vector<std::string> addresses() const;  // As they can be reached; after Start.

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace cognate::gateway
