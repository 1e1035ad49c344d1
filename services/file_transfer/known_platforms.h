#pragma once

#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/sync/mutex.h"
#include "services/clients/registry_client.h"

namespace cognate::file_transfer {

// Which platforms there are, as the registry says, and for a minute as it said. Thread safe.
class KnownPlatforms {
 public:
  // Both outlive it.
  KnownPlatforms(clients::RegistryClient& registry, const Clock& clock)
      : registry_(registry), clock_(clock) {}

  // PLATFORM_NOT_FOUND where there is none of this id. While the registry cannot be asked every id is good:
  // contents are taken also while it is away.
  absl::Status Check(const std::string& platform);

 private:
  clients::RegistryClient& registry_;
  const Clock& clock_;
  Mutex mutex_;
  absl::flat_hash_map<std::string, absl::Time> seen_ ABSL_GUARDED_BY(mutex_);
  absl::Time asked_in_vain_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
};

}  // namespace cognate::file_transfer
