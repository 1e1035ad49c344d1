// The one thread on which all of a server's sockets are looked after.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/sync/mutex.h"

struct event;
struct event_base;

namespace cognate::http {

// Time that only goes forward, since some moment.
absl::Duration Monotonic();

class EventLoop {
 public:
  using Task = std::function<void()>;

  static absl::StatusOr<std::shared_ptr<EventLoop>> Create();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs the task on the loop's thread, in the order of the posts. Any thread. After Stop tasks are dropped.
  void Post(Task task);
  // Runs the task once, after `delay`. On the loop's thread.
  void After(absl::Duration delay, Task task);
  // Calls the task every `interval`, from Run on. Before Run.
  void Every(absl::Duration interval, Task task);

  // Until Stop; then runs what was posted before it.
  void Run();
  // Any thread; final.
  void Stop();

  event_base* base() { return base_; }

 private:
  EventLoop() = default;
  bool Open();
  void RunPosted();
  static void OnWake(int handle, short what, void* self);
  static void OnTick(int handle, short what, void* task);
  static void OnDelayed(int handle, short what, void* delayed);

  struct Ticker {
    event* timer;
    Task task;
  };

  struct Delayed {
    EventLoop* loop;
    event* timer;
    Task task;
  };

  event_base* base_ = nullptr;
  int wake_handle_ = -1;
  event* wake_ = nullptr;
  std::vector<std::unique_ptr<Ticker>> tickers_;
  std::map<Delayed*, std::unique_ptr<Delayed>> delayed_;
  Mutex mutex_;
  std::vector<Task> posted_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace cognate::http
