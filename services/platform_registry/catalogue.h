// What a PostgreSQL database says of its own tables.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "cognate/v1/model.pb.h"
#include "common/postgres/connection.h"

namespace cognate::platform_registry {

// Every table and partitioned table outside of the system's schemas and of the schema `cognate`; partitions
// belong to their parents. By name. `name` and `analyze_time` are left empty. Reads at one moment of the
// database (but for samples of the records, which come after), and writes nothing. Type names are qualified
// unless they are the system's own, so that they mean the same under any search path.
absl::StatusOr<std::vector<v1::Model>> ReadCatalogue(postgres::Connection& connection);

}  // namespace cognate::platform_registry
