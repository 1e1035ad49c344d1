// What the database says of the services' schemas.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/backup/backup_tables.h"
#include "common/postgres/connection.h"

namespace cognate::backup {

// The schemas whose tables are in a backup, and the number of the last migration that this program knows of
// each.
std::map<std::string, int64_t> KnownSchemas();
// What the database has: NOT_MIGRATED where one of them is missing.
absl::StatusOr<std::map<std::string, int64_t>> SchemaNumbers(postgres::Connection& connection);
// FAILED_PRECONDITION SCHEMA_VERSION_MISMATCH where a schema is of a later program than this one.
absl::Status CheckNotLater(const std::map<std::string, int64_t>& schemas);
// FAILED_PRECONDITION SCHEMA_VERSION_MISMATCH where one is not exactly what this program works with.
absl::Status CheckCurrent(const std::map<std::string, int64_t>& schemas);

// Those that are written: not the ones that are left out, nor those that follow from others. In their order.
absl::StatusOr<std::vector<std::string>> ColumnsToSave(postgres::Connection& connection, const Table& table);

// A column that gives its rows numbers; empty where there is none.
absl::StatusOr<std::string> IdentityColumn(postgres::Connection& connection, const Table& table);

}  // namespace cognate::backup
