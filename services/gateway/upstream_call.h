// What the calls of other services have in common; of upstream_client.cc and upstream_upload.cc alone.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "common/grpc/in_process.h"
#include "common/sync/mutex.h"
#include "common/sync/thread_sanitizer.h"
#include "common/worker/worker.h"
#include "services/gateway/upstream_client.h"

namespace cognate::gateway {

// One address.
struct Upstream {
  std::shared_ptr<grpc_support::InProcessServer> server;  // Null for another process.
  std::unique_ptr<grpc::GenericStub> stub;
};

class UpstreamClient::State {
 public:
  State(size_t max_bytes, const Clock& clock);

  // Something that the queue tells the end of.
  class Step {
   public:
    virtual void Done(bool ok) = 0;

   protected:
    ~Step() = default;
  };

  // null where nobody serves. A server of this process is looked for until it is there.
  Upstream* At(const std::string& address);

  // False: no calls any more.
  bool Enter(UpstreamCall* call);
  void Leave(UpstreamCall* call);

  void Stop(absl::Duration grace);

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

// A call under way, kept alive by itself until its end is told.
class CallUnderWay : public UpstreamCall, public std::enable_shared_from_this<CallUnderWay> {
 public:
  using State = UpstreamClient::State;

  CallUnderWay(State& state, UpstreamRequest request, UpstreamClient::OnAnswer done);

  void Enter();
  void Cancel() override { context_.TryCancel(); }

 protected:
  virtual void Begin(grpc::GenericStub& stub) = 0;

  // For the next thing that the queue is to tell the end of, perhaps at once and to another thread.
  static void* TagOf(State::Step& step) {
    void* const tag = &step;
    tsan::Release(tag);
    return tag;
  }

  // The end, after which this may be gone.
  void Finish(std::string message);

  State& state_;
  UpstreamRequest request_;
  grpc::ClientContext context_;
  grpc::Status status_;
  UpstreamClient::OnMessage message_;  // Of a stream.

 private:
  void Start();
  void Answer(UpstreamAnswer answer);
  // Whoever is told holds this, and is held by it no longer.
  void Tell(UpstreamAnswer answer);

  UpstreamClient::OnAnswer done_;
  grpc_support::InProcessServer* server_ = nullptr;
  std::shared_ptr<CallUnderWay> self_;
};

// `ready` and `done` as of UpstreamClient::Upload.
std::shared_ptr<CallUnderWay> MakeUpload(UpstreamClient::State& state, UpstreamRequest request,
                                         UpstreamClient::OnReady ready, UpstreamClient::OnAnswer done);

grpc::ByteBuffer ToBuffer(const std::string& message);
std::string ToString(const grpc::ByteBuffer& buffer);

}  // namespace cognate::gateway
