#include "services/gateway/connect_bridge.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "services/gateway/connect_error.h"
#include "services/gateway/connect_protocol.h"
#include "services/gateway/json_codec.h"

namespace cognate::gateway {
namespace {

// One call of a unary RPC, from the request to the answer.
class UnaryBridge : public std::enable_shared_from_this<UnaryBridge> {
 public:
  UnaryBridge(const BridgeParts& parts, CallPtr call, const RpcEntry& rpc, ConnectRequest request)
      : parts_(parts), call_(std::move(call)), rpc_(rpc), request_(request) {}

  void Run() {
    const size_t size = call_->request().body.size();
    const bool is_run = parts_.converters.Run(request_.codec == MessageCodec::kJson ? size : 0,
                                              [self = shared_from_this()] { self->Send(); });
    if (!is_run) call_->Refuse(Busy());
  }

 private:
  static absl::Status Busy() {
    return Error(absl::StatusCode::kUnavailable, "GATEWAY_OVERLOADED",
                 "too many large requests at once: try again")
        .RetryAfter(absl::Seconds(1));
  }

  // Perhaps on another thread than the server's.
  void Send() {
    std::string body = std::move(call_->exchange().body());
    absl::StatusOr<std::string> message = std::move(body);
    if (request_.codec == MessageCodec::kJson) message = FromJson(*rpc_.method->input_type(), *message);
    call_->exchange().body() = std::string();
    if (!message.ok()) return call_->Refuse(message.status());
    const absl::Duration timeout =
        std::min(request_.timeout.value_or(parts_.default_timeout), parts_.longest_call);
    UpstreamRequest upstream = {rpc_.address, rpc_.path, call_->metadata(), call_->clock().Now() + timeout,
                                *std::move(message)};
    const std::shared_ptr<UpstreamCall> made = parts_.upstream.Call(
        std::move(upstream),
        [self = shared_from_this()](UpstreamAnswer answer) { self->Take(std::move(answer)); });
    // The client may have gone meanwhile: then this is called at once.
    call_->exchange().loop().Post(
        [self = shared_from_this(), made] { self->call_->exchange().OnGone([made] { made->Cancel(); }); });
  }

  void Take(UpstreamAnswer answer) {
    auto kept = std::make_shared<UpstreamAnswer>(std::move(answer));
    const size_t size = request_.codec == MessageCodec::kJson ? kept->message.size() : 0;
    const auto respond = [self = shared_from_this(), kept] { self->Respond(std::move(*kept)); };
    if (!parts_.converters.Run(size, respond)) call_->Refuse(Busy());
  }

  void Respond(UpstreamAnswer answer) {
    absl::Status status = std::move(answer.status);
    http::Response response;
    if (status.ok() && request_.codec == MessageCodec::kProto) {
      response.headers.push_back({"content-type", "application/proto"});
      response.body = std::move(answer.message);
    } else if (status.ok()) {
      absl::StatusOr<std::string> json = ToJson(*rpc_.method->output_type(), answer.message);
      response.headers.push_back({"content-type", "application/json"});
      status = json.status();
      if (json.ok()) response.body = *std::move(json);
    }
    if (!status.ok()) response = ConnectError(status);
    AddMetadata(answer.leading, "", response.headers);
    AddMetadata(answer.trailing, "trailer-", response.headers);
    call_->Answer(std::move(response), status);
  }

  static void AddMetadata(const Metadata& metadata, absl::string_view prefix, http::Headers& headers) {
    for (const auto& [key, value] : metadata) {
      headers.push_back({absl::StrCat(prefix, key), absl::EndsWith(key, "-bin") ? Base64(value) : value});
    }
  }

  const BridgeParts parts_;
  const CallPtr call_;
  const RpcEntry& rpc_;
  const ConnectRequest request_;
};

// How to get what an RPC streams.
absl::string_view WayOf(const RpcEntry& rpc) {
  if (rpc.name == "FeedbackService/Watch")
    return "GET /v1/watch answers it as server-sent events, EventService/ListEvents waits for the next ones";
  if (rpc.name == "DeliveryService/Subscribe") return "DeliveryService/Pull waits for deliveries";
  if (rpc.name == "ChangeCaptureService/CaptureStream") return "ChangeCaptureService/Capture takes batches";
  if (rpc.name == "FileTransferService/Write") return "POST and PATCH below /files/tus take files";
  if (rpc.name == "FileTransferService/Read") return "GET /files/sha256/{hex} answers files";
  return "gRPC answers it";
}

absl::Status IsStream(const RpcEntry& rpc) {
  return Error(absl::StatusCode::kUnimplemented, "STREAM_NOT_SUPPORTED",
               absl::StrCat(rpc.name, " is a stream, which this door does not carry: ", WayOf(rpc)))
      .With("method", rpc.name);
}

// Clients of the protocol's streams read errors from the end of the stream.
http::Response EndOfStream(const std::string& media_type, const absl::Status& status) {
  constexpr char kEndFlag = 2;
  const std::string json = absl::StrCat("{\"error\":", ConnectErrorJson(status), "}");
  const auto size = static_cast<uint32_t>(json.size());
  http::Response response = {200, {{"content-type", media_type}}, std::string(1, kEndFlag)};
  for (const int shift : {24, 16, 8, 0}) response.body.push_back(static_cast<char>(size >> shift));
  response.body.append(json);
  return response;
}

void RefuseStream(Call& call, const RpcEntry& rpc) {
  const std::string media_type = MediaTypeOf(call.request());
  const absl::Status status = IsStream(rpc);
  if (media_type == "application/connect+json" || media_type == "application/connect+proto")
    return call.Answer(EndOfStream(media_type, status), status);
  call.Refuse(status);
}

void Bridge(const BridgeParts& parts, const CallPtr& call) {
  const RpcEntry* const rpc = parts.rpcs.Find(call->request().path);
  if (rpc == nullptr) {
    return call->Refuse(Error(absl::StatusCode::kUnimplemented, "METHOD_NOT_FOUND",
                              "there is no such RPC; the page on access lists all (docs/access.md)"),
                        404);
  }
  call->SetName(rpc->name);
  if (call->request().method != "POST") return RefuseMethod(*call, "POST");
  if (rpc->is_stream()) return RefuseStream(*call, *rpc);
  ConnectRequest request;
  if (const auto refusal = ReadConnectHeaders(call->request(), &request))
    return call->Refuse(refusal->status, refusal->http_status);
  std::make_shared<UnaryBridge>(parts, call, *rpc, request)->Run();
}

}  // namespace

void AddConnectRoutes(Routes& routes, const BridgeParts& parts) {
  routes.AddPrefix("/cognate.v1.", [parts](const CallPtr& call) { Bridge(parts, call); });
}

}  // namespace cognate::gateway
