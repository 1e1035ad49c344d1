#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/health/readiness.h"
#include "common/http/log_level.h"
#include "common/metrics/metrics.h"

namespace cognate::http {

struct AdminOptions {
  std::string address = "127.0.0.1:0";  // host:port; port 0 takes a free one.
  // More than one machine can hold (ServerBounds), so that a probe finds one.
  int threads = 16;
  absl::Duration request_time = absl::Seconds(5);  // For a whole request; then the connection is closed.
  bool log_level_changes = true;                   // Whether the level of the log can be set.
  // Called when somebody has changed the level of the log; may be empty.
  std::function<void(const LogLevelChange&)> log_level_changed = {};
};

// The plain HTTP door for operators and probes:
//   /livez    200 while the process answers
//   /readyz   200, or 503 if any check fails; the body has one line for each check, in words
//   /readyz/calls  the same of those checks alone that calls need: whether to send calls here
//   /metrics  Prometheus text
//   /version  JSON: version, compiler
//   /log-level  the level of the log; PUT sets it, from this machine alone (log_level.h)
class AdminServer {
 public:
  using Ask = std::function<std::vector<health::Readiness::Answer>()>;

  // `ask` gives the answers for /readyz. `metrics` and what `ask` holds outlive the server.
  static absl::StatusOr<std::unique_ptr<AdminServer>> Start(const AdminOptions& options,
                                                            metrics::Registry& metrics, Ask ask);
  ~AdminServer();  // Stops.

  int port() const;  // The bound port.
  void Shutdown();   // Stops accepting and waits for answers under way; may be called twice.

 private:
  struct State;
  explicit AdminServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace cognate::http
