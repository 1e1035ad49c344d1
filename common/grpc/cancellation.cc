#include "common/grpc/cancellation.h"

#include <grpcpp/client_context.h>

namespace cognate::grpc_support {

void Cancellation::Cancel() {
  MutexLock lock(&mutex_);
  cancelled_ = true;
  if (attempt_ != nullptr) attempt_->TryCancel();
}

void Cancellation::SetAttempt(grpc::ClientContext* attempt) {
  MutexLock lock(&mutex_);
  attempt_ = attempt;
  // A call that was cancelled before it begins ends as soon as it does.
  if (attempt_ != nullptr && cancelled_) attempt_->TryCancel();
}

}  // namespace cognate::grpc_support
