#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/postgres/pool.h"
#include "services/file_transfer/placing/rows.h"

namespace cognate::file_transfer {

// What one call to Bind leaves, in all tables at once. No key twice in any list.
struct BindChanges {
  std::string target_platform;
  std::vector<Binding> bindings;
  std::vector<BindingKey> last_positions;         // what stands behind these in the same field is gone
  std::vector<BindingKey> source_last_positions;  // the same, where no third platform has it
  std::vector<BindingKey> unbound;
  std::vector<BindingKey> unbound_sources;  // where no third platform has it
  std::vector<SeenFile> seen;
  std::vector<PlacementRow> placements;
  std::vector<ReadRow> reads;
  std::vector<LinkRow> links;
  std::vector<WaitRow> waits;
  std::vector<BindingKey> settled;  // they wait no more
  // Contents that the service has found on platforms, and those that it has put there.
  std::map<std::string, std::vector<std::string>> possessed;
  // Refusals of agents (platform and hash) that are told now: who asks again asks the agent again.
  std::vector<std::string> refusing_platforms;
  std::vector<std::string> refused_sha256s;

  // In one transaction.
  absl::Status Commit(postgres::Pool& pool, absl::Time now);
};

}  // namespace cognate::file_transfer
