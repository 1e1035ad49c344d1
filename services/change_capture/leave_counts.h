// Has counted what changed rules would take away from their targets, and tells the registry.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cognate/v1/sync.pb.h"
#include "common/worker/worker.h"
#include "services/change_capture/catalogue.h"
#include "services/change_capture/rule_changes.h"
#include "services/change_capture/transformer_client.h"
#include "services/clients/registry_client.h"

namespace cognate::change_capture {

struct LeaveCountsOptions {
  absl::Duration idle_wait = absl::Milliseconds(100);
  absl::Duration retry_wait = absl::Seconds(1);  // after an error
};

// One thread. The transformer counts, page by page, by the code that delivers. How far it is stands in no
// table: what breaks off is counted from the start, by whoever comes next; of several processes the registry
// takes the first answer. Counts only what RuleChanges has looked at, so that when the guard is lifted or
// held the sync's records are delivered again.
class LeaveCounts {
 public:
  LeaveCounts(clients::RegistryClient& registry, const std::string& transformer, const Catalogue& catalogue,
              const RuleChanges& rule_changes, LeaveCountsOptions options = {});

  void Start();
  void Stop() { worker_.reset(); }

 private:
  struct Progress {
    std::string etag;  // of what is counted
    std::string page_token;
    int64_t leaving = 0;
    int64_t records = 0;
  };

  void Run(StopToken& stop);
  // One page of each; how long the next step may wait.
  absl::Duration Step();
  absl::Status CountPage(const v1::Sync& sync, int64_t rules_revision, Progress& progress);

  clients::RegistryClient& registry_;
  TransformerClient transformer_;
  const Catalogue& catalogue_;
  const RuleChanges& rule_changes_;
  const LeaveCountsOptions options_;
  std::map<std::string, Progress> progress_;  // by sync
  std::unique_ptr<Worker> worker_;
};

}  // namespace cognate::change_capture
