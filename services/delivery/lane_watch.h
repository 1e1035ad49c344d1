// Wakes the lanes of this process that rest: by what comes onto their streams, by time, by changes of their
// platforms and by what the ledger has due. Two threads, however many lanes there are.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/grpc/cancellation.h"
#include "common/health/progress_monitor.h"
#include "common/redis/client.h"
#include "common/retry/backoff.h"
#include "common/sync/mutex.h"
#include "common/worker/worker.h"
#include "services/delivery/lane_options.h"
#include "services/delivery/lane_rest.h"
#include "services/delivery/resting_lanes.h"
#include "services/delivery/stream_watch.h"

namespace cognate::delivery {

// Thread safe.
class LaneWatch {
 public:
  // What it has done with lanes; each may name one that is there no more.
  struct Lanes {
    std::function<void(const std::string& platform, WakeCause cause)> wake;
    // Lets go what the lane had to work with. False if it goes on.
    std::function<bool(const std::string& platform)> reap;
  };

  // `context` outlives it.
  LaneWatch(const LaneContext& context, Lanes lanes);
  ~LaneWatch() { Stop(); }

  void Start();
  void Stop();

  // A lane is to rest.
  void Rest(const std::string& platform, delivery::Rest rest) { resting_.Add(platform, std::move(rest)); }
  // It is woken by somebody else, or gone: to be called before.
  void Forget(const std::string& platform) { resting_.Remove(platform); }
  // The rules' revision, which every change of a platform raises.
  void SetRevision(int64_t revision) { revision_.store(revision, std::memory_order_release); }

  size_t resting() const { return resting_.size(); }
  absl::Status Check() const { return progress_.Check(); }

 private:
  void RunEntries(StopToken& stop);
  void WakeByTime();
  void RunInquiries(StopToken& stop);
  void Wake(const std::string& platform, WakeCause cause);
  // The inquiries; each says when it wants to be made again.
  absl::Duration AskDue();
  absl::Duration AskPlatforms();
  absl::Duration LookAtPauses();
  absl::Duration LookAtStreams();
  struct Looked {
    std::string platform;
    std::string stream;
    std::string mark;
    bool is_open;
    std::string why;
  };
  absl::Status LookAt(absl::Span<const Looked> lanes);

  const LaneContext& context_;
  const Lanes lanes_;
  RestingLanes resting_;
  health::ProgressMonitor progress_;
  std::atomic<int64_t> revision_{0};

  // Of the first thread.
  StreamWatch streams_;
  absl::flat_hash_map<std::string, absl::Time> started_;  // woken by time, and not at rest again
  // Of the second one.
  grpc_support::Cancellation calls_;
  int64_t seen_revision_ = 0;
  absl::flat_hash_map<std::string, std::string> etags_;  // of platforms, at that revision
  size_t next_asked_ = 0;                                // where the ledger cannot be asked
  std::unique_ptr<redis::Client> redis_;

  std::unique_ptr<Worker> entries_;
  std::unique_ptr<Worker> inquiries_;
};

}  // namespace cognate::delivery
