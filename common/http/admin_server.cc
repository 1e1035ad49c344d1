#include "common/http/admin_server.h"

#include <utility>

#include <httplib.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "common/http/bounded_server.h"
#include "common/metrics/build_info.h"
#include "common/worker/worker.h"

namespace cognate::http {
namespace {

constexpr char kPlainText[] = "text/plain; charset=utf-8";
constexpr char kPrometheusText[] = "text/plain; version=0.0.4; charset=utf-8";

struct Target {
  std::string host;
  int port = 0;
};

absl::StatusOr<Target> ParseTarget(absl::string_view address) {
  Target target;
  const size_t colon = address.rfind(':');
  const bool valid = colon != address.npos && absl::SimpleAtoi(address.substr(colon + 1), &target.port) &&
                     target.port >= 0 && target.port <= 65535;
  if (!valid) {
    return absl::InvalidArgumentError(absl::StrCat("admin address: got \"", address, "\", want host:port"));
  }
  absl::string_view host = address.substr(0, colon);
  if (absl::ConsumePrefix(&host, "[")) absl::ConsumeSuffix(&host, "]");
  target.host = host.empty() ? "0.0.0.0" : std::string(host);
  return target;
}

std::string ReadinessReport(const std::vector<health::Readiness::Answer>& answers, bool* ready) {
  std::string report;
  *ready = true;
  for (const health::Readiness::Answer& answer : answers) {
    const bool ok = answer.status.ok();
    *ready = *ready && ok;
    absl::StrAppend(&report, answer.name, ": ", ok ? "ok" : absl::string_view(answer.status.message()), "\n");
  }
  return absl::StrCat(*ready ? "ready\n" : "not ready\n", report);
}

}  // namespace

struct AdminServer::State {
  explicit State(const ServerBounds& bounds) : server(bounds) {}

  BoundedServer server;
  int port = 0;
  std::unique_ptr<Worker> worker;
};

namespace {

void RouteLogLevel(httplib::Server& server, bool can_change,
                   std::function<void(const LogLevelChange&)> changed) {
  server.Get("/log-level", [](const httplib::Request&, httplib::Response& response) {
    response.set_content(LogLevel() + "\n", kPlainText);
  });
  if (!can_change) {
    server.Put("/log-level", [](const httplib::Request&, httplib::Response& response) {
      response.status = 403;
      response.set_content("the level is not changed while the process runs: --log-level-changes=false\n",
                           kPlainText);
    });
    return;
  }
  server.Put("/log-level", [changed = std::move(changed)](const httplib::Request& request,
                                                          httplib::Response& response) {
    LogLevelChange change;
    const LogLevelAnswer answer = SetLogLevel({request.remote_addr, request.get_header_value("Host"),
                                               request.has_header("X-Cognate-Admin"), request.body},
                                              &change);
    response.status = answer.status;
    response.set_content(answer.text, kPlainText);
    if (answer.status == 200 && changed) changed(change);
  });
}

void Route(httplib::Server& server, metrics::Registry& metrics, AdminServer::Ask ask) {
  server.Get("/livez", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("alive\n", kPlainText);
  });
  const auto report = [](const std::vector<health::Readiness::Answer>& answers, httplib::Response& response) {
    bool ready = false;
    response.set_content(ReadinessReport(answers, &ready), kPlainText);
    response.status = ready ? 200 : 503;
  };
  server.Get("/readyz", [ask, report](const httplib::Request&, httplib::Response& response) {
    report(ask(), response);
  });
  server.Get(
      "/readyz/calls", [ask = std::move(ask), report](const httplib::Request&, httplib::Response& response) {
        std::vector<health::Readiness::Answer> answers = ask();
        std::erase_if(answers, [](const auto& answer) { return answer.concern != health::Concern::kCalls; });
        report(answers, response);
      });
  server.Get("/metrics", [&metrics](const httplib::Request&, httplib::Response& response) {
    response.set_content(metrics.Text(), kPrometheusText);
  });
  server.Get("/version", [](const httplib::Request&, httplib::Response& response) {
    const nlohmann::ordered_json version = {{"version", std::string(metrics::Version())},
                                            {"compiler", std::string(metrics::Compiler())}};
    response.set_content(version.dump() + "\n", "application/json");
  });
}

void Tune(httplib::Server& server, int threads) {
  server.new_task_queue = [threads] { return new httplib::ThreadPool(static_cast<size_t>(threads)); };
  // The library's default also sets SO_REUSEPORT, by which two processes would share one port without a word.
  server.set_socket_options([](socket_t socket) {
    const int on = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  });
  server.set_payload_max_length(64 * 1024);
}

}  // namespace

absl::StatusOr<std::unique_ptr<AdminServer>> AdminServer::Start(const AdminOptions& options,
                                                                metrics::Registry& metrics, Ask ask) {
  const absl::StatusOr<Target> target = ParseTarget(options.address);
  if (!target.ok()) return target.status();
  auto state = std::make_unique<State>(ServerBounds{.request_time = options.request_time});
  Tune(state->server, options.threads);
  Route(state->server, metrics, std::move(ask));
  RouteLogLevel(state->server, options.log_level_changes, options.log_level_changed);
  const bool any = target->port == 0;
  state->port = any ? state->server.bind_to_any_port(target->host) : target->port;
  const bool bound = any ? state->port > 0 : state->server.bind_to_port(target->host, target->port);
  if (!bound) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot listen on ", options.address, " for /readyz and /metrics: is it in use?"));
  }
  state->worker = std::make_unique<Worker>(
      "admin", [server = &state->server](StopToken&) { server->listen_after_bind(); });
  // stop() before the loop has begun would be lost.
  while (!state->server.is_running() && !state->worker->finished()) absl::SleepFor(absl::Microseconds(100));
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(state)));
}

AdminServer::AdminServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
AdminServer::~AdminServer() { Shutdown(); }
int AdminServer::port() const { return state_->port; }

void AdminServer::Shutdown() {
  state_->server.stop();
  state_->worker->Stop();
}

}  // namespace cognate::http
