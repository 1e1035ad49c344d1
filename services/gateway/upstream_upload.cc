// A stream of messages to a service.
#include <utility>

#include "services/gateway/upstream_call.h"

namespace cognate::gateway {
namespace {

using State = UpstreamClient::State;

// Reads for the answer from the beginning on: a service may say that it wants no more before it is asked.
class UploadCall final : public CallUnderWay {
 public:
  UploadCall(State& state, UpstreamRequest request, UpstreamClient::OnReady ready,
             UpstreamClient::OnAnswer done)
      : CallUnderWay(state, std::move(request), std::move(done)), ready_(std::move(ready)) {}

  void Begin(grpc::GenericStub& stub) override {
    MutexLock lock(&mutex_);
    stream_ = stub.PrepareCall(&context_, request_.path, &state_.queue);
    stream_->StartCall(TagOf(start_));
  }

  bool is_stream() const override { return true; }

  void Write(std::string message, bool is_last) override {
    MutexLock lock(&mutex_);
    if (is_closed_ || is_read_) return;
    is_closed_ = is_last;
    is_writing_ = true;
    const grpc::ByteBuffer buffer = ToBuffer(message);
    if (is_last) {
      stream_->WriteLast(buffer, grpc::WriteOptions(), TagOf(write_));
    } else {
      stream_->Write(buffer, TagOf(write_));
    }
  }

  void Close() override {
    MutexLock lock(&mutex_);
    if (std::exchange(is_closed_, true) || is_read_) return;
    wants_half_close_ = true;
    if (is_started_ && !is_writing_) HalfClose();
  }

 private:
  // Of each kind at most one is under way.
  struct Part final : State::Step {
    Part(UploadCall& its_call, void (UploadCall::*its_done)(bool)) : call(its_call), done(its_done) {}
    void Done(bool ok) override {
      const auto self = call.shared_from_this();  // Another thread may come to the end meanwhile.
      (call.*done)(ok);
    }
    UploadCall& call;
    void (UploadCall::*const done)(bool);
  };

  void Started(bool ok) {
    UpstreamClient::OnReady ready;
    {
      MutexLock lock(&mutex_);
      is_started_ = true;
      stream_->Read(&response_, TagOf(read_));
      if (ok && wants_half_close_) HalfClose();
      if (ok && !is_closed_) ready = ready_;
    }
    if (ready) ready();
  }

  void Written(bool ok) {
    UpstreamClient::OnReady ready;
    {
      MutexLock lock(&mutex_);
      is_writing_ = false;
      if (is_read_) return AskForEnd();
      if (ok && wants_half_close_) HalfClose();
      if (ok && !is_closed_) ready = ready_;
    }
    if (ready) ready();
  }

  // There is an answer, or none will come.
  void Read(bool ok) {
    MutexLock lock(&mutex_);
    is_read_ = true;
    if (!ok) response_.Clear();
    if (!is_writing_) AskForEnd();
  }

  void Ended(bool /*ok*/) {
    {
      MutexLock lock(&mutex_);
      ready_ = nullptr;
    }
    Finish(status_.ok() ? ToString(response_) : std::string());
  }

  void HalfClose() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    wants_half_close_ = false;
    is_writing_ = true;
    stream_->WritesDone(TagOf(write_));
  }
  void AskForEnd() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { stream_->Finish(&status_, TagOf(end_)); }

  Part start_{*this, &UploadCall::Started};
  Part write_{*this, &UploadCall::Written};
  Part read_{*this, &UploadCall::Read};
  Part end_{*this, &UploadCall::Ended};
  grpc::ByteBuffer response_;
  Mutex mutex_;
  UpstreamClient::OnReady ready_ ABSL_GUARDED_BY(mutex_);
  bool is_started_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_closed_ ABSL_GUARDED_BY(mutex_) = false;         // Nothing more is written.
  bool wants_half_close_ ABSL_GUARDED_BY(mutex_) = false;  // After what is being written.
  bool is_read_ ABSL_GUARDED_BY(mutex_) = false;           // The answer is there, or none comes.
  std::unique_ptr<grpc::ClientAsyncReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>> stream_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::shared_ptr<CallUnderWay> MakeUpload(UpstreamClient::State& state, UpstreamRequest request,
                                         UpstreamClient::OnReady ready, UpstreamClient::OnAnswer done) {
  return std::make_shared<UploadCall>(state, std::move(request), std::move(ready), std::move(done));
}

}  // namespace cognate::gateway
