#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/sync/mutex.h"
#include "services/clients/registry_client.h"
#include "services/file_transfer/placing/place.h"
#include "services/file_transfer/placing/place_workers.h"

namespace cognate::file_transfer {

// Where a platform has its files.
struct PlatformFiles {
  std::string id;
  // Without it the platform's agent brings and fetches files.
  bool has_place = false;
  std::shared_ptr<const Place> place;  // null where it cannot be reached now: `why`
  absl::Status why;
  std::string url;
  bool allow_private_addresses = false;  // of the url
  int64_t quota_bytes = 0;
  bool has_agent = false;  // it fetches deliveries, and with them files
};

// Asks the registry, and opens directories, every few seconds anew: one that was mounted over is found.
// Thread safe.
class Platforms {
 public:
  Platforms(clients::RegistryClient& registry, const Clock& clock, PlaceWorkers& workers,
            std::vector<std::string> roots, Place::Gate gate = nullptr)
      : registry_(registry),
        clock_(clock),
        workers_(workers),
        roots_(std::move(roots)),
        gate_(std::move(gate)) {}

  absl::StatusOr<std::shared_ptr<const PlatformFiles>> Get(const std::string& platform);
  // The directory, opened anew in a thread of the platform.
  absl::StatusOr<std::shared_ptr<const Place>> OpenPlace(const std::string& platform,
                                                         const std::string& directory);

 private:
  struct Known {
    std::shared_ptr<const PlatformFiles> files;
    absl::Time time;
  };

  clients::RegistryClient& registry_;
  const Clock& clock_;
  PlaceWorkers& workers_;
  const std::vector<std::string> roots_;
  const Place::Gate gate_;
  Mutex mutex_;
  absl::flat_hash_map<std::string, Known> known_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cognate::file_transfer
