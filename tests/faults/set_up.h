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

// The troubles that are left, a line each, at most twenty.
std::string DescribeTroubles(cluster::Cluster& cluster);

}  // namespace cognate::faults
