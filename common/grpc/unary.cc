#include "common/grpc/unary.h"

#include <algorithm>
#include <array>
#include <vector>

#include <grpcpp/security/auth_context.h>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "common/access/forwarded.h"
#include "common/access/methods.h"
#include "common/grpc/rpc_span.h"
#include "common/ids/request_id.h"
#include "common/ids/uuid.h"
#include "common/log/log.h"
#include "common/status/error.h"
#include "common/sync/mutex.h"

namespace cognate::grpc_support {
namespace {

constexpr size_t kCodes = 17;

std::string Metadata(const grpc::ServerContextBase& context, absl::string_view key) {
  const auto& metadata = context.client_metadata();
  const auto entry = metadata.find(grpc::string_ref(key.data(), key.size()));
  return entry == metadata.end() ? "" : std::string(entry->second.data(), entry->second.size());
}

absl::Time Deadline(const grpc::ServerContextBase& context) {
  const std::chrono::system_clock::time_point deadline = context.deadline();
  if (deadline >= std::chrono::system_clock::time_point::max()) return absl::InfiniteFuture();
  return absl::FromChrono(deadline);
}

// "ipv4:203.0.113.7:4711", "ipv6:%5B2001:db8::7%5D:4711": the address alone. Empty for what has none: a unix
// socket, or the same process.
std::string AddressOf(absl::string_view peer) {
  if (!absl::ConsumePrefix(&peer, "ipv4:") && !absl::ConsumePrefix(&peer, "ipv6:")) return "";
  const std::string address(peer.substr(0, peer.rfind(':')));
  return absl::StrReplaceAll(address, {{"%5B", ""}, {"%5D", ""}, {"[", ""}, {"]", ""}});
}

access::Caller CallerOf(const grpc::ServerContextBase& context, const std::string& request_id) {
  access::Caller caller;
  caller.address = AddressOf(context.peer());
  caller.is_local = caller.address.empty();
  if (caller.is_local) caller.address = "local";
  caller.has_certificate =
      !caller.is_local && context.auth_context() != nullptr && context.auth_context()->IsPeerAuthenticated();
  caller.authorization = Metadata(context, "authorization");
  caller.request_id = request_id;
  caller.forwarded_for = Metadata(context, access::kForwardedForKey);
  caller.forwarded_authorization = Metadata(context, access::kForwardedAuthorizationKey);
  caller.is_forwarded = !caller.forwarded_for.empty() || !caller.forwarded_authorization.empty();
  return caller;
}

// The last part of the RPC's name.
std::string MethodName(const google::protobuf::Descriptor& request_type) {
  const std::string name = RpcName(request_type);
  return name.substr(name.find('/') + 1);
}

trace::Span BeginSpan(const grpc::ServerContextBase& context,
                      const google::protobuf::Descriptor& request_type, absl::string_view service) {
  const auto& metadata = context.client_metadata();
  const auto given = metadata.find(grpc::string_ref(trace::kTraceparent, sizeof(trace::kTraceparent) - 1));
  std::optional<trace::SpanContext> parent;
  if (given != metadata.end())
    parent = trace::ParseTraceparent(absl::string_view(given->second.data(), given->second.size()));
  trace::Span span({RpcName(request_type), trace::Kind::kServer, service},
                   parent.value_or(trace::SpanContext()));
  SetRpcAttributes(request_type, span);
  return span;
}

}  // namespace

struct RpcBoundary::Method {
  metrics::Histogram* duration = nullptr;
  std::array<std::atomic<metrics::Counter*>, kCodes> requests = {};  // By code; made when first needed.
};

struct RpcBoundary::State {
  State(metrics::Registry& metrics)
      : requests(metrics.Counters("rpc_requests_total", "RPCs answered.", {"service", "method", "code"})),
        waiting(metrics.Gauges("rpc_waiting", "Calls that wait for something, without a thread.",
                               {"service", "method"})),
        durations(metrics.Histograms("rpc_duration_seconds", "Time from a call's start to its answer.",
                                     {"service", "method"})) {}

  metrics::Family<metrics::Counter> requests;
  metrics::Family<metrics::Gauge> waiting;
  metrics::Family<metrics::Histogram> durations;
  Mutex mutex;
  absl::flat_hash_map<std::string, std::unique_ptr<Method>> methods ABSL_GUARDED_BY(mutex);
};

RpcBoundary::RpcBoundary(absl::string_view service, const Clock& clock, metrics::Registry& metrics,
                         access::Gate* gate, Options options)
    : service_(service),
      clock_(clock),
      gate_(gate),
      options_(options),
      state_(std::make_unique<State>(metrics)) {}
RpcBoundary::~RpcBoundary() = default;

RpcBoundary::Method& RpcBoundary::MethodMetrics(const std::string& method) {
  MutexLock lock(&state_->mutex);
  std::unique_ptr<Method>& entry = state_->methods[method];
  if (entry == nullptr) {
    entry = std::make_unique<Method>();
    entry->duration = &state_->durations.With({service_, method});
  }
  return *entry;
}

RpcBoundary::Call RpcBoundary::Open(grpc::ServerContextBase& context,
                                    const google::protobuf::Descriptor& request_type, Kind kind) const {
  Call call;
  call.method = MethodName(request_type);
  call.request_id = Metadata(context, kRequestIdKey);
  if (!IsRequestId(call.request_id)) call.request_id = Uuid::V7(clock_).ToString();
  context.AddTrailingMetadata(kRequestIdKey, call.request_id);
  call.deadline = Deadline(context);
  if (kind == Kind::kUnary && call.deadline == absl::InfiniteFuture())
    call.deadline = clock_.Now() + options_.default_deadline;
  if (gate_ != nullptr) call.caller = CallerOf(context, call.request_id);
  call.span = BeginSpan(context, request_type, service_);
  call.span.Set("cognate.request_id", call.request_id);
  return call;
}

absl::Status RpcBoundary::Late(const Call& call, Kind kind) const {
  if (kind == Kind::kStream || clock_.Now() < call.deadline) return absl::OkStatus();
  return absl::DeadlineExceededError("the deadline had passed before the call was begun");
}

absl::Status RpcBoundary::Admit(Call& call, const google::protobuf::Descriptor& request_type,
                                const google::protobuf::Message* request) const {
  if (gate_ == nullptr) {
    call.admission.principal = access::LocalPrincipal();
    return absl::OkStatus();
  }
  absl::StatusOr<access::Admission> admission = gate_->Admit(call.caller, request_type);
  if (!admission.ok()) return admission.status();
  call.admission = *std::move(admission);
  if (request != nullptr) {
    const absl::Status begun = gate_->Begin(call.admission, *request);
    if (!begun.ok()) return begun;
  }
  call.is_admitted = true;
  return absl::OkStatus();
}

Rpc RpcBoundary::MakeRpc(grpc::ServerContextBase& context, const Call& call) const {
  return Rpc({.service = service_,
              .method = call.method,
              .request_id = call.request_id,
              .deadline = call.deadline,
              .cancelled =
                  [this, &context, &call] {
                    return context.IsCancelled() ||
                           (gate_ != nullptr && !gate_->Recheck(call.admission).ok());
                  },
              .draining = [this] { return draining_.load(); },
              .principal = call.admission.principal,
              .peer_address = call.is_admitted ? call.admission.caller.address : call.caller.address});
}

// Deletes itself when gRPC is done with it, which is after its last look.
class RpcBoundary::WaitingCall final : public grpc::ServerUnaryReactor {
 public:
  WaitingCall(RpcBoundary& boundary, WaitingCalls& calls, std::string key, grpc::ServerContextBase& context,
              const google::protobuf::Descriptor& request_type, const google::protobuf::Message& request,
              Step step)
      : boundary_(boundary),
        calls_(calls),
        key_(std::move(key)),
        context_(context),
        request_type_(request_type),
        request_(request),
        step_(std::move(step)),
        start_(boundary.clock_.Now()),
        call_(boundary.Open(context, request_type, Kind::kUnary)),
        waiting_(boundary.state_->waiting.With({boundary.service_, call_.method})) {
    waiting_.Increment();
  }
  ~WaitingCall() override { waiting_.Decrement(); }

  // True when it was the last one: then nothing of this is left.
  bool Look() {
    const trace::Scope scope(call_.span.context(), call_.request_id, boundary_.service_);
    absl::Status status;
    if (rpc_ == nullptr) {
      status = boundary_.Late(call_, Kind::kUnary);
      if (status.ok()) status = boundary_.Admit(call_, request_type_, &request_);
      rpc_.reset(new Rpc(boundary_.MakeRpc(context_, call_)));
    }
    bool has_answer = false;
    if (status.ok()) {
      status = boundary_.Guarded(*rpc_, [&](const Rpc& rpc) -> absl::Status {
        absl::StatusOr<bool> answer = step_(rpc);
        has_answer = answer.ok() && *answer;
        return answer.status();
      });
    }
    if (status.ok() && !has_answer) return false;
    SendAnswer(context_, scope);
    Finish(boundary_.End(call_, *rpc_, Kind::kUnary, start_, std::move(status)));
    return true;
  }

  void OnCancel() override { calls_.Wake(key_); }
  void OnDone() override { delete this; }

 private:
  RpcBoundary& boundary_;
  WaitingCalls& calls_;
  const std::string key_;
  grpc::ServerContextBase& context_;
  const google::protobuf::Descriptor& request_type_;
  const google::protobuf::Message& request_;
  Step step_;
  const absl::Time start_;
  Call call_;
  metrics::Gauge& waiting_;
  std::unique_ptr<const Rpc> rpc_;
};

grpc::ServerUnaryReactor* RpcBoundary::Wait(WaitingCalls& calls, const std::string& key,
                                            grpc::CallbackServerContext& context,
                                            const google::protobuf::Descriptor& request_type,
                                            const google::protobuf::Message& request, Step step) {
  auto* const call = new WaitingCall(*this, calls, key, context, request_type, request, std::move(step));
  calls.Add(key, [call] { return call->Look(); });
  return call;
}

absl::Status RpcBoundary::Thrown(const Rpc& rpc, absl::string_view what) const {
  log::Error(
      "exception in a handler",
      {{"service", service_}, {"method", rpc.method()}, {"request_id", rpc.request_id()}, {"what", what}});
  return absl::InternalError("internal error; the log has more under this request id");
}

void RpcBoundary::SendAnswer(grpc::ServerContextBase& context, const trace::Scope& scope) {
  if (scope.answer().valid())
    context.AddTrailingMetadata(trace::kTraceparent, trace::FormatTraceparent(scope.answer()));
}

grpc::Status RpcBoundary::End(Call& call, const Rpc& rpc, Kind kind, absl::Time start, absl::Status status) {
  if (call.is_admitted && gate_ != nullptr) {
    if (kind == Kind::kStream) {
      const absl::Status still = gate_->Recheck(call.admission);
      if (!still.ok()) status = still;
    }
    gate_->End(call.admission, status);
  }
  const absl::Duration elapsed = clock_.Now() - start;
  Count(rpc, elapsed, status);
  Log(rpc, kind, elapsed, status);
  call.span.Set("rpc.grpc.status_code", static_cast<int>(status.code()));
  if (IsFault(status.code())) call.span.Fail(status);
  call.span.End();
  return ToGrpcStatus(status);
}

void RpcBoundary::Count(const Rpc& rpc, absl::Duration elapsed, const absl::Status& status) {
  Method& method = MethodMetrics(rpc.method());
  method.duration->Observe(absl::ToDoubleSeconds(elapsed));
  const size_t code = std::min(static_cast<size_t>(status.code()), kCodes - 1);
  metrics::Counter* requests = method.requests[code].load(std::memory_order_acquire);
  if (requests == nullptr) {
    requests = &state_->requests.With({service_, rpc.method(), CodeName(status.code())});
    method.requests[code].store(requests, std::memory_order_release);
  }
  requests->Increment();
}

void RpcBoundary::Log(const Rpc& rpc, Kind kind, absl::Duration elapsed, const absl::Status& status) const {
  const bool slow = kind == Kind::kUnary && elapsed >= options_.slow;
  const log::Level level = IsFault(status.code()) ? log::Level::kError
                           : slow || !status.ok() ? log::Level::kInfo
                                                  : log::Level::kDebug;
  if (!log::Enabled(level)) return;
  const std::string reason = ErrorReason(status);
  std::vector<log::Field> fields = {{"service", service_},
                                    {"method", rpc.method()},
                                    {"request_id", rpc.request_id()},
                                    {"code", CodeName(status.code())},
                                    {"elapsed_ms", elapsed}};
  if (!reason.empty()) fields.emplace_back("reason", reason);
  if (!status.ok()) fields.emplace_back("error", status.message());
  log::Write(level, kind == Kind::kUnary ? "rpc" : "stream", fields);
}

}  // namespace cognate::grpc_support
