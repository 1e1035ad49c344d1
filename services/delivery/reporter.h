// Reports what became of a round while the next one is on its way to the target, then acknowledges its
// entries.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/feedback_service.pb.h"
#include "common/health/progress_monitor.h"
#include "common/redis/client.h"
#include "common/sync/bounded_queue.h"
#include "common/sync/mutex.h"
#include "common/trace/context.h"
#include "common/worker/worker.h"
#include "services/delivery/feedback_client.h"

namespace cognate::delivery {

// What is to be told of one round.
struct RoundReport {
  v1::ReportRequest outcomes;  // and events of the platform
  std::vector<std::string> entry_ids;
  // Called when feedback has taken the outcomes; may be null.
  std::function<void(const v1::ReportRequest&)> told;
  trace::SpanContext trace;  // of the round
};

// One thread, from the first round on. Rounds are reported in order; nothing is acknowledged before feedback
// has answered.
class Reporter {
 public:
  // `progress` hears of each report. What is given outlives it.
  Reporter(std::string platform, std::string stream, redis::Options redis, FeedbackClient& feedback,
           health::ProgressMonitor& progress);
  // Stops; what is not reported yet stays pending for the next owner.
  ~Reporter();

  // Waits while two rounds are under way. False after RequestStop. By one thread.
  bool Push(RoundReport report);
  // Everything is reported.
  bool idle() const { return under_way_.load(std::memory_order_acquire) == 0; }
  void RequestStop();
  // After RequestStop: does not wait for feedback's answer either.
  void Interrupt() { calls_.Cancel(); }
  bool finished() const;

 private:
  void Run(StopToken& stop);
  void Report(const RoundReport& report, StopToken& stop);
  // Until feedback has taken all that it can take; false when stopped before.
  bool Tell(const v1::ReportRequest& report, StopToken& stop);
  // Calls until OK; false when stopped before.
  bool Insist(absl::string_view complaint, StopToken& stop, absl::FunctionRef<absl::Status()> call);
  absl::Status Acknowledge(const std::vector<std::string>& entry_ids);

  const std::string platform_;
  const std::string stream_;
  const redis::Options redis_options_;
  FeedbackClient& feedback_;
  health::ProgressMonitor& progress_;
  std::unique_ptr<redis::Client> redis_;
  grpc_support::Cancellation calls_;
  BoundedQueue<RoundReport> reports_{1};
  std::atomic<int> under_way_{0};
  mutable Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::unique_ptr<Worker> worker_ ABSL_GUARDED_BY(mutex_);  // last: it uses the others
};

}  // namespace cognate::delivery
