#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/grpc/host.h"
#include "common/metrics/metrics.h"
#include "common/service/service.h"

namespace cognate::service {

// Who may call, as the programs are told.
struct AccessOptions {
  std::vector<std::string> service_keys = {};  // As in access::GateOptions.
  v1::Role anonymous_role = v1::ROLE_UNSPECIFIED;
  std::string registry = {};  // Where keys are verified; "": in this process.
  std::string feedback = {};  // Where the audit is written; "": in this process.
};

struct ClusterOptions {
  grpc_support::HostOptions host = {};                 // Addresses of all services together.
  std::string admin = "127.0.0.1:0";                   // host:port.
  bool log_level_changes = true;                       // As in http::AdminOptions.
  std::optional<AccessOptions> access = std::nullopt;  // Without, everybody may do everything.
  absl::Duration drain_timeout = absl::Seconds(20);
  absl::Duration health_interval = absl::Seconds(1);  // How often gRPC health follows readiness.
};

// Services of one process behind one gRPC server and one admin server: one service in a service's main, all
// of them in `cognate up`, any of them in tests.
//
//   Cluster cluster(options, clock, metrics);
//   ASSIGN_OR_RETURN(auto server, Server::Create(config, cluster.AddEnvironment("delivery")));
//   cluster.Add("delivery", std::move(server));
//   RETURN_IF_ERROR(cluster.Start());
//   …
//   cluster.Shutdown();
class Cluster {
 public:
  // `clock` and `metrics` outlive it.
  Cluster(ClusterOptions options, const Clock& clock, metrics::Registry& metrics);
  ~Cluster();  // Shuts down.

  // The environment for the service with this noun. Valid as long as this object.
  Environment& AddEnvironment(absl::string_view noun);
  // Takes the service over; after AddEnvironment of the same noun and before Start.
  void Add(absl::string_view noun, std::unique_ptr<Service> service);

  // Starts the admin server, then the gRPC server, then the workers in the order of Add. If any fails, what
  // was started is stopped again.
  absl::Status Start();
  // Reports not ready, drains, then stops all in the reverse order. May be called twice.
  void Shutdown();

  int port() const;             // Of the first TCP address; after Start.
  int admin_port() const;       // After Start.
  std::string address() const;  // Where to reach the gRPC server from this machine; after Start.
  // For callers of this process, without sockets; known before Start, so that services of one process can be
  // given each other's address while no port is known yet.
  const std::string& internal_address() const;

  // OK once every service is ready; otherwise what is not, in words. The gRPC health says the same from here
  // on.
  absl::Status Ready() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cognate::service
