#include "common/grpc/waiting_calls.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace cognate::grpc_support {
namespace {

// Also how soon a caller that has gone, or whose key was revoked, is noticed.
constexpr absl::Duration kBetweenLooks = absl::Milliseconds(250);
constexpr absl::Duration kBetweenSweeps = absl::Milliseconds(50);

}  // namespace

WaitingCalls::WaitingCalls(const std::string& name, int threads) {
  for (int i = 0; i < threads; ++i) {
    workers_.push_back(
        std::make_unique<Worker>(absl::StrCat(name, "-", i), [this](StopToken& stop) { Run(stop); }));
  }
}

WaitingCalls::~WaitingCalls() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  workers_.clear();
}

void WaitingCalls::Add(const std::string& key, Look look) {
  MutexLock lock(&mutex_);
  ++keys_[key].calls;
  ++count_;
  due_.push_back({key, std::move(look), absl::InfinitePast()});
  changed_.Signal();
}

int WaitingCalls::count() const {
  MutexLock lock(&mutex_);
  return count_;
}

void WaitingCalls::Wake(absl::string_view key) {
  MutexLock lock(&mutex_);
  const auto found = keys_.find(key);
  if (found == keys_.end()) return;
  ++found->second.wakes;
  for (Call& call : found->second.parked) due_.push_back(std::move(call));
  found->second.parked.clear();
  changed_.SignalAll();
}

void WaitingCalls::MoveDue(absl::Time now) {
  next_sweep_ = now + kBetweenSweeps;
  for (auto& [key, waiting] : keys_) {
    const auto is_due = [&](const Call& call) { return call.next <= now; };
    const auto first = std::stable_partition(waiting.parked.begin(), waiting.parked.end(),
                                             [&](const Call& call) { return !is_due(call); });
    for (auto call = first; call != waiting.parked.end(); ++call) due_.push_back(std::move(*call));
    waiting.parked.erase(first, waiting.parked.end());
  }
}

// False once the call has ended.
bool WaitingCalls::LookAt(Call& call) {
  uint64_t wakes = 0;
  {
    MutexLock lock(&mutex_);
    wakes = keys_[call.key].wakes;
  }
  const bool is_over = call.look();
  if (is_over) call.look = nullptr;  // what it holds goes outside the lock
  MutexLock lock(&mutex_);
  const auto found = keys_.find(call.key);
  Key& key = found->second;
  if (is_over) {
    --count_;
    if (--key.calls == 0) keys_.erase(found);
    return false;
  }
  if (key.wakes != wakes) return true;  // It came while we looked.
  call.next = absl::Now() + kBetweenLooks;
  key.parked.push_back(std::move(call));
  return false;
}

void WaitingCalls::Run(StopToken& stop) {
  while (!stop.stopping()) {
    Call call;
    {
      MutexLock lock(&mutex_);
      for (;;) {
        if (const absl::Time now = absl::Now(); now >= next_sweep_) MoveDue(now);
        if (!due_.empty()) break;
        if (stopping_) return;
        changed_.WaitFor(&mutex_, keys_.empty() ? absl::InfiniteDuration() : kBetweenSweeps);
      }
      call = std::move(due_.front());
      due_.pop_front();
    }
    while (LookAt(call)) continue;
  }
}

}  // namespace cognate::grpc_support
