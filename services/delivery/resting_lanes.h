// The lanes of this process that rest, and what each waits for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "common/sync/mutex.h"
#include "services/delivery/lane_rest.h"

namespace cognate::delivery {

// Thread safe.
class RestingLanes {
 public:
  // A lane is to rest from now on; what was known of its rest before is forgotten.
  void Add(const std::string& platform, Rest rest);
  // It works, or is gone. False if it did not rest.
  bool Remove(const std::string& platform);

  struct Entered {
    std::string platform;
    int64_t number = 0;  // of this rest among all
  };
  // Those that are to rest since the last call.
  std::vector<Entered> TakeEntered();
  // Only if that rest has not been followed by another.
  void RemoveIf(const Entered& entered);
  // Up to `limit` whose time has come, first the one that waits longest. They stay.
  std::vector<std::string> Over(absl::Time now, size_t limit) const;
  bool WaitsForEntries(const std::string& platform) const;
  // In no order, and not longer than the call.
  void ForEach(absl::FunctionRef<void(const std::string& platform, const Rest& rest)> look) const;
  size_t size() const;

 private:
  struct Resting {
    Rest rest;
    int64_t number = 0;
  };
  bool RemoveLocked(const std::string& platform) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  int64_t last_number_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<std::string, Resting> resting_ ABSL_GUARDED_BY(mutex_);
  absl::btree_set<std::pair<absl::Time, std::string>> by_time_ ABSL_GUARDED_BY(mutex_);
  std::vector<Entered> entered_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cognate::delivery
