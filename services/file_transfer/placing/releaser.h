// Sends records on their way again whose files have come, until they have asked for these files once more,
// and forgets those that do not wait any more.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/clock/clock.h"
#include "common/worker/stop_token.h"
#include "services/file_transfer/placing/feedback_client.h"
#include "services/file_transfer/placing/place_workers.h"
#include "services/file_transfer/placing/platforms.h"
#include "services/file_transfer/placing/wait_store.h"

namespace cognate::file_transfer {

class Releaser {
 public:
  Releaser(const Clock& clock, WaitStore& store, Platforms& platforms, PlaceWorkers& workers,
           FeedbackClient& feedback)
      : clock_(clock), store_(store), platforms_(platforms), workers_(workers), feedback_(feedback) {}

  void Run(StopToken& stop);

 private:
  absl::StatusOr<bool> LookAtSome();
  // Of those that are not ready, whether the sources' directories have them now, as far as Bind would take
  // them.
  void LookAtSources(const std::vector<WaitRow>& waits, const std::vector<WaitStore::Stand>& stands,
                     std::vector<bool>* ready);
  absl::Status Release(const std::string& platform, const std::vector<const WaitRow*>& waits);

  const Clock& clock_;
  WaitStore& store_;
  Platforms& platforms_;
  PlaceWorkers& workers_;
  FeedbackClient& feedback_;
  absl::Time sent_look_ = absl::InfinitePast();
};

}  // namespace cognate::file_transfer
