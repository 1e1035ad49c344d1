#include "services/gateway/server.h"

#include <atomic>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/access/loopback.h"
#include "common/grpc/client_trust.h"
#include "common/grpc/host.h"
#include "common/grpc/in_process.h"
#include "common/http/http_server.h"
#include "common/log/log.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "services/gateway/connect_bridge.h"
#include "services/gateway/connect_error.h"
#include "services/gateway/files/download.h"
#include "services/gateway/files/tus.h"
#include "services/gateway/watch.h"

namespace cognate::gateway {
namespace {

// Calls under way have so long when the process is about to end.
constexpr absl::Duration kGrace = absl::Seconds(5);
// And then their answers, to be sent.
constexpr absl::Duration kSending = absl::Seconds(2);

absl::Status CheckPlaintext(const Config& config, const grpc_support::HostOptions& host) {
  if (host.plaintext || !host.tls.certificate.empty()) return absl::OkStatus();
  for (const std::string& address : config.http) {
    if (absl::StartsWith(address, "unix:") || access::IsLoopback(address)) continue;
    return Error(absl::StatusCode::kFailedPrecondition, "PLAINTEXT_REFUSED",
                 absl::StrCat(address,
                              " would be served without TLS to other machines: give --tls-certificate-file "
                              "and --tls-key-file, or listen on this machine alone (--http 127.0.0.1:7490), "
                              "or say --plaintext"))
        .With("address", address);
  }
  return absl::OkStatus();
}

absl::Status StatusOf(const http::Refusal& refusal) {
  using Kind = http::Refusal::Kind;
  const auto error = [&](absl::StatusCode code, const char* reason) {
    return Error(code, reason, refusal.message);
  };
  switch (refusal.kind) {
    case Kind::kMalformed:
      return error(absl::StatusCode::kInvalidArgument, "MALFORMED_HTTP");
    case Kind::kHeadTooLarge:
      return error(absl::StatusCode::kResourceExhausted, "HEADERS_TOO_LARGE");
    case Kind::kBodyTooLarge:
      return error(absl::StatusCode::kResourceExhausted, "BODY_TOO_LARGE");
    case Kind::kTooSlow:
      return error(absl::StatusCode::kDeadlineExceeded, "REQUEST_TOO_SLOW");
    case Kind::kAddressConnections:
      return error(absl::StatusCode::kResourceExhausted, "TOO_MANY_CONNECTIONS").RetryAfter(absl::Seconds(1));
    case Kind::kConnections:
      return error(absl::StatusCode::kUnavailable, "GATEWAY_OVERLOADED").RetryAfter(absl::Seconds(1));
    case Kind::kStopping:
      return error(absl::StatusCode::kUnavailable, "SERVICE_UNAVAILABLE").RetryAfter(absl::Seconds(1));
  }
  return absl::InternalError(refusal.message);
}

http::Response Refuse(const http::Refusal& refusal) {
  return ConnectError(StatusOf(refusal), refusal.status);
}

}  // namespace

struct Server::Parts {
  Parts(const Config& from, const service::Environment& given)
      : config(from),
        environment(given),
        rpcs(config.peers),
        calls(environment.clock, environment.metrics, Proxies(config.trusted_proxies),
              Cors(config.allowed_origins)),
        upstream(static_cast<size_t>(config.max_response_bytes), environment.clock),
        sources(environment.clock, environment.metrics),
        files{rpcs,
              upstream,
              active_uploads,
              sources,
              downloads,
              config.max_upload_bytes,
              config.upload_lifetime,
              config.default_timeout},
        routes(calls) {
    const BridgeParts bridge = {rpcs, upstream, converters, config.default_timeout, config.longest_call};
    AddConnectRoutes(routes, bridge);
    AddWatchRoutes(routes, bridge);
    AddDownloadRoutes(routes, files);
    AddTusRoutes(routes, files);
  }

  http::HttpServerOptions HttpOptions() const {
    http::HttpServerOptions options;
    options.addresses = config.http;
    if (environment.host != nullptr) options.tls = environment.host->tls;
    options.max_body_bytes = static_cast<size_t>(config.max_request_bytes);
    options.max_buffered_bytes = static_cast<size_t>(config.max_buffered_bytes);
    options.max_connections = config.max_connections;
    options.max_connections_of_address = config.max_connections_of_address;
    options.request_timeout = config.request_timeout;
    options.idle_timeout = config.idle_timeout;
    options.is_proxy = [this](absl::string_view address) { return calls.proxies.Trusts(address); };
    options.is_piecewise = &IsUpload;
    options.max_piecewise_bytes = static_cast<uint64_t>(config.max_upload_bytes);
    options.refuse = &Refuse;
    return options;
  }

  // Services that do not know this process for one of theirs hear nobody whom it calls for.
  void WarnUnlessKnown() const {
    const bool has_certificate = environment.host != nullptr && !environment.host->tls.certificate.empty();
    const config::Peers& peers = config.peers;
    for (const std::string& address : {peers.registry, peers.change_capture, peers.transformer,
                                       peers.delivery, peers.feedback, peers.file_transfer}) {
      if (absl::StartsWith(address, "unix:") || grpc_support::IsInProcess(address) || has_certificate)
        continue;
      if (!grpc_support::ApproachTo(address).authorization.empty()) continue;
      log::Warn("a service will refuse every call: give --service-key-file, as the services have it",
                {{"service", "gateway"}, {"address", address}});
    }
  }

  const Config config;
  const service::Environment environment;
  std::atomic<bool> is_listening = false;
  const RpcTable rpcs;
  CallParts calls;
  Downloads downloads;  // Calls of the upstream's may be the last to have a seat.
  UpstreamClient upstream;
  Converters converters;
  ActiveUploads active_uploads;
  SourceWatch sources;
  const FileParts files;
  Routes routes;
  std::unique_ptr<http::HttpServer> server;
};

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Server::~Server() { Shutdown(); }

absl::StatusOr<std::unique_ptr<Server>> Server::Create(const Config& config,
                                                       const service::Environment& environment) {
  if (environment.host != nullptr) RETURN_IF_ERROR(CheckPlaintext(config, *environment.host));
  auto parts = std::make_unique<Parts>(config, environment);
  environment.readiness.AddCheck(
      "http",
      [listening = &parts->is_listening] {
        return *listening ? absl::OkStatus() : absl::UnavailableError("does not listen");
      },
      health::Concern::kCalls);
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

absl::Status Server::Start() {
  Parts& parts = *parts_;
  if (parts.config.http.empty()) {
    parts.is_listening = true;
    return absl::OkStatus();
  }
  parts.WarnUnlessKnown();
  ASSIGN_OR_RETURN(parts.server, http::HttpServer::Start(parts.HttpOptions(), parts.environment.metrics,
                                                         [&parts](const http::ExchangePtr& exchange) {
                                                           parts.routes.Handle(exchange);
                                                         }));
  parts.is_listening = true;
  log::Info("http", {{"service", "gateway"}, {"addresses", absl::StrJoin(addresses(), ",")}});
  return absl::OkStatus();
}

// Calls end here, while the services of this process still answer.
void Server::Drain() {
  parts_->environment.readiness.RemoveCheck("http");
  if (parts_->server != nullptr) parts_->server->Drain();
  parts_->sources.Shutdown();
  parts_->upstream.Shutdown(kGrace);
  if (parts_->server != nullptr) parts_->server->AwaitClosed(kSending);
}

void Server::Shutdown() {
  parts_->environment.readiness.RemoveCheck("http");
  parts_->sources.Shutdown();
  parts_->upstream.Shutdown(absl::ZeroDuration());
  if (parts_->server != nullptr) parts_->server->Shutdown();
}

int Server::port() const { return parts_->server == nullptr ? 0 : parts_->server->port(); }

std::vector<std::string> Server::addresses() const {
  return parts_->server == nullptr ? std::vector<std::string>() : parts_->server->addresses();
}

}  // namespace cognate::gateway
