// Forgets what records lead to that are gone, and clears drafts away that dead processes have left in
// targets' directories.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/clock/clock.h"
#include "common/worker/stop_token.h"
#include "services/clients/registry_client.h"
#include "services/file_transfer/placing/work_store.h"

namespace cognate::file_transfer {

class Sweeper {
 public:
  Sweeper(const Clock& clock, WorkStore& store, clients::RegistryClient& registry,
          std::vector<std::string> roots)
      : clock_(clock), store_(store), registry_(registry), roots_(std::move(roots)) {}

  void Run(StopToken& stop);

 private:
  absl::Status SweepEntities(StopToken& stop);
  absl::Status SweepDrafts();

  const Clock& clock_;
  WorkStore& store_;
  clients::RegistryClient& registry_;
  const std::vector<std::string> roots_;
};

}  // namespace cognate::file_transfer
