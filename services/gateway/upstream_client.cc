#include "services/gateway/upstream_client.h"

#include <algorithm>

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/grpc/channel.h"
#include "common/grpc/in_process.h"
#include "common/grpc/status.h"
#include "common/status/error.h"
#include "common/sync/mutex.h"
#include "common/sync/thread_sanitizer.h"
#include "common/worker/worker.h"

namespace cognate::gateway {
namespace {

constexpr int kThreads = 2;  // They hand answers on, and convert the small ones.

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

absl::Status TooLarge(size_t bytes, size_t bound) {
  return Error(absl::StatusCode::kResourceExhausted, "RESPONSE_TOO_LARGE",
               absl::StrCat("the answer has ", bytes, " bytes, and ", bound,
                            " are the most that are passed on: ask for less at a time"))
      .With("max_bytes", absl::StrCat(bound));
}

}  // namespace

// One address.
struct Upstream {
  std::shared_ptr<grpc_support::InProcessServer> server;  // Null for another process.
  std::unique_ptr<grpc::GenericStub> stub;
};

class UpstreamClient::State {
 public:
  State(size_t max_bytes, const Clock& clock) : max_response_bytes(max_bytes), clock_(clock) {
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

  // Something that the queue tells the end of.
  class Step {
   public:
    virtual void Done(bool ok) = 0;

   protected:
    ~Step() = default;
  };

  // null where nobody serves. A server of this process is looked for until it is there.
  Upstream* At(const std::string& address) {
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

  // False: no calls any more.
  bool Enter(UpstreamCall* call) {
    MutexLock lock(&mutex_);
    if (stopping_) return false;
    calls_.insert(call);
    return true;
  }
  void Leave(UpstreamCall* call) {
    MutexLock lock(&mutex_);
    calls_.erase(call);
    if (calls_.empty()) idle_.SignalAll();
  }

  void Stop(absl::Duration grace) {
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

  const size_t max_response_bytes;
  grpc::CompletionQueue queue;

 private:
  const Clock& clock_;
  Mutex mutex_;
  CondVar idle_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::flat_hash_set<UpstreamCall*> calls_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, std::unique_ptr<Upstream>> upstreams_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<Worker>> workers_;
};

namespace {

using State = UpstreamClient::State;

// What a unary call and a stream have in common. Kept alive by itself until its end is told.
class Call : public UpstreamCall, public State::Step, public std::enable_shared_from_this<Call> {
 public:
  Call(State& state, UpstreamRequest request, UpstreamClient::OnAnswer done)
      : state_(state), request_(std::move(request)), done_(std::move(done)) {
    if (request_.deadline < absl::InfiniteFuture())
      context_.set_deadline(absl::ToChronoTime(request_.deadline));
    for (const auto& [key, value] : request_.metadata) context_.AddMetadata(key, value);
  }

  void Enter() {
    if (state_.Enter(this)) return Start();
    Tell({Error(absl::StatusCode::kUnavailable, "SERVICE_UNAVAILABLE",
                "this process is about to end: try again")
              .RetryAfter(absl::Seconds(1)),
          "",
          {},
          {}});
  }

  void Cancel() override { context_.TryCancel(); }

 protected:
  virtual void Begin(grpc::GenericStub& stub) = 0;

  // For the next thing that the queue is to tell the end of, perhaps at once and to another thread.
  void* tag() {
    void* const tag = static_cast<State::Step*>(this);
    tsan::Release(tag);
    return tag;
  }

  // The end, after which this may be gone.
  void Finish(std::string message) {
    if (server_ != nullptr) server_->Leave();
    UpstreamAnswer answer = {grpc_support::FromGrpcStatus(status_), std::move(message),
                             MetadataOf(context_.GetServerInitialMetadata()),
                             MetadataOf(context_.GetServerTrailingMetadata())};
    Answer(std::move(answer));
  }

  void Answer(UpstreamAnswer answer) {
    const std::shared_ptr<Call> self = std::move(self_);
    answer.status = Explained(std::move(answer.status), request_.path);
    if (!answer.status.ok()) answer.message.clear();
    Tell(std::move(answer));
    state_.Leave(this);
  }

  State& state_;
  UpstreamRequest request_;
  grpc::ClientContext context_;
  grpc::Status status_;
  UpstreamClient::OnMessage message_;  // Of a stream.

 private:
  void Start() {
    self_ = shared_from_this();
    Upstream* const upstream = state_.At(request_.address);
    if (upstream == nullptr || (upstream->server != nullptr && !upstream->server->Enter()))
      return Answer({absl::UnavailableError(""), "", {}, {}});
    server_ = upstream->server.get();
    Begin(*upstream->stub);
  }

  // Whoever is told holds this, and is held by it no longer.
  void Tell(UpstreamAnswer answer) {
    message_ = nullptr;
    const UpstreamClient::OnAnswer done = std::move(done_);
    done_ = nullptr;
    done(std::move(answer));
  }

  UpstreamClient::OnAnswer done_;
  grpc_support::InProcessServer* server_ = nullptr;
  std::shared_ptr<Call> self_;
};

class UnaryCall final : public Call {
 public:
  using Call::Call;

  void Begin(grpc::GenericStub& stub) override {
    reader_ = stub.PrepareUnaryCall(&context_, request_.path, ToBuffer(request_.message), &state_.queue);
    request_.message = std::string();  // Long calls hold nothing that they do not need.
    reader_->StartCall();
    reader_->Finish(&response_, &status_, tag());
  }

  void Done(bool /*ok*/) override {
    const size_t size = status_.ok() ? response_.Length() : 0;
    if (size > state_.max_response_bytes)
      status_ = grpc_support::ToGrpcStatus(TooLarge(size, state_.max_response_bytes));
    Finish(status_.ok() ? ToString(response_) : std::string());
  }

 private:
  grpc::ByteBuffer response_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::ByteBuffer>> reader_;
};

class StreamCall final : public Call {
 public:
  StreamCall(State& state, UpstreamRequest request, UpstreamClient::OnMessage message,
             UpstreamClient::OnAnswer done)
      : Call(state, std::move(request), std::move(done)) {
    message_ = std::move(message);
  }

  void Begin(grpc::GenericStub& stub) override {
    MutexLock lock(&mutex_);
    stream_ = stub.PrepareCall(&context_, request_.path, &state_.queue);
    stream_->StartCall(tag());
  }

  void Done(bool ok) override {
    const std::shared_ptr<Call> self = shared_from_this();  // Another thread may come to the end meanwhile.
    UpstreamClient::OnMessage tell;
    switch (Advance(ok, &tell)) {
      case Phase::kOver:
        return Finish("");
      case Phase::kResting:
        return tell(ToString(response_));
      default:
        return;
    }
  }

  bool is_stream() const override { return true; }

  void Next() override {
    MutexLock lock(&mutex_);
    if (phase_ != Phase::kResting) return;
    phase_ = Phase::kReading;
    response_.Clear();
    stream_->Read(&response_, tag());
  }

  void Cancel() override {
    Call::Cancel();
    MutexLock lock(&mutex_);
    if (phase_ == Phase::kResting) AskForEnd();
  }

 private:
  enum class Phase { kStarting, kWriting, kReading, kResting, kEnding, kOver };

  // To the next step. `*tell` is taken while nobody else can end the call.
  Phase Advance(bool ok, UpstreamClient::OnMessage* tell) {
    MutexLock lock(&mutex_);
    if (phase_ == Phase::kEnding) {
      phase_ = Phase::kOver;
    } else if (!ok) {
      AskForEnd();
    } else if (phase_ == Phase::kStarting) {
      phase_ = Phase::kWriting;
      stream_->WriteLast(ToBuffer(request_.message), grpc::WriteOptions(), tag());
    } else if (phase_ == Phase::kWriting) {
      phase_ = Phase::kReading;
      stream_->Read(&response_, tag());
    } else {
      phase_ = Phase::kResting;
      *tell = message_;
    }
    return phase_;
  }

  void AskForEnd() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    phase_ = Phase::kEnding;
    stream_->Finish(&status_, tag());
  }

  grpc::ByteBuffer response_;
  Mutex mutex_;
  Phase phase_ ABSL_GUARDED_BY(mutex_) = Phase::kStarting;
  std::unique_ptr<grpc::ClientAsyncReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>> stream_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace

UpstreamClient::UpstreamClient(size_t max_response_bytes, const Clock& clock)
    : state_(std::make_unique<State>(max_response_bytes, clock)) {}
UpstreamClient::~UpstreamClient() { Shutdown(absl::ZeroDuration()); }

std::shared_ptr<UpstreamCall> UpstreamClient::Call(UpstreamRequest request, OnAnswer done) {
  auto call = std::make_shared<UnaryCall>(*state_, std::move(request), std::move(done));
  call->Enter();
  return call;
}

std::shared_ptr<UpstreamCall> UpstreamClient::Stream(UpstreamRequest request, OnMessage message,
                                                     OnAnswer done) {
  auto call = std::make_shared<StreamCall>(*state_, std::move(request), std::move(message), std::move(done));
  call->Enter();
  return call;
}

void UpstreamClient::Shutdown(absl::Duration grace) { state_->Stop(grace); }

}  // namespace cognate::gateway
