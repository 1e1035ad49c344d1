// Calls that wait for something without a thread each.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/sync/mutex.h"
#include "common/worker/worker.h"

namespace cognate::grpc_support {

// Thread safe. Outlives the server whose calls it has.
class WaitingCalls {
 public:
  // One look at what a call waits for: true when the call has ended.
  using Look = std::function<bool()>;

  // Linux shows the first 15 bytes of `name`. So many looks are under way at once.
  explicit WaitingCalls(const std::string& name, int threads = 4);
  ~WaitingCalls();

  // Has somebody look at once, then whenever `key` is woken and every quarter of a second, until the look
  // says that it was the last one; one at a time.
  void Add(const std::string& key, Look look);
  // Those that have not ended.
  int count() const;
  // What calls with this key wait for may be there.
  void Wake(absl::string_view key);

 private:
  struct Call {
    std::string key;
    Look look;
    absl::Time next;  // when to look again, at the latest
  };
  struct Key {
    int calls = 0;
    uint64_t wakes = 0;
    std::vector<Call> parked;
  };

  void Run(StopToken& stop);
  bool LookAt(Call& call);
  void MoveDue(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<Call> due_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, Key> keys_ ABSL_GUARDED_BY(mutex_);
  int count_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Time next_sweep_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace cognate::grpc_support
