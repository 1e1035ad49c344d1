#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "common/postgres/connection.h"
#include "tests/support/postgres_server.h"

// What others do with the same rows, each on a server of its own: a walsender decodes all that its server
// writes.
namespace cognate::bench {

// PostgreSQL's own logical replication between two databases, in transactions of 100 rows.
class LogicalReplication {
 public:
  LogicalReplication();
  // Rows a second from the first INSERT until the last row is visible.
  double Creates(int64_t count);

 private:
  std::unique_ptr<test_support::PostgresServer> server_;
  std::unique_ptr<postgres::Connection> source_;
  std::unique_ptr<postgres::Connection> target_;
  int64_t inserted_ = 0;
};

// Bucardo, from the Debian package; rows a second, or nothing where it is not installed (which it says
// aloud).
std::optional<double> BucardoCreates(int64_t count);

}  // namespace cognate::bench
