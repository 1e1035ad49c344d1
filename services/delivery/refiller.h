// Brings onto the lane what the ledger has due and the lane has not: overflow, what came while it was closed,
// what Redis lost. Asks on a thread of its own, so that a slow answer holds up no delivery. What is due for a
// lane that rests LaneWatch asks about.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/sync/mutex.h"
#include "common/worker/worker.h"
#include "services/delivery/lane_options.h"
#include "services/delivery/lane_source.h"

namespace cognate::delivery {

// Of one lane. Thread safe; no call but the destructor waits.
class Refiller {
 public:
  Refiller(const std::string& platform, const LaneContext& context);
  ~Refiller() { RequestStop(); }

  // Deliveries have come by the lane.
  void Received(size_t deliveries);
  // The lane has opened: the next Look asks at once. Where it finds the lane full, nobody has worked on it,
  // and the ledger has what did not fit: until all of that has come it asks in a quarter of the time, for
  // what is a quarter as old. What is asked for too soon comes twice, and is known by its version.
  void Now();
  // With `batches` on the lane: has feedback asked for a refill if it is time, which is every interval, and
  // sooner while there is more, the lane is low and what was asked for has come; less and less often while
  // the lane has nothing to do. One question at a time.
  void Look(int64_t batches);

  // It has asked since the last delivery came, and awaits nothing: no answer, and nothing that it said.
  bool has_asked() const;
  // And was told that nothing is due.
  bool has_nothing() const;

  // A question under way is given up.
  void RequestStop();
  bool finished() const;

 private:
  void Run(StopToken& stop);
  bool IsTime(int64_t batches, absl::Time now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Of a time that is waited for: a part of it while it makes up for what did not fit.
  absl::Duration Hurried(absl::Duration wait, absl::Time now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Ask();

  const std::string platform_;
  const LaneContext& context_;
  LaneSource source_;  // of the worker
  grpc_support::Cancellation calls_;

  mutable Mutex mutex_;
  bool asking_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Time due_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  bool opened_ ABSL_GUARDED_BY(mutex_) = false;  // and was not looked at since
  absl::Time hurried_until_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  bool more_ ABSL_GUARDED_BY(mutex_) = false;
  size_t received_ ABSL_GUARDED_BY(mutex_) = 0;   // since the last question
  size_t replayed_ ABSL_GUARDED_BY(mutex_) = 0;   // by its answer
  int intervals_ ABSL_GUARDED_BY(mutex_) = 1;     // until the next question
  bool asked_ ABSL_GUARDED_BY(mutex_) = false;    // since the last delivery
  bool nothing_ ABSL_GUARDED_BY(mutex_) = false;  // by the last answer
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  // From the first question on. Last: it uses the others.
  std::unique_ptr<Worker> worker_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cognate::delivery
