#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "common/postgres/connection.h"
#include "tests/cluster/cluster.h"
#include "tests/support/postgres_server.h"

namespace cognate::faults {

// A followed database with the table `items`, and a target whose `things` must become the same; each with a
// server of its own.
class Pair {
 public:
  Pair();

  // Declares the platforms `source` and `target` by these addresses, and the sync between them.
  absl::Status SetUp(cluster::Cluster& cluster, const std::string& source_uri, const std::string& target_uri);
  // On the source.
  absl::Status Run(const std::string& sql);
  // Items that the target has not, or has differently, more than once, or in excess; -1 while one of the two
  // cannot be asked.
  int64_t Differing();

  test_support::PostgresServer& source() { return *source_; }
  test_support::PostgresServer& target() { return *target_; }
  const std::string& source_uri() const { return source_uri_; }
  const std::string& target_uri() const { return target_uri_; }

 private:
  std::unique_ptr<test_support::PostgresServer> source_, target_;
  std::string source_uri_, target_uri_;
  std::unique_ptr<postgres::Connection> writer_;
};

}  // namespace cognate::faults
