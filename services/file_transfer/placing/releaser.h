// Sends records on their way again whose files have come, until they have asked for these files once more.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/clock/clock.h"
#include "common/worker/stop_token.h"
#include "services/file_transfer/placing/feedback_client.h"
#include "services/file_transfer/placing/platforms.h"
#include "services/file_transfer/placing/work_store.h"

namespace cognate::file_transfer {

class Releaser {
 public:
  Releaser(const Clock& clock, WorkStore& store, Platforms& platforms, FeedbackClient& feedback)
      : clock_(clock), store_(store), platforms_(platforms), feedback_(feedback) {}

  void Run(StopToken& stop);

 private:
  absl::StatusOr<bool> LookAtSome();
  // Whether the source's directory has it now, as far as Bind would take it.
  bool IsAtSource(const WaitRow& wait);
  absl::Status Release(const std::string& platform, const std::vector<const WaitRow*>& waits);

  const Clock& clock_;
  WorkStore& store_;
  Platforms& platforms_;
  FeedbackClient& feedback_;
  absl::Time stored_look_ = absl::InfinitePast();
};

}  // namespace cognate::file_transfer
