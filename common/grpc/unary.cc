#include "common/grpc/unary.h"

#include <algorithm>
#include <array>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/ids/uuid.h"
#include "common/log/log.h"
#include "common/status/error.h"
#include "common/sync/mutex.h"

namespace cognate::grpc_support {
namespace {

constexpr char kRequestIdKey[] = "x-request-id";
constexpr size_t kMaxRequestIdBytes = 128;
constexpr size_t kCodes = 17;

std::string Metadata(const grpc::ServerContext& context, absl::string_view key) {
  const auto& metadata = context.client_metadata();
  const auto entry = metadata.find(grpc::string_ref(key.data(), key.size()));
  return entry == metadata.end() ? "" : std::string(entry->second.data(), entry->second.size());
}

bool IsRequestId(absl::string_view id) {
  return !id.empty() && id.size() <= kMaxRequestIdBytes && std::all_of(id.begin(), id.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           absl::string_view("-_.:/").find(c) != absl::string_view::npos;
  });
}

absl::Time Deadline(const grpc::ServerContext& context) {
  const std::chrono::system_clock::time_point deadline = context.deadline();
  if (deadline >= std::chrono::system_clock::time_point::max()) return absl::InfiniteFuture();
  return absl::FromChrono(deadline);
}

bool IsFault(absl::StatusCode code) {
  return code == absl::StatusCode::kInternal || code == absl::StatusCode::kUnknown ||
         code == absl::StatusCode::kDataLoss;
}

}  // namespace

struct RpcBoundary::Method {
  metrics::Histogram* duration = nullptr;
  std::array<std::atomic<metrics::Counter*>, kCodes> requests = {};  // By code; made when first needed.
};

struct RpcBoundary::State {
  State(metrics::Registry& metrics)
      : requests(metrics.Counters("rpc_requests_total", "RPCs answered.", {"service", "method", "code"})),
        durations(metrics.Histograms("rpc_duration_seconds", "Time from a call's start to its answer.",
                                     {"service", "method"})) {}

  metrics::Family<metrics::Counter> requests;
  metrics::Family<metrics::Histogram> durations;
  Mutex mutex;
  absl::flat_hash_map<std::string, std::unique_ptr<Method>> methods ABSL_GUARDED_BY(mutex);
};

RpcBoundary::RpcBoundary(absl::string_view service, const Clock& clock, metrics::Registry& metrics,
                         Options options)
    : service_(service), clock_(clock), options_(options), state_(std::make_unique<State>(metrics)) {}
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

Rpc RpcBoundary::Begin(grpc::ServerContext& context, absl::string_view method, Kind kind) const {
  std::string request_id = Metadata(context, kRequestIdKey);
  if (!IsRequestId(request_id)) request_id = Uuid::V7(clock_).ToString();
  context.AddTrailingMetadata(kRequestIdKey, request_id);
  absl::Time deadline = Deadline(context);
  if (kind == Kind::kUnary && deadline == absl::InfiniteFuture())
    deadline = clock_.Now() + options_.default_deadline;
  return Rpc({.service = service_,
              .method = std::string(method),
              .request_id = std::move(request_id),
              .deadline = deadline,
              .cancelled = [&context] { return context.IsCancelled(); },
              .draining = [this] { return draining_.load(); },
              .metadata = [&context](absl::string_view key) { return Metadata(context, key); }});
}

absl::Status RpcBoundary::Late(const Rpc& rpc, Kind kind) const {
  if (kind == Kind::kStream || clock_.Now() < rpc.deadline()) return absl::OkStatus();
  return absl::DeadlineExceededError("the deadline had passed before the call was begun");
}

absl::Status RpcBoundary::Thrown(const Rpc& rpc, absl::string_view what) const {
  log::Error(
      "exception in a handler",
      {{"service", service_}, {"method", rpc.method()}, {"request_id", rpc.request_id()}, {"what", what}});
  return absl::InternalError("internal error; the log has more under this request id");
}

grpc::Status RpcBoundary::End(const Rpc& rpc, Kind kind, absl::Time start, const absl::Status& status) {
  const absl::Duration elapsed = clock_.Now() - start;
  Method& method = MethodMetrics(rpc.method());
  method.duration->Observe(absl::ToDoubleSeconds(elapsed));
  const size_t code = std::min(static_cast<size_t>(status.code()), kCodes - 1);
  metrics::Counter* requests = method.requests[code].load(std::memory_order_acquire);
  if (requests == nullptr) {
    requests = &state_->requests.With({service_, rpc.method(), CodeName(status.code())});
    method.requests[code].store(requests, std::memory_order_release);
  }
  requests->Increment();
  Log(rpc, kind, elapsed, status);
  return ToGrpcStatus(status);
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
