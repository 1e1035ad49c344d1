#include "services/gateway/call.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/grpc/status.h"
#include "common/ids/request_id.h"
#include "common/ids/uuid.h"
#include "common/log/log.h"
#include "common/status/error.h"
#include "common/trace/span_queue.h"
#include "services/gateway/connect_error.h"

namespace cognate::gateway {
namespace {

std::string RequestIdOf(const http::Request& request, const Clock& clock) {
  const absl::string_view given = http::Find(request.headers, kRequestIdKey);
  return IsRequestId(given) ? std::string(given) : Uuid::V7(clock).ToString();
}

// A trace that begins here would be, with an id that nobody has chosen.
bool IsChosenHere() {
  const trace::SpanQueue& queue = trace::SpanQueue::The();
  return queue.recording() && trace::InRatio(trace::NewContext(false), queue.ratio());
}

// Strangers name their trace, so that they can find it; what is sampled is not theirs to say.
trace::SpanContext ParentOf(const http::Request& request, const Proxies& proxies) {
  std::optional<trace::SpanContext> given =
      trace::ParseTraceparent(http::Find(request.headers, trace::kTraceparent));
  if (!given.has_value()) return {};
  if (!proxies.Trusts(request.address)) given->sampled = IsChosenHere();
  return *given;
}

}  // namespace

CallParts::CallParts(const Clock& its_clock, metrics::Registry& metrics, Proxies its_proxies, Cors its_cors)
    : clock(its_clock),
      proxies(std::move(its_proxies)),
      cors(std::move(its_cors)),
      requests(
          metrics.Counters("gateway_requests_total", "Requests answered over HTTP.", {"method", "code"})),
      durations(metrics.Histograms("gateway_request_duration_seconds",
                                   "Time from a whole request to its answer.", {"method"})) {}

Call::Call(CallParts& parts, http::ExchangePtr exchange)
    : parts_(parts),
      exchange_(std::move(exchange)),
      start_(parts.clock.Now()),
      request_id_(RequestIdOf(exchange_->request(), parts.clock)),
      client_address_(parts.proxies.ClientOf(exchange_->request())),
      span_({name_, trace::Kind::kServer, "gateway"}, ParentOf(exchange_->request(), parts.proxies)) {
  span_.Set("http.request.method", exchange_->request().method);
  span_.Set("cognate.request_id", request_id_);
}

Metadata Call::metadata() const {
  Metadata metadata = MetadataOf(request(), client_address_, request_id_);
  std::erase_if(metadata, [](const auto& entry) { return entry.first == trace::kTraceparent; });
  metadata.emplace_back(trace::kTraceparent, trace::FormatTraceparent(span_.context()));
  return metadata;
}

Metadata Call::own_metadata() const {
  return {{kRequestIdKey, request_id_}, {trace::kTraceparent, trace::FormatTraceparent(span_.context())}};
}

void Call::SetName(absl::string_view name) {
  name_ = std::string(name);
  span_.Rename(name);
}

void Call::AddOwnHeaders(http::Headers& headers) const {
  headers.push_back({"x-request-id", request_id_});
  parts_.cors.AddHeaders(request(), headers);
}

void Call::Answer(http::Response response, const absl::Status& status) {
  AddOwnHeaders(response.headers);
  Count(status);
  exchange_->Respond(std::move(response));
}

void Call::Refuse(const absl::Status& status, int http_status) {
  Answer(ConnectError(status, http_status), status);
}

void Call::Begin(http::Headers headers, int http_status) {
  AddOwnHeaders(headers);
  exchange_->Begin(http_status, std::move(headers));
}

void Call::End(const absl::Status& status) {
  Count(status);
  exchange_->End();
}

void Call::Gone() { Count(absl::CancelledError("the client has gone")); }

void Call::Count(const absl::Status& status) {
  const trace::Scope scope(span_.context(), request_id_, "gateway");
  span_.Set("cognate.code", grpc_support::CodeName(status.code()));
  if (IsFault(status.code())) span_.Fail(status);
  span_.End();
  const absl::Duration elapsed = parts_.clock.Now() - start_;
  const char* const code = grpc_support::CodeName(status.code());
  parts_.requests.With({name_, code}).Increment();
  parts_.durations.With({name_}).Observe(absl::ToDoubleSeconds(elapsed));
  const log::Level level = IsFault(status.code()) ? log::Level::kError
                           : status.ok()          ? log::Level::kDebug
                                                  : log::Level::kInfo;
  if (!log::Enabled(level)) return;
  const std::string reason = ErrorReason(status);
  std::vector<log::Field> fields = {
      {"service", "gateway"},       {"method", name_}, {"request_id", request_id_},
      {"address", client_address_}, {"code", code},    {"elapsed_ms", elapsed}};
  if (!reason.empty()) fields.emplace_back("reason", reason);
  log::Write(level, "http", fields);
}

}  // namespace cognate::gateway
