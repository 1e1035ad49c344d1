#include "services/gateway/upstream_client.h"

#include "absl/strings/str_cat.h"
#include "common/grpc/status.h"
#include "common/status/error.h"
#include "services/gateway/upstream_call.h"

namespace cognate::gateway {
namespace {

using State = UpstreamClient::State;

absl::Status TooLarge(size_t bytes, size_t bound) {
  return Error(absl::StatusCode::kResourceExhausted, "RESPONSE_TOO_LARGE",
               absl::StrCat("the answer has ", bytes, " bytes, and ", bound,
                            " are the most that are passed on: ask for less at a time"))
      .With("max_bytes", absl::StrCat(bound));
}

class UnaryCall final : public CallUnderWay, public UpstreamClient::State::Step {
 public:
  using CallUnderWay::CallUnderWay;

  void Begin(grpc::GenericStub& stub) override {
    reader_ = stub.PrepareUnaryCall(&context_, request_.path, ToBuffer(request_.message), &state_.queue);
    request_.message = std::string();  // Long calls hold nothing that they do not need.
    reader_->StartCall();
    reader_->Finish(&response_, &status_, TagOf(*this));
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

class StreamCall final : public CallUnderWay, public UpstreamClient::State::Step {
 public:
  StreamCall(State& state, UpstreamRequest request, UpstreamClient::OnMessage message,
             UpstreamClient::OnAnswer done)
      : CallUnderWay(state, std::move(request), std::move(done)) {
    message_ = std::move(message);
  }

  void Begin(grpc::GenericStub& stub) override {
    MutexLock lock(&mutex_);
    stream_ = stub.PrepareCall(&context_, request_.path, &state_.queue);
    stream_->StartCall(TagOf(*this));
  }

  void Done(bool ok) override {
    const std::shared_ptr<CallUnderWay> self =
        shared_from_this();  // Another thread may come to the end meanwhile.
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
    stream_->Read(&response_, TagOf(*this));
  }

  void Cancel() override {
    CallUnderWay::Cancel();
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
      stream_->WriteLast(ToBuffer(request_.message), grpc::WriteOptions(), TagOf(*this));
    } else if (phase_ == Phase::kWriting) {
      phase_ = Phase::kReading;
      stream_->Read(&response_, TagOf(*this));
    } else {
      phase_ = Phase::kResting;
      *tell = message_;
    }
    return phase_;
  }

  void AskForEnd() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    phase_ = Phase::kEnding;
    stream_->Finish(&status_, TagOf(*this));
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

std::shared_ptr<UpstreamCall> UpstreamClient::Upload(UpstreamRequest request, OnReady ready, OnAnswer done) {
  auto call = MakeUpload(*state_, std::move(request), std::move(ready), std::move(done));
  call->Enter();
  return call;
}

void UpstreamClient::Shutdown(absl::Duration grace) { state_->Stop(grace); }

}  // namespace cognate::gateway
