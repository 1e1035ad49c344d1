#include "common/grpc/host.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "common/grpc/in_process.h"
#include "common/grpc/reflection_v1.h"
#include "common/grpc/server_tls.h"
#include "common/grpc/unix_socket.h"
#include "common/grpc/unreadable.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "common/sync/thread_sanitizer.h"

namespace cognate::grpc_support {
namespace {

// Reflection v1; v1alpha adds itself to every server of a process that links it.
class ReflectionOption final : public grpc::ServerBuilderOption {
 public:
  explicit ReflectionOption(std::vector<std::string>* services) : services_(services) {}
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    plugins->push_back(MakeReflectionV1Plugin(services_));
  }

 private:
  std::vector<std::string>* const services_;
};

// In which a call that has entered has begun.
constexpr absl::Duration kLeastPatience = absl::Seconds(2);

bool IsUnix(absl::string_view address) { return absl::StartsWith(address, "unix:"); }
int Milliseconds(absl::Duration duration) { return static_cast<int>(absl::ToInt64Milliseconds(duration)); }

void Limit(grpc::ServerBuilder& builder, const HostOptions& options) {
  grpc::ResourceQuota quota("cognate_host");
  quota.SetMaxThreads(options.max_threads);
  builder.SetResourceQuota(quota);
  // The library's own one or two are too few where a handler calls another: a thread would be made and ended
  // for each call.
  builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 4);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 16);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);  // Pings beside each call; instead:
  builder.AddChannelArgument(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, options.stream_lookahead_bytes);
  builder.SetMaxReceiveMessageSize(options.max_receive_bytes);
  builder.SetMaxSendMessageSize(-1);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, 64 * 1024);
  // Without this a second process may bind the same port, and the kernel deals the calls out to both.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
}

void KeepAlive(grpc::ServerBuilder& builder, const HostOptions& options) {
  // Clients may ping every 10 s, also while idle; a little less, since their timers are not ours.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 9'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  if (options.max_connection_age == absl::InfiniteDuration()) return;
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, Milliseconds(options.max_connection_age));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS,
                             Milliseconds(options.max_connection_age_grace));
}

absl::Status CannotListen(const std::vector<std::string>& addresses, const std::vector<int>& ports) {
  for (size_t i = 0; i < addresses.size(); ++i) {
    if (ports[i] == 0) {
      return absl::FailedPreconditionError(
          absl::StrCat("cannot listen on ", addresses[i], ": is it in use?"));
    }
  }
  return absl::FailedPreconditionError(absl::StrCat("cannot listen on ", absl::StrJoin(addresses, ", ")));
}

}  // namespace

absl::Status CheckTransport(const HostOptions& options) {
  if (options.plaintext || !options.tls.certificate.empty()) return absl::OkStatus();
  for (const std::string& address : options.addresses) {
    if (IsUnix(address)) continue;
    return Error(absl::StatusCode::kFailedPrecondition, "PLAINTEXT_REFUSED",
                 absl::StrCat(address,
                              " would be served without TLS: give --tls-certificate-file and --tls-key-file, "
                              "or listen on a socket (--listen unix:/path), or say --plaintext"))
        .With("address", address);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Host>> Host::Start(const HostOptions& options,
                                                  absl::Span<grpc::Service* const> services) {
  // Both for the whole process, and harmless when repeated: all servers of ours want them.
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  std::unique_ptr<Host> host(new Host());
  host->addresses_ = options.addresses;
  host->ports_.resize(options.addresses.size());
  grpc::ServerBuilder builder;
  Limit(builder, options);
  KeepAlive(builder, options);
  builder.experimental().SetInterceptorCreators(ExplainUnreadableRequests(host.get()));
  builder.SetOption(std::make_unique<ReflectionOption>(&host->service_names_));
  for (grpc::Service* service : services) builder.RegisterService(service);
  RETURN_IF_ERROR(host->AddPorts(options, builder));
  {
    const PrivateFiles sockets;
    host->server_ = builder.BuildAndStart();
  }
  if (host->server_ == nullptr) return CannotListen(host->addresses_, host->ports_);
  if (!options.in_process_address.empty())
    host->in_process_ = InProcessServer::Add(options.in_process_address, *host->server_);
  host->SetAllServing(false);
  return host;
}

absl::Status Host::AddPorts(const HostOptions& options, grpc::ServerBuilder& builder) {
  RETURN_IF_ERROR(CheckTransport(options));
  for (size_t i = 0; i < options.addresses.size(); ++i) {
    std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials();
    if (IsUnix(options.addresses[i])) {
      RETURN_IF_ERROR(CheckUnixSocket(options.addresses[i]));
    } else if (!options.tls.certificate.empty()) {
      ASSIGN_OR_RETURN(credentials, MakeServerTls(options.tls));
      tls_.push_back(credentials);
    }
    builder.AddListeningPort(options.addresses[i], credentials, &ports_[i]);
  }
  return absl::OkStatus();
}

Host::~Host() {
  if (server_ != nullptr) Shutdown(absl::ZeroDuration());
}

int Host::port() const {
  for (size_t i = 0; i < addresses_.size(); ++i) {
    if (!IsUnix(addresses_[i])) return ports_[i];
  }
  return 0;
}

std::string Host::address() const {
  if (addresses_.empty()) return "";
  if (IsUnix(addresses_.front())) return addresses_.front();
  return absl::StrCat("127.0.0.1:", ports_.front());
}

void Host::SetServing(absl::string_view full_service_name, bool serving) {
  if (auto* health = server_->GetHealthCheckService())
    health->SetServingStatus(std::string(full_service_name), serving);
}

void Host::SetAllServing(bool serving) {
  for (const std::string& name : service_names_) SetServing(name, serving);
  SetServing("", serving);
}

void Host::Shutdown(absl::Duration grace) {
  if (auto* health = server_->GetHealthCheckService()) health->Shutdown();
  const absl::Time deadline = absl::Now() + grace;
  if (in_process_ != nullptr) in_process_->Close(std::max(grace / 2, kLeastPatience));
  server_->Shutdown(absl::ToChronoTime(deadline));
  server_->Wait();
  tsan::Acquire(this);  // All calls have ended.
}

}  // namespace cognate::grpc_support
