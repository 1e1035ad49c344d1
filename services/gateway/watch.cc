#include "services/gateway/watch.h"

#include <atomic>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cognate/v1/feedback_service.pb.h"
#include "common/status/error.h"
#include "services/gateway/connect_error.h"
#include "services/gateway/connect_protocol.h"
#include "services/gateway/json_codec.h"
#include "services/gateway/query.h"

namespace cognate::gateway {
namespace {

constexpr char kRpc[] = "/cognate.v1.FeedbackService/Watch";
constexpr char kEventStream[] = "text/event-stream";
// After a break a browser waits so long before it comes again.
constexpr char kOpening[] = "retry: 2000\n\n";

// One watcher. The next message is asked for when the client has taken the one before, so that one who reads
// slowly keeps what is for it in the feedback service, where it is kept for all.
class EventStreamBridge : public std::enable_shared_from_this<EventStreamBridge> {
 public:
  EventStreamBridge(const BridgeParts& parts, CallPtr call) : parts_(parts), call_(std::move(call)) {}

  void Run(const RpcEntry& rpc, std::string message) {
    upstream_ = parts_.upstream.Stream(
        {rpc.address, rpc.path, call_->metadata(), absl::InfiniteFuture(), std::move(message)},
        [self = shared_from_this()](std::string taken) {
          self->OnLoop([self, taken = std::move(taken)] { self->Tell(taken); });
        },
        [self = shared_from_this()](UpstreamAnswer answer) {
          self->OnLoop([self, status = std::move(answer.status)] { self->End(status); });
        });
    call_->exchange().OnGone([self = shared_from_this()] {
      self->is_gone_ = true;
      self->upstream_->Cancel();
    });
  }

 private:
  void OnLoop(std::function<void()> task) { call_->exchange().loop().Post(std::move(task)); }

  void Tell(const std::string& message) {
    if (is_gone_) return;
    if (!std::exchange(is_begun_, true)) {
      call_->Begin({{"content-type", kEventStream},
                    {"cache-control", "no-store"},
                    {"x-accel-buffering", "no"}});  // Proxies must not keep what comes.
      call_->exchange().Write(kOpening);
    }
    call_->exchange().Write(EventOf(message), [self = shared_from_this()] { self->upstream_->Next(); });
  }

  // A message without events is a sign of life; its token counts all the same.
  std::string EventOf(const std::string& message) const {
    v1::WatchResponse response;
    response.ParseFromString(message);
    const std::string id = absl::StrCat("id: ", response.resume_token(), "\n");
    if (response.events().empty()) return absl::StrCat(id, ": heartbeat\n\n");
    const absl::StatusOr<std::string> json = ToJson(*v1::WatchResponse::descriptor(), message);
    return absl::StrCat(id, "data: ", json.ok() ? *json : "{}", "\n\n");
  }

  void End(const absl::Status& status) {
    if (is_gone_) return call_->Gone();
    if (!is_begun_) return status.ok() ? call_->Refuse(Stopping()) : call_->Refuse(status);
    // A stream that is ended because the process ends is gone on with elsewhere.
    if (!status.ok() && !absl::IsCancelled(status))
      call_->exchange().Write(absl::StrCat("event: error\ndata: ", ConnectErrorJson(status), "\n\n"));
    call_->End(status);
  }

  static absl::Status Stopping() {
    return Error(absl::StatusCode::kUnavailable, "SERVICE_UNAVAILABLE", "the stream ended at once: try again")
        .RetryAfter(absl::Seconds(1));
  }

  const BridgeParts parts_;
  const CallPtr call_;
  std::shared_ptr<UpstreamCall> upstream_;
  // Of the loop's thread.
  bool is_begun_ = false;
  bool is_gone_ = false;
};

// The WatchRequest, serialized: as JSON in the query's `message` or the body, and where to go on.
absl::StatusOr<std::string> RequestOf(const http::Request& http) {
  std::string json = http.body;
  if (http.method == "GET") {
    absl::StatusOr<std::string> given = QueryValue(http.query, "message");
    if (!given.ok()) return given.status();
    json = *std::move(given);
  }
  if (json.empty()) json = "{}";
  absl::StatusOr<std::string> message = FromJson(*v1::WatchRequest::descriptor(), json);
  const absl::string_view last = http::Find(http.headers, "last-event-id");
  if (!message.ok() || last.empty()) return message;
  v1::WatchRequest request;
  request.ParseFromString(*message);
  request.set_resume_token(std::string(last));
  return request.SerializeAsString();
}

void Watch(const BridgeParts& parts, const CallPtr& call) {
  call->SetName("FeedbackService/Watch");
  const http::Request& http = call->request();
  if (http.method == "POST") {
    ConnectRequest request;
    if (const auto refusal = ReadConnectHeaders(http, &request))
      return call->Refuse(refusal->status, refusal->http_status);
    if (request.codec != MessageCodec::kJson) {
      return call->Refuse(Error(absl::StatusCode::kInvalidArgument, "MEDIA_TYPE_UNSUPPORTED",
                                "content-type: want application/json"),
                          415);
    }
  }
  absl::StatusOr<std::string> message = RequestOf(http);
  if (!message.ok()) return call->Refuse(message.status());
  call->exchange().body() = std::string();
  std::make_shared<EventStreamBridge>(parts, call)->Run(*parts.rpcs.Find(kRpc), *std::move(message));
}

}  // namespace

void AddWatchRoutes(Routes& routes, const BridgeParts& parts) {
  routes.Add("GET,POST", "/v1/watch", [parts](const CallPtr& call) { Watch(parts, call); });
}

}  // namespace cognate::gateway
