// What a failed statement means for a delivery: whose fault it is, and in which words to say it.
#pragma once

#include "absl/status/status.h"
#include "cognate/v1/outcome.pb.h"
#include "common/postgres/connection.h"
#include "services/delivery/channel.h"
#include "services/delivery/sql_channel/statements.h"

namespace cognate::delivery {

enum class FailureKind {
  kTarget,     // the whole target is out of reach: connection, login, disk, standby
  kCollision,  // other transactions were in the way; the same may go well at once
  kSchema,     // every record of this shape fails alike: a missing table, column or right
  kRecord,     // one of the records is refused
};
FailureKind KindOf(const absl::Status& status);
// The column's type does not take a value.
bool IsValueRefused(const absl::Status& status);

// Another record has the value.
bool IsUniqueViolation(const absl::Status& status);

// The outcome of one delivery that failed alone: status and error. For a value that does not fit, asks the
// target which field it is.
void ExplainFailure(postgres::Connection& connection, const SqlShape& shape, const Outgoing& outgoing,
                    const absl::Status& status, v1::Outcome* outcome);

}  // namespace cognate::delivery
