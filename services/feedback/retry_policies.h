// What each platform says of how often a delivery to it is tried again.
#pragma once

#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/sync/mutex.h"
#include "services/clients/registry_client.h"
#include "services/feedback/outcome.h"

namespace cognate::feedback {

// Thread safe.
class RetryPolicies {
 public:
  RetryPolicies(const RetryPolicy& base, clients::RegistryClient& registry, const Clock& clock)
      : base_(base), registry_(registry), clock_(clock) {}

  // `base` with the delays of the platform's own schedule (Platform.delivery.retry) and its own terms of
  // holding (Platform.delivery.hold), at most a few seconds old. A platform without one gets, where other
  // people's software answers (webhooks, agents), the schedule of Standard Webhooks, and where a database
  // does, the steps of `base`: a lock or a deadlock there is over in a second. While the registry is away the
  // last that was known counts; where nothing was, what is held is neither released nor given up by itself.
  RetryPolicy Of(const std::string& platform);

 private:
  struct Known {
    bool was_read = false;
    std::vector<absl::Duration> delays;
    HoldPolicy hold;
    absl::Time until = absl::InfinitePast();
  };
  Known Read(const std::string& platform, const Known& before);

  const RetryPolicy base_;
  clients::RegistryClient& registry_;
  const Clock& clock_;
  Mutex mutex_;
  absl::flat_hash_map<std::string, Known> known_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cognate::feedback
