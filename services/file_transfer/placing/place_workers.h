// Threads that work in platforms' directories, a few for each platform: a directory that does not answer (a
// dead mount) keeps its own platform waiting and nobody else.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/sync/mutex.h"
#include "common/worker/worker.h"

namespace cognate::file_transfer {

// How a job says that it moves, and hears that nobody waits for it any more. Thread safe.
class Beat {
 public:
  explicit Beat(const Clock& clock) : clock_(clock), last_(absl::ToUnixNanos(clock.Now())) {}

  // False: what is not done yet is not wanted any more.
  bool Tick() {
    last_ = absl::ToUnixNanos(clock_.Now());
    return !is_left_;
  }
  void Leave() { is_left_ = true; }
  absl::Time last() const { return absl::FromUnixNanos(last_); }

 private:
  const Clock& clock_;
  std::atomic<int64_t> last_;
  std::atomic<bool> is_left_ = false;
};

// Thread safe.
class PlaceWorkers {
 public:
  // What has not moved for as long hangs.
  static constexpr absl::Duration kHangs = absl::Seconds(10);

  explicit PlaceWorkers(const Clock& clock) : clock_(clock) {}
  // Waits for all that runs.
  ~PlaceWorkers();

  // Runs `job` in a thread of the platform and waits until it has ended, or until that time, or until it
  // hangs. UNAVAILABLE: it has not ended, or another one of the platform hangs; then it goes on by itself, or
  // never begins, and everything that it touches must be its own.
  using Job = std::function<void(Beat&)>;
  absl::Status Run(const std::string& platform, absl::Time until, Job job);

 private:
  struct Task {
    Task(const Clock& clock, Job run) : beat(clock), job(std::move(run)) {}
    Beat beat;
    Job job;
    bool has_begun = false;  // under the mutex, like the next
    bool has_ended = false;
  };
  struct Platform {
    std::deque<std::shared_ptr<Task>> queue;
    std::vector<std::shared_ptr<Task>> running;
    std::vector<std::unique_ptr<Worker>> threads;
    size_t serving_count = 0;  // threads that will look into the queue once more
    size_t idle_count = 0;     // of these, those that wait
  };
  void Serve(const std::string& platform);
  bool Hangs(const Platform& platform) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AddThread(const std::string& name, Platform& platform) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Clock& clock_;
  Mutex mutex_;
  CondVar changed_;
  bool is_over_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<std::string, Platform> platforms_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cognate::file_transfer
