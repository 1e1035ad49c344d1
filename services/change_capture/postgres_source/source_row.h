// Rows of a source's tables as they are now, for what the stream did not say.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cognate/v1/value.pb.h"
#include "common/postgres/connection.h"
#include "services/change_capture/postgres_source/pgoutput_type.h"
#include "services/change_capture/postgres_source/replication_stream.h"

namespace cognate::change_capture {

// Fields of the row that `change` is about; those that cannot be read stay out.
absl::StatusOr<v1::Fields> ReadRow(postgres::Connection& source, pgoutput::TypeCatalog& types,
                                   const PendingChange& change, const std::vector<std::string>& fields);

}  // namespace cognate::change_capture
