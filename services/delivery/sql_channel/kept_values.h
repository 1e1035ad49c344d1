// The table `cognate.kept_values` on an SQL target: what must be known at the next delivery of a record whose
// values were not simply written. Written in the transaction that writes the record. Made where a sync wants
// it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/ids/uuid.h"
#include "common/postgres/connection.h"

namespace cognate::delivery {

// Of one field of one record.
struct KeptValue {
  size_t record = 0;  // as the caller counts
  Uuid entity_id;
  std::string field;
  // The value that was delivered, and what was written in its place, because it was taken.
  std::optional<std::string> plain, written;
  // Where only what is missing is written: the paths that were offered before, as JSON: `{"en": {}, "de":
  // {}}`, `{}` for a plain value. On writing: the value that is offered now, as JSON, whose paths are added.
  std::optional<std::string> seen;
};

// Makes the table and its functions where they are missing. PERMISSION_DENIED INBOX_UNUSABLE names the GRANT
// that is missing.
absl::Status EnsureKeptValues(postgres::Connection& connection);

// Of these records, whose places count as KeptValue.record.
absl::StatusOr<std::vector<KeptValue>> ReadKeptValues(postgres::Connection& connection,
                                                      const std::vector<Uuid>& entities,
                                                      absl::string_view model);
// No entity and field twice. `forget`: records whose earlier values no longer count.
absl::Status WriteKeptValues(postgres::Connection& connection, absl::string_view model,
                             const std::vector<KeptValue>& values, const std::vector<Uuid>& forget);

// In SQL: the value of a JSON column after what is missing was added; `seen` holds paths that are not missed.
std::string AddMissingSql(absl::string_view own, absl::string_view given, absl::string_view seen);

}  // namespace cognate::delivery
