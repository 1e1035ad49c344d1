// The short numbers by which assignments name platforms.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/clock/clock.h"
#include "common/postgres/pool.h"
#include "common/sync/mutex.h"

namespace cognate::platform_registry {

// All platforms as they were at one moment.
class PlatformTable {
 public:
  void Add(int32_t number, const std::string& platform);
  std::optional<int32_t> Find(absl::string_view platform) const;
  // The ids of those that there are, in the order of the alphabet.
  std::vector<std::string> Names(absl::Span<const int32_t> numbers) const;
  // Whether each of them is there, or known to be gone.
  bool HasAll(absl::Span<const int32_t> numbers) const;
  // Those of them that are not there are gone for good.
  void AddGone(absl::Span<const int32_t> numbers);
  std::vector<std::string> AllNames() const;

 private:
  absl::flat_hash_map<int32_t, std::string> names_;
  absl::flat_hash_map<std::string, int32_t> numbers_;
  absl::flat_hash_set<int32_t> gone_;
};

// Thread safe.
class PlatformNumbers {
 public:
  PlatformNumbers(postgres::Pool& pool, const Clock& clock) : pool_(pool), clock_(clock) {}

  // As they are now.
  absl::StatusOr<std::shared_ptr<const PlatformTable>> Read();
  // As they were some seconds ago, or later: enough to name numbers, which are never given again. Reads anew
  // where one of them is not known.
  absl::StatusOr<std::shared_ptr<const PlatformTable>> Known(absl::Span<const int32_t> numbers);

 private:
  postgres::Pool& pool_;
  const Clock& clock_;
  Mutex mutex_;
  std::shared_ptr<const PlatformTable> table_ ABSL_GUARDED_BY(mutex_);
  absl::Time read_time_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
};

}  // namespace cognate::platform_registry
