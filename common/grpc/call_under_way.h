// A unary call of another service that holds no thread while it is under way.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include <grpcpp/client_context.h>

#include "absl/status/statusor.h"
#include "common/grpc/status.h"
#include "common/sync/mutex.h"

namespace cognate::grpc_support {

// Thread safe. Kept alive by the call itself until it has its answer.
template <typename Response>
class CallUnderWay : public std::enable_shared_from_this<CallUnderWay<Response>> {
 public:
  // `start(context, response, ended)` begins the call; gRPC calls `ended` once, by a thread of its own, and
  // `on_end` follows.
  template <typename Start>
  static std::shared_ptr<CallUnderWay> Begin(Start&& start, std::function<void()> on_end) {
    auto call = std::make_shared<CallUnderWay>();
    start(call->context_, &call->response_, [call, on_end = std::move(on_end)](const grpc::Status& status) {
      {
        MutexLock lock(&call->mutex_);
        call->status_ = FromGrpcStatus(status);
        call->has_ended_ = true;
      }
      on_end();
    });
    return call;
  }

  bool has_ended() const {
    MutexLock lock(&mutex_);
    return has_ended_;
  }
  // Once it has ended.
  absl::StatusOr<Response> Take() {
    MutexLock lock(&mutex_);
    if (!status_.ok()) return status_;
    return std::move(response_);
  }
  // It ends soon.
  void Cancel() { context_.TryCancel(); }

 private:
  grpc::ClientContext context_;
  Response response_;
  mutable Mutex mutex_;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  bool has_ended_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace cognate::grpc_support
