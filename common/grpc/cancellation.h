#pragma once

#include "common/sync/mutex.h"

namespace grpc {
class ClientContext;
}  // namespace grpc

namespace cognate::grpc_support {

// Lets another thread end the calls of one thread, which names it in their CallOptions. Outlives them.
class Cancellation {
 public:
  // Final: the call under way and each later one answers CANCELLED.
  void Cancel();

  // Of CallWithRetry alone: the attempt under way; null after it.
  void SetAttempt(grpc::ClientContext* attempt);

 private:
  Mutex mutex_;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::ClientContext* attempt_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace cognate::grpc_support
