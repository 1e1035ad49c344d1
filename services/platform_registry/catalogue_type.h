// From a type of PostgreSQL to what a field can hold.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cognate/v1/model.pb.h"
#include "common/postgres/connection.h"

namespace cognate::platform_registry {

// One row of pg_type.
struct DatabaseType {
  std::string name;
  bool is_system = false;           // of pg_catalog
  char kind = 'b';                  // pg_type.typtype
  int64_t base = 0;                 // of a domain
  int32_t modifier = -1;            // of a domain, for its base
  bool not_null = false;            // of a domain
  bool has_default = false;         // of a domain
  int64_t element = 0;              // of an array, else 0
  std::vector<std::string> labels;  // of an enum, in order
};
using DatabaseTypes = std::map<int64_t, DatabaseType>;  // by OID

absl::StatusOr<DatabaseTypes> ReadTypes(postgres::Connection& connection);

// Fills in type, sizes, labels and element type; domains count as their base, and their NOT NULL and DEFAULT
// as the field's.
void DescribeType(const DatabaseTypes& types, int64_t type, int32_t modifier, v1::ModelField* field);

}  // namespace cognate::platform_registry
