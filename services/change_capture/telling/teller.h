#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cognate/v1/event.pb.h"
#include "common/worker/worker.h"
#include "services/change_capture/feedback_client.h"
#include "services/change_capture/telling/untold_store.h"

namespace cognate::change_capture {

// Tells feedback what became of runs and conflicts. One thread; nothing waits for it. What it has told and
// not marked so when the process dies is told again under the same id, which counts once.
class Teller {
 public:
  Teller(postgres::Pool& pool, const std::string& feedback, absl::Duration poll = absl::Milliseconds(500));

  void Start();
  void Stop() { worker_.reset(); }

 private:
  void Run(StopToken& stop);
  // True if there may be more.
  absl::StatusOr<bool> TellRuns();
  absl::StatusOr<bool> TellConflicts();
  absl::Status Tell(std::vector<v1::Event> events);

  UntoldStore store_;
  FeedbackClient feedback_;
  const absl::Duration poll_;
  std::unique_ptr<Worker> worker_;
};

// As it is told; unset where it is not worth it: a scheduled run that went well is one of many.
std::optional<v1::Event> EventOf(const UntoldStore::UntoldRun& run);
// That it was found, if nothing was told of it, and that it is resolved.
std::vector<v1::Event> EventsOf(const UntoldStore::UntoldConflict& conflict);

}  // namespace cognate::change_capture
