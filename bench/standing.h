#pragma once

#include <cstdint>

#include "tests/cluster/cluster.h"

namespace cognate::bench {

// What a cluster in one process has taken so far, and what it holds. Differences of two say what was done
// between them.
struct Standing {
  // Seconds of processor time.
  double services = 0;
  double postgres = 0;  // of the whole server, targets on it included
  double redis = 0;
  // Bytes.
  int64_t database = 0;  // of Cognate's own
  int64_t log = 0;       // that the whole server has written ahead
  int64_t files = 0;     // of the file store
  int64_t redis_memory = 0;
  int64_t redis_peak = 0;
  int64_t resident = 0;  // of the services

  static Standing Of(cluster::Cluster& cluster);
};

}  // namespace cognate::bench
