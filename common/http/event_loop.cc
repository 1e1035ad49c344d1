#include "common/http/event_loop.h"

#include <chrono>
#include <cstdint>
#include <utility>

#include <event2/event.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "absl/status/status.h"

namespace cognate::http {

absl::Duration Monotonic() { return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch()); }

absl::StatusOr<std::shared_ptr<EventLoop>> EventLoop::Create() {
  std::shared_ptr<EventLoop> loop(new EventLoop());
  if (!loop->Open()) return absl::ErrnoToStatus(errno, "an event loop cannot be made");
  return loop;
}

bool EventLoop::Open() {
  base_ = event_base_new();
  wake_handle_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (base_ == nullptr || wake_handle_ < 0) return false;
  wake_ = event_new(base_, wake_handle_, EV_READ | EV_PERSIST, &EventLoop::OnWake, this);
  return wake_ != nullptr && event_add(wake_, nullptr) == 0;
}

EventLoop::~EventLoop() {
  for (const auto& ticker : tickers_) event_free(ticker->timer);
  for (const auto& [key, delayed] : delayed_) event_free(delayed->timer);
  if (wake_ != nullptr) event_free(wake_);
  if (base_ != nullptr) event_base_free(base_);
  if (wake_handle_ >= 0) close(wake_handle_);
}

void EventLoop::Post(Task task) {
  {
    MutexLock lock(&mutex_);
    if (stopped_) return;
    posted_.push_back(std::move(task));
    if (posted_.size() > 1) return;  // Whoever came first has woken it.
  }
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_handle_, &one, sizeof(one));
}

void EventLoop::After(absl::Duration delay, Task task) {
  auto delayed = std::make_unique<Delayed>(Delayed{this, nullptr, std::move(task)});
  delayed->timer = event_new(base_, -1, 0, &EventLoop::OnDelayed, delayed.get());
  const timeval time = absl::ToTimeval(delay);
  event_add(delayed->timer, &time);
  Delayed* const key = delayed.get();
  delayed_.emplace(key, std::move(delayed));
}

void EventLoop::Every(absl::Duration interval, Task task) {
  auto ticker = std::make_unique<Ticker>(Ticker{nullptr, std::move(task)});
  ticker->timer = event_new(base_, -1, EV_PERSIST, &EventLoop::OnTick, ticker.get());
  const timeval period = absl::ToTimeval(interval);
  event_add(ticker->timer, &period);
  tickers_.push_back(std::move(ticker));
}

void EventLoop::Run() {
  event_base_dispatch(base_);
  RunPosted();
  event_base_loop(base_, EVLOOP_NONBLOCK);  // The library closes sockets a turn after they were given back.
}

void EventLoop::Stop() {
  Post([this] { event_base_loopbreak(base_); });
  MutexLock lock(&mutex_);
  stopped_ = true;
}

void EventLoop::RunPosted() {
  std::vector<Task> tasks;
  {
    MutexLock lock(&mutex_);
    tasks.swap(posted_);
  }
  for (const Task& task : tasks) task();
}

void EventLoop::OnWake(int handle, short /*what*/, void* self) {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = read(handle, &count, sizeof(count));
  static_cast<EventLoop*>(self)->RunPosted();
}

void EventLoop::OnDelayed(int /*handle*/, short /*what*/, void* delayed) {
  auto* const key = static_cast<Delayed*>(delayed);
  EventLoop& loop = *key->loop;
  const std::unique_ptr<Delayed> owned = std::move(loop.delayed_[key]);
  loop.delayed_.erase(key);
  event_free(owned->timer);
  owned->task();
}

void EventLoop::OnTick(int /*handle*/, short /*what*/, void* task) { static_cast<Ticker*>(task)->task(); }

}  // namespace cognate::http
