#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/cluster/cluster.h"
#include "tests/faults/targets.h"

namespace cognate::faults {

// Declares the platform `source` (an agent) with the generator's models, the targets, and a sync of each
// model to each target.
absl::Status SetUp(cluster::Cluster& cluster, const std::vector<Target*>& targets);

// What must not be left when all is quiet: troubles, batches of changes and deliveries on their streams.
struct Leftovers {
  int64_t count = 0;
  std::string text;  // A line each; of troubles at most twenty.
};
// Counts at least one while a service or Redis cannot be asked.
Leftovers FindLeftovers(cluster::Cluster& cluster);

}  // namespace cognate::faults
