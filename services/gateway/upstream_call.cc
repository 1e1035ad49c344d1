#include "services/gateway/upstream_call.h"

#include <algorithm>

#include <grpcpp/channel.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/grpc/channel.h"
#include "common/grpc/status.h"
#include "common/status/error.h"

namespace cognate::gateway {
namespace {

constexpr int kThreads = 2;  // They hand answers on, and convert the small ones.

// What the library adds for itself, and what is no news.
bool IsOfGrpc(absl::string_view key) {
  return absl::StartsWith(key, "grpc-") || absl::StartsWith(key, ":") || key == "content-type" ||
         key == "user-agent" || key == "accept-encoding" || key == "date" || key == "x-request-id";
}

Metadata MetadataOf(const std::multimap<grpc::string_ref, grpc::string_ref>& given) {
  Metadata metadata;
  for (const auto& [key, value] : given) {
    if (IsOfGrpc(absl::string_view(key.data(), key.size()))) continue;
    metadata.emplace_back(std::string(key.data(), key.size()), std::string(value.data(), value.size()));
  }
  return metadata;
}

// Where the library itself says that nobody answers, in words of which one can make something, and without
// addresses of the inside.
absl::Status Explained(absl::Status status, const std::string& path) {
  if (!absl::IsUnavailable(status) || !ErrorReason(status).empty()) return status;
  return Error(absl::StatusCode::kUnavailable, "SERVICE_UNAVAILABLE",
               absl::StrCat("the service of ", path.substr(1), " does not answer: try again"))
      .RetryAfter(absl::Seconds(1));
}

}  // namespace

grpc::ByteBuffer ToBuffer(const std::string& message) {
  const grpc::Slice slice(message);
  return grpc::ByteBuffer(&slice, 1);
}

std::string ToString(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string text;
  if (!buffer.Valid() || !buffer.Dump(&slices).ok()) return text;
  text.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices)
    text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return text;
}

UpstreamClient::State::State(size_t max_bytes, const Clock& clock)
    : max_response_bytes(max_bytes), clock_(clock) {
  for (int i = 0; i < kThreads; ++i) {
    workers_.push_back(std::make_unique<Worker>("upstream", [this](StopToken&) {
      void* tag = nullptr;
      bool ok = false;
      while (queue.Next(&tag, &ok)) {
        tsan::Acquire(tag);
        static_cast<Step*>(tag)->Done(ok);
      }
    }));
  }
}

Upstream* UpstreamClient::State::At(const std::string& address) {
  MutexLock lock(&mutex_);
  std::unique_ptr<Upstream>& upstream = upstreams_[address];
  if (upstream != nullptr) return upstream.get();
  auto made = std::make_unique<Upstream>();
  std::shared_ptr<grpc::Channel> channel;
  if (!grpc_support::IsInProcess(address)) {
    grpc_support::ChannelOptions options;
    options.max_message_bytes = static_cast<int>(std::max<size_t>(max_response_bytes, 64 << 20));
    channel = grpc_support::MakeChannel(address, options);
  } else if ((made->server = grpc_support::InProcessServer::Find(address)) != nullptr) {
    channel = made->server->NewChannel();
  }
  if (channel == nullptr) return nullptr;
  made->stub = std::make_unique<grpc::GenericStub>(channel);
  upstream = std::move(made);
  return upstream.get();
}

bool UpstreamClient::State::Enter(UpstreamCall* call) {
  MutexLock lock(&mutex_);
  if (stopping_) return false;
  calls_.insert(call);
  return true;
}

void UpstreamClient::State::Leave(UpstreamCall* call) {
  MutexLock lock(&mutex_);
  calls_.erase(call);
  if (calls_.empty()) idle_.SignalAll();
}

void UpstreamClient::State::Stop(absl::Duration grace) {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    for (UpstreamCall* call : calls_) {
      if (call->is_stream()) call->Cancel();
    }
    const absl::Time deadline = clock_.Now() + grace;
    while (!calls_.empty() && clock_.Now() < deadline) idle_.WaitFor(&mutex_, deadline - clock_.Now());
    for (UpstreamCall* call : calls_) call->Cancel();
    while (!calls_.empty()) idle_.Wait(&mutex_);
  }
  if (workers_.empty()) return;
  queue.Shutdown();
  workers_.clear();
}

CallUnderWay::CallUnderWay(State& state, UpstreamRequest request, UpstreamClient::OnAnswer done)
    : state_(state), request_(std::move(request)), done_(std::move(done)) {
  if (request_.deadline < absl::InfiniteFuture())
    context_.set_deadline(absl::ToChronoTime(request_.deadline));
  for (const auto& [key, value] : request_.metadata) context_.AddMetadata(key, value);
}

void CallUnderWay::Enter() {
  if (state_.Enter(this)) return Start();
  Tell(
      {Error(absl::StatusCode::kUnavailable, "SERVICE_UNAVAILABLE", "this process is about to end: try again")
           .RetryAfter(absl::Seconds(1)),
       "",
       {},
       {}});
}

void CallUnderWay::Finish(std::string message) {
  if (server_ != nullptr) server_->Leave();
  UpstreamAnswer answer = {grpc_support::FromGrpcStatus(status_), std::move(message),
                           MetadataOf(context_.GetServerInitialMetadata()),
                           MetadataOf(context_.GetServerTrailingMetadata())};
  Answer(std::move(answer));
}

void CallUnderWay::Answer(UpstreamAnswer answer) {
  const std::shared_ptr<CallUnderWay> self = std::move(self_);
  answer.status = Explained(std::move(answer.status), request_.path);
  if (!answer.status.ok()) answer.message.clear();
  Tell(std::move(answer));
  state_.Leave(this);
}

void CallUnderWay::Start() {
  self_ = shared_from_this();
  Upstream* const upstream = state_.At(request_.address);
  if (upstream == nullptr || (upstream->server != nullptr && !upstream->server->Enter()))
    return Answer({absl::UnavailableError(""), "", {}, {}});
  server_ = upstream->server.get();
  Begin(*upstream->stub);
}

void CallUnderWay::Tell(UpstreamAnswer answer) {
  message_ = nullptr;
  const UpstreamClient::OnAnswer done = std::move(done_);
  done_ = nullptr;
  done(std::move(answer));
}

}  // namespace cognate::gateway
