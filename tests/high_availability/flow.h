// Changes at a set rate from a followed database to a target, and how long each took from one to the other.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/postgres/connection.h"
#include "common/sync/mutex.h"
#include "tests/cluster/cluster.h"
#include "tests/support/postgres_server.h"

namespace cognate::high_availability {

// The changes are inserts, and now and then updates and deletes of earlier records. Only inserts are timed:
// an update may be overtaken by a newer one, and then never arrives by itself.
class Flow {
 public:
  Flow();
  ~Flow() { Stop(); }

  // Declares the platforms `source` and `target`, and the sync between them.
  absl::Status SetUp(cluster::Cluster& cluster);
  void Start(int changes_per_second);
  void Stop();

  int64_t changes() const { return changes_; }
  absl::Duration ran() const { return ran_; }
  // Whether every insert so far has arrived.
  bool AllArrived();
  // Of the inserts that have arrived, those sent from `since` on; in milliseconds, NaN where there are none.
  double Percentile99(absl::Time since = absl::InfinitePast());
  // Since when it goes on as it should after a disturbance: the end of the first window that began after
  // `disturbed`, whose inserts are all there with a p99 below `limit`; or when the last insert of an earlier
  // window was there, if that was later. nullopt: not yet.
  std::optional<absl::Time> Recovered(absl::Time disturbed, absl::Duration limit);

  // Records that the target has not, or has differently, more than once, or in excess; -1 while one of the
  // two cannot be asked. `missing` are those that it has not.
  int64_t Differing(int64_t* missing);
  // Of the source's replication slot: how many there are now, and the most there ever were at a time.
  int Readers();
  int MostReaders() const { return most_readers_; }

 private:
  struct Window {
    int64_t sent = 0;
    int64_t arrived = 0;
    absl::Time last_arrival = absl::InfinitePast();
    std::vector<double> milliseconds;
  };

  void Write(int changes_per_second);
  void Collect();
  void Watch();
  size_t WindowOf(absl::Time sent) const;

  std::unique_ptr<test_support::PostgresServer> source_, target_;
  std::string source_uri_, target_uri_;
  absl::Time start_;
  absl::Duration ran_;
  std::atomic<int64_t> changes_ = 0;
  std::atomic<int> most_readers_ = 0;
  Mutex mutex_;
  std::vector<Window> windows_ GUARDED_BY(mutex_);
  std::atomic<bool> writing_ = false;
  std::atomic<bool> watching_ = false;
  std::thread writer_, collector_, watcher_;
};

}  // namespace cognate::high_availability
