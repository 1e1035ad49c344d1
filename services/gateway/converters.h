// Where large bodies are converted, so that they hold up nobody else.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "common/sync/bounded_queue.h"
#include "common/worker/worker.h"

namespace cognate::gateway {

class Converters {
 public:
  using Task = std::function<void()>;

  Converters();
  ~Converters();  // Ends what is queued.

  // Bodies up to this size are converted where they are: that takes less than a millisecond.
  static constexpr size_t kSmall = 64 << 10;

  // Runs the task here and now for a small body, and soon on another thread for a large one. False: too many
  // are waiting, and it is not run.
  bool Run(size_t bytes, Task task);

 private:
  BoundedQueue<Task> tasks_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace cognate::gateway
