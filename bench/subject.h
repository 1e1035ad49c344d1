#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/workload.h"
#include "cognate/v1/change_capture_service.grpc.pb.h"
#include "tests/cluster/cluster.h"

namespace cognate::bench {

// What is measured: `cognate up` on a durable PostgreSQL that also holds the targets, each in a database of
// its own; the source has a server of its own.
class Subject {
 public:
  Subject();

  int64_t resident_bytes() const { return cluster_.ResidentBytes(); }
  cluster::Cluster& cluster() { return cluster_; }

  // Rows a second from the first `Capture` until all are applied, acknowledged, and settled.
  double Creates(int64_t count);
  double Updates(int64_t count);
  // The same from the first INSERT into the source database on.
  double FromPostgres(int64_t count);
  // Milliseconds from sending a single change (or a batch) to visible at the target, at a steady pace.
  std::vector<double> SingleLatencies(int per_second, absl::Duration duration);
  std::vector<double> BatchLatencies(double rows_per_second, absl::Duration duration);

 private:
  void SetUpPlatforms();
  void WaitUntilSettled(absl::Time started);
  double Stream(int64_t first, int64_t count, bool create);

  cluster::Cluster cluster_;
  std::unique_ptr<test_support::PostgresServer> source_server_;
  std::unique_ptr<v1::ChangeCaptureService::Stub> capture_;
  std::string source_uri_;
  std::string agent_target_uri_;
  std::string postgres_target_uri_;
  std::unique_ptr<postgres::Connection> source_;
  std::unique_ptr<postgres::Connection> agent_target_;
  std::unique_ptr<postgres::Connection> postgres_target_;
  int64_t created_ = 0;   // Rows of the agent so far.
  int64_t inserted_ = 0;  // Rows of the source database so far.
  int round_ = 0;
};

}  // namespace cognate::bench
