#include "common/grpc/channel.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>
#include <grpcpp/support/client_interceptor.h>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "common/grpc/cancellation.h"
#include "common/grpc/client_trust.h"
#include "common/grpc/rpc_span.h"
#include "common/status/error.h"
#include "common/trace/current.h"

namespace cognate::grpc_support {
namespace {

constexpr char kAuthorization[] = "authorization";

int Milliseconds(absl::Duration duration) { return static_cast<int>(absl::ToInt64Milliseconds(duration)); }

// False when stopping.
bool Wait(const CallOptions& options, absl::Duration wait) {
  if (options.stop != nullptr) return !options.stop->WaitFor(wait);
  absl::SleepFor(wait);
  return true;
}

// Shows what this process shows, for each call that brings nothing of its own.
class Authorize final : public grpc::experimental::Interceptor {
 public:
  explicit Authorize(const std::string& authorization) : authorization_(authorization) {}

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    using grpc::experimental::InterceptionHookPoints;
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
      auto* metadata = methods->GetSendInitialMetadata();
      if (!metadata->contains(kAuthorization)) metadata->emplace(kAuthorization, authorization_);
    }
    methods->Proceed();
  }

 private:
  const std::string& authorization_;
};

class AuthorizeAll final : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  explicit AuthorizeAll(std::string authorization) : authorization_(std::move(authorization)) {}
  grpc::experimental::Interceptor* CreateClientInterceptor(grpc::experimental::ClientRpcInfo*) override {
    return new Authorize(authorization_);
  }

 private:
  const std::string authorization_;
};

// Only as a part of something: what nobody has asked for is nothing to follow.
trace::Span BeginSpan(const google::protobuf::Descriptor* request_type) {
  if (request_type == nullptr || !trace::Now().span.sampled) return trace::Span();
  trace::Span span({RpcName(*request_type), trace::Kind::kClient});
  SetRpcAttributes(*request_type, span);
  return span;
}

absl::Status Attempts(const CallOptions& options,
                      absl::FunctionRef<grpc::Status(grpc::ClientContext&)> attempt, int* made) {
  const absl::Time deadline = std::min(options.deadline, absl::Now() + options.timeout);
  const int max_attempts = options.idempotent ? std::max(options.max_attempts, 1) : 1;
  Backoff backoff(options.backoff);
  for (*made = 1;; ++*made) {
    grpc::ClientContext context;
    Prepare(context, options, deadline);
    if (options.cancellation != nullptr) options.cancellation->SetAttempt(&context);
    absl::Status status = FromGrpcStatus(attempt(context));
    if (options.cancellation != nullptr) options.cancellation->SetAttempt(nullptr);
    if (status.code() != absl::StatusCode::kUnavailable || *made >= max_attempts) return status;
    const absl::Duration wait = std::max(backoff.Next(), RetryDelay(status).value_or(absl::ZeroDuration()));
    if (absl::Now() + wait >= deadline || !Wait(options, wait)) return status;
  }
}

}  // namespace

void Prepare(grpc::ClientContext& context, const CallOptions& options, absl::Time deadline) {
  if (deadline < absl::InfiniteFuture()) context.set_deadline(absl::ToChronoTime(deadline));
  const std::string request_id =
      options.request_id.empty() ? std::string(trace::Now().request_id) : options.request_id;
  if (!request_id.empty()) context.AddMetadata("x-request-id", request_id);
  if (const std::optional<trace::SpanContext> span = trace::Outgoing(); span.has_value())
    context.AddMetadata(trace::kTraceparent, trace::FormatTraceparent(*span));
  if (!options.authorization.empty()) context.AddMetadata(kAuthorization, options.authorization);
}

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address, const ChannelOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);  // Pings beside each call; instead:
  arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 4 << 20);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(options.keepalive_time));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(options.keepalive_timeout));
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, Milliseconds(options.min_reconnect_backoff));
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5000);  // In truth the time for one attempt to connect.
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, Milliseconds(options.max_reconnect_backoff));
  // Replicas that are replaced one after the other have new addresses each time. With the library's half a
  // minute between two questions a channel would know the addresses of none of them.
  arguments.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, 1000);
  arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, 64 * 1024);
  // Two channels to one address are two connections, and closing one of them ends one.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(options.max_message_bytes);
  arguments.SetMaxSendMessageSize(options.max_message_bytes);
  // Names and lists stand for several replicas.
  if (absl::StartsWith(address, "dns:") || absl::StartsWith(address, "ipv4:"))
    arguments.SetLoadBalancingPolicyName("round_robin");
  Approach approach = ApproachTo(address);
  if (approach.authorization.empty())
    return grpc::CreateCustomChannel(address, approach.credentials, arguments);
  std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> interceptors;
  interceptors.push_back(std::make_unique<AuthorizeAll>(std::move(approach.authorization)));
  return grpc::experimental::CreateCustomChannelWithInterceptors(address, approach.credentials, arguments,
                                                                 std::move(interceptors));
}

absl::Status CallWithRetry(const CallOptions& options,
                           absl::FunctionRef<grpc::Status(grpc::ClientContext&)> attempt,
                           const google::protobuf::Descriptor* request_type) {
  trace::Span span = BeginSpan(request_type);
  const trace::Scope scope(span.context());
  int attempts = 0;
  absl::Status status = Attempts(options, attempt, &attempts);
  span.Set("rpc.attempts", attempts);
  span.Set("rpc.grpc.status_code", static_cast<int>(status.code()));
  span.Fail(status);
  return status;
}

}  // namespace cognate::grpc_support
