#pragma once

#include <cstdint>

namespace cognate::metrics {

// What the kernel says about this process.
struct ProcessFacts {
  int64_t resident_bytes = 0;
  double cpu_seconds = 0;
  int64_t open_files = 0;
  int64_t max_files = 0;
  int64_t threads = 0;
  double start_time_seconds = 0;  // Since the epoch.
};
ProcessFacts ReadProcessFacts();

}  // namespace cognate::metrics
