// Acknowledges rounds while the next one is planned: to the change log, then on the stream.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/health/progress_monitor.h"
#include "common/redis/client.h"
#include "common/sync/bounded_queue.h"
#include "common/sync/mutex.h"
#include "common/worker/worker.h"
#include "services/transformer/metrics.h"
#include "services/transformer/peers_client.h"

namespace cognate::transformer {

// A round of which everything is planned, and what is due is on its way.
struct FinishedRound {
  std::vector<std::string> entry_ids;
  std::vector<int64_t> batch_ids;
  size_t changes = 0;
  absl::Time start;
};

struct AcknowledgerOptions {
  redis::Options redis;
  std::string stream;
};

// One thread. Rounds are acknowledged in order, several at a time where they wait. What is lost here is
// planned again, to no effect.
class Acknowledger {
 public:
  // What is given by reference outlives it.
  Acknowledger(AcknowledgerOptions options, const Clock& clock, PeersClient& peers, Metrics& metrics,
               health::ProgressMonitor& monitor);
  // Tries once more what waits.
  ~Acknowledger() { RequestStop(); }

  // Waits while too many rounds are under way. False after RequestStop.
  bool Push(FinishedRound round);
  // Whether an entry of the stream was pushed and is not removed yet. Any thread.
  bool Holds(absl::string_view entry_id) const;
  void RequestStop();

 private:
  void Run(StopToken& stop);
  void Acknowledge(const std::vector<FinishedRound>& rounds, StopToken& stop);
  // Calls until it is answered; false when stopped before.
  bool Insist(absl::string_view complaint, StopToken& stop, absl::FunctionRef<absl::Status()> call);
  absl::Status Remove(const std::vector<std::string>& entry_ids);

  const AcknowledgerOptions options_;
  const Clock& clock_;
  PeersClient& peers_;
  Metrics& metrics_;
  health::ProgressMonitor& monitor_;
  std::unique_ptr<redis::Client> redis_;
  BoundedQueue<FinishedRound> rounds_{4};
  mutable Mutex mutex_;
  absl::flat_hash_set<std::string> held_ ABSL_GUARDED_BY(mutex_);
  Worker worker_;  // last: it uses the others
};

}  // namespace cognate::transformer
