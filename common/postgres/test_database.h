// A database of its own for one test case.
#pragma once

#include <memory>
#include <string>

#include "common/postgres/connection.h"
#include "tests/support/postgres_server.h"
#include "tests/support/status_matchers.h"

namespace cognate::postgres {

inline std::unique_ptr<Connection> OpenTestDatabase() {
  return test_support::ValueOrDie(Connection::Open(test_support::PostgresServer::Shared().CreateDatabase()));
}

}  // namespace cognate::postgres
