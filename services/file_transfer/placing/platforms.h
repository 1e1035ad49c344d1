#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/sync/mutex.h"
#include "services/clients/registry_client.h"
#include "services/file_transfer/placing/place.h"
#include "services/file_transfer/placing/place_workers.h"
#include "services/file_transfer/placing/stores.h"

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
  Platforms(clients::RegistryClient& registry, const Clock& clock, PlaceWorkers& workers, Stores& stores,
            std::vector<std::string> roots, Place::Gate gate = nullptr)
      : registry_(registry),
        clock_(clock),
        workers_(workers),
        stores_(stores),
        roots_(std::move(roots)),
        gate_(std::move(gate)) {}

  absl::StatusOr<std::shared_ptr<const PlatformFiles>> Get(const std::string& platform);

 private:
  // The directory, opened anew in a thread of the platform.
  absl::StatusOr<std::shared_ptr<const Place>> OpenPlace(const std::string& platform,
                                                         const std::string& directory);
  // Of one that does not say that it is the platform's: PLACE_MISMATCH where files of the platform are in
  // place and none of them is there. An empty directory must not look like one whose files are gone, nor be
  // filled.
  absl::Status CheckMark(const std::string& platform, const std::shared_ptr<const Place>& place);
  absl::StatusOr<bool> HasOneOf(const std::string& platform, const std::shared_ptr<const Place>& place,
                                std::vector<std::string> placed);
  absl::Status NoteWritten(const std::string& platform);
  void Forget(const std::string& platform);

  struct Known {
    std::shared_ptr<const PlatformFiles> files;
    absl::Time time;
  };

  clients::RegistryClient& registry_;
  const Clock& clock_;
  PlaceWorkers& workers_;
  Stores& stores_;
  const std::vector<std::string> roots_;
  const Place::Gate gate_;
  Mutex mutex_;
  absl::flat_hash_map<std::string, Known> known_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_set<std::string> noted_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cognate::file_transfer
