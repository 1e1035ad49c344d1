#include "services/gateway/converters.h"

#include <utility>

namespace cognate::gateway {
namespace {

constexpr int kThreads = 2;
constexpr size_t kMaxWaiting = 1024;  // Bodies are bounded by the server; this is a bound of last resort.

}  // namespace

Converters::Converters() : tasks_(kMaxWaiting) {
  for (int i = 0; i < kThreads; ++i) {
    workers_.push_back(std::make_unique<Worker>("convert", [this](StopToken&) {
      for (auto batch = tasks_.PopBatch(1); !batch.empty(); batch = tasks_.PopBatch(1)) batch.front()();
    }));
  }
}

Converters::~Converters() { tasks_.Close(); }

bool Converters::Run(size_t bytes, Task task) {
  if (bytes <= kSmall) {
    task();
    return true;
  }
  if (tasks_.size() >= kMaxWaiting || tasks_.closed()) return false;
  return tasks_.Push(std::move(task));
}

}  // namespace cognate::gateway
