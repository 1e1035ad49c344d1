#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "common/postgres/connection.h"
#include "tests/support/postgres_server.h"

// What others do with the same rows on the same server.
namespace cognate::bench {

// PostgreSQL's own logical replication between two databases, in transactions of 100 rows.
class LogicalReplication {
 public:
  explicit LogicalReplication(test_support::PostgresServer& server);
  ~LogicalReplication();
  // Rows a second from the first INSERT until the last row is visible.
  double Creates(int64_t count);

 private:
  std::unique_ptr<postgres::Connection> source_;
  std::unique_ptr<postgres::Connection> target_;
  int64_t inserted_ = 0;
};

// Bucardo, from the Debian package; rows a second, or nothing where it is not installed (which it says
// aloud).
std::optional<double> BucardoCreates(test_support::PostgresServer& server, int64_t count);

}  // namespace cognate::bench
