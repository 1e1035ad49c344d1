#include "services/file_transfer/placing/place_workers.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace cognate::file_transfer {
namespace {

constexpr size_t kThreads = 4;  // of one platform
constexpr absl::Duration kIdle = absl::Seconds(30);

absl::Status DoesNotAnswer() { return absl::UnavailableError("the directory does not answer"); }

}  // namespace

PlaceWorkers::~PlaceWorkers() {
  std::vector<std::unique_ptr<Worker>> threads;
  {
    MutexLock lock(&mutex_);
    is_over_ = true;
    for (auto& [name, platform] : platforms_) {
      for (const auto& task : platform.running) task->beat.Leave();
      for (auto& thread : platform.threads) threads.push_back(std::move(thread));
    }
    changed_.SignalAll();
  }
  threads.clear();
}

bool PlaceWorkers::Hangs(const Platform& platform) const {
  const absl::Time now = clock_.Now();
  return std::any_of(platform.running.begin(), platform.running.end(),
                     [&](const auto& task) { return now - task->beat.last() > kHangs; });
}

void PlaceWorkers::AddThread(const std::string& name, Platform& platform) {
  std::erase_if(platform.threads, [](const auto& thread) { return thread->finished(); });
  if (platform.idle_count >= platform.queue.size() || platform.serving_count >= kThreads) return;
  ++platform.serving_count;
  platform.threads.push_back(
      std::make_unique<Worker>("file-place", [this, name](StopToken&) { Serve(name); }));
}

absl::Status PlaceWorkers::Run(const std::string& platform, absl::Time until, Job job) {
  const auto task = std::make_shared<Task>(clock_, std::move(job));
  MutexLock lock(&mutex_);
  Platform& own = platforms_[platform];
  if (is_over_) return absl::UnavailableError("the process stops");
  if (Hangs(own)) return DoesNotAnswer();
  own.queue.push_back(task);
  AddThread(platform, own);
  changed_.SignalAll();
  while (!task->has_ended) {
    const absl::Time now = clock_.Now();
    const absl::Time hangs_at = task->has_begun ? task->beat.last() + kHangs : absl::InfiniteFuture();
    // Begun late it has little time, and none while it hangs.
    if (now >= hangs_at || (now >= until && !task->has_begun) || is_over_) break;
    if (now >= until) task->beat.Leave();
    changed_.WaitFor(&mutex_,
                     std::min(now < until ? until : hangs_at, hangs_at) - now + absl::Milliseconds(1));
  }
  if (task->has_ended) return absl::OkStatus();
  task->beat.Leave();
  std::erase(own.queue, task);
  return DoesNotAnswer();
}

void PlaceWorkers::Serve(const std::string& platform) {
  MutexLock lock(&mutex_);
  Platform& own = platforms_[platform];
  while (!is_over_) {
    if (own.queue.empty()) {
      ++own.idle_count;
      const bool woken = changed_.WaitFor(&mutex_, kIdle);
      --own.idle_count;
      if (!woken && own.queue.empty()) break;
      continue;
    }
    const std::shared_ptr<Task> task = std::move(own.queue.front());
    own.queue.pop_front();
    own.running.push_back(task);
    task->beat.Tick();
    task->has_begun = true;
    mutex_.Unlock();
    task->job(task->beat);
    task->job = nullptr;
    mutex_.Lock();
    std::erase(own.running, task);
    task->has_ended = true;
    changed_.SignalAll();
  }
  --own.serving_count;
}

}  // namespace cognate::file_transfer
