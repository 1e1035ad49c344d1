#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "common/postgres/connection.h"
#include "common/sync/mutex.h"
#include "tests/cluster/cluster.h"
#include "tests/faults/targets.h"

namespace cognate::faults {

// A followed database in which a row is added and an older one changed, again and again: each must come to
// every target. Make it before the platforms of the targets are declared.
class Ticker {
 public:
  explicit Ticker(std::vector<Target*> targets);
  ~Ticker() { Stop(); }

  // Declares the platform `ticker` and a sync to each target.
  absl::Status SetUp(cluster::Cluster& cluster);
  void Start();
  void Stop();
  // The number of one more row.
  int64_t Tick();
  // Whether each target has every row up to this one.
  bool Arrived(int64_t tick);
  // Of the source's replication slot.
  int ActiveReaders();
  Differences Compare();

 private:
  std::string Ask(const std::string& uri, const std::string& sql);

  const std::vector<Target*> targets_;
  std::unique_ptr<test_support::PostgresServer> server_;
  std::string uri_;
  std::unique_ptr<postgres::Connection> connection_;
  Mutex mutex_;
  int64_t ticks_ GUARDED_BY(mutex_) = 0;
  std::atomic<bool> ticking_ = false;
  std::thread thread_;
};

}  // namespace cognate::faults
