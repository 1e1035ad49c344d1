#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/access/gate.h"
#include "common/clock/clock.h"
#include "common/health/readiness.h"
#include "common/metrics/metrics.h"

namespace grpc {
class Service;
}

namespace cognate::grpc_support {
struct HostOptions;
}

namespace cognate::service {

// What a service is given by the process that it runs in. A handful of references; copy it freely.
struct Environment {
  const Clock& clock;
  metrics::Registry& metrics;
  health::Readiness& readiness;  // This service's own; what is not ready here turns its gRPC health off, too.
  access::Gate* gate = nullptr;  // Of the process, for RpcBoundary; null: everybody may do everything.
  // How the process serves gRPC, for doors that serve something else with the same certificates; null:
  // unknown.
  const grpc_support::HostOptions* host = nullptr;
};

// A service without ports, so that one process can run one of them or all. Each has
//
//   static absl::StatusOr<std::unique_ptr<Server>> Create(const Config& config, const Environment&
//   environment);
//
// which opens what it needs and adds its readiness checks. Then, in this order and each once: Start, Drain,
// Shutdown.
class Service {
 public:
  virtual ~Service() = default;

  // What to register with the gRPC server; valid as long as this object.
  virtual std::vector<grpc::Service*> grpc_services() = 0;
  // Full names of these, as in the health service: "cognate.v1.PlatformRegistryService".
  virtual std::vector<std::string> service_names() const = 0;

  // Starts workers. Calls may come in before and after; peers may not be there yet.
  virtual absl::Status Start() = 0;
  // The process is about to stop: end streams and long waits (RpcBoundary::Drain), and stop what calls other
  // services, while these still answer if they are of the same process; calls to this one are still answered.
  virtual void Drain() {}
  // Stops workers. No call comes any more.
  virtual void Shutdown() = 0;
};

}  // namespace cognate::service
