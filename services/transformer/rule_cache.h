// The rules in force, kept by revision.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cognate/v1/platform_registry_service.pb.h"
#include "common/sync/mutex.h"
#include "services/transformer/rule_set.h"

namespace cognate::transformer {

// Thread safe.
class RuleCache {
 public:
  using Fetch = std::function<absl::StatusOr<v1::GetRulesResponse>(int64_t known_revision)>;
  explicit RuleCache(Fetch fetch) : fetch_(std::move(fetch)) {}

  // Asks the registry for newer ones. An error leaves what there is.
  absl::Status Refresh();
  // What was last fetched; null before the first time.
  std::shared_ptr<const RuleSet> Current() const;
  // Rules of at least this revision, asking the registry if need be. UNAVAILABLE if the registry has none so
  // new: nothing may be planned with older ones.
  absl::StatusOr<std::shared_ptr<const RuleSet>> AtLeast(int64_t revision);

 private:
  const Fetch fetch_;
  Mutex fetching_;  // one question at a time
  mutable Mutex mutex_;
  std::shared_ptr<const RuleSet> current_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cognate::transformer
