// Forgets what records lead to that are gone, and clears drafts away that dead processes have left in
// targets' directories.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/clock/clock.h"
#include "common/worker/stop_token.h"
#include "services/clients/registry_client.h"
#include "services/file_transfer/collect_store.h"
#include "services/file_transfer/placing/place_workers.h"
#include "services/file_transfer/placing/platforms.h"
#include "services/file_transfer/placing/stores.h"

namespace cognate::file_transfer {

class Sweeper {
 public:
  Sweeper(const Clock& clock, Stores& stores, clients::RegistryClient& registry, Platforms& platforms,
          PlaceWorkers& workers)
      : clock_(clock),
        stores_(stores),
        registry_(registry),
        platforms_(platforms),
        workers_(workers),
        chores_(stores.pool) {}

  void Run(StopToken& stop);

 private:
  absl::Status SweepEntities(StopToken& stop);
  absl::Status SweepPlatforms(StopToken& stop);
  absl::Status SweepPlacements(StopToken& stop);
  absl::Status SweepLinks(StopToken& stop);
  // What somebody has removed from a directory, and nothing leads to.
  absl::Status SweepDirectory(const PlatformFiles& files, StopToken& stop);

  const Clock& clock_;
  Stores& stores_;
  clients::RegistryClient& registry_;
  Platforms& platforms_;
  PlaceWorkers& workers_;
  CollectStore chores_;
};

}  // namespace cognate::file_transfer
