// The rules in force, kept by revision.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cognate/v1/platform_registry_service.pb.h"
#include "common/clock/clock.h"
#include "common/sync/mutex.h"
#include "services/transformer/rule_set.h"

namespace cognate::transformer {

// Thread safe.
class RuleCache {
 public:
  using Fetch = std::function<absl::StatusOr<v1::GetRulesResponse>(int64_t known_revision)>;
  RuleCache(const Clock& clock, Fetch fetch) : clock_(clock), fetch_(std::move(fetch)) {}

  // Asks the registry for newer ones. An error leaves what there is.
  absl::Status Refresh();
  // What was last fetched; null before the first time.
  std::shared_ptr<const RuleSet> Current() const;
  // The rules in force at `since` or later, of at least this revision, asking the registry if need be. A sync
  // acts on changes that are captured after it was made, so whoever plans changes asks with the time at which
  // it read them. UNAVAILABLE if the registry has none so new: nothing may be planned with older ones.
  absl::StatusOr<std::shared_ptr<const RuleSet>> AtLeast(int64_t revision, absl::Time since);

 private:
  // The current ones, if they are good enough.
  std::shared_ptr<const RuleSet> Known(int64_t revision, absl::Time since) const;

  const Clock& clock_;
  const Fetch fetch_;
  Mutex fetching_;  // one question at a time
  mutable Mutex mutex_;
  std::shared_ptr<const RuleSet> current_ ABSL_GUARDED_BY(mutex_);
  absl::Time asked_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();  // when current_ was in force for sure
};

}  // namespace cognate::transformer
