// One named thread that runs a loop until it is told to stop. The only owner of threads in a service.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "common/worker/stop_token.h"

namespace cognate {

class Worker {
 public:
  // Starts the thread at once, with every signal blocked: signals belong to main. `run` returns soon after
  // `stop.stopping()` turns true, or earlier on its own account. Linux shows the first 15 bytes of `name`.
  Worker(std::string name, std::function<void(StopToken& stop)> run);
  ~Worker() { Stop(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Tells the loop to stop without waiting for it, so that several can wind down together.
  void RequestStop() { stop_.Stop(); }
  // Stops and joins. Idempotent; not from the worker's own thread.
  void Stop();
  // Ends the loop's wait early.
  void Wake() { stop_.Wake(); }

  // The loop has returned.
  bool finished() const { return finished_.load(std::memory_order_acquire); }
  const std::string& name() const { return name_; }

 private:
  const std::string name_;
  StopToken stop_;
  std::atomic<bool> finished_ = false;
  std::thread thread_;
};

}  // namespace cognate
