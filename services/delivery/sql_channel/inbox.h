// The table `cognate.inbox` on an SQL target: which version of an entity it has, and under which local id.
// Written in the transaction that writes the record, so that a delivery has its effect once, however often it
// comes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/ids/uuid.h"
#include "common/postgres/connection.h"

namespace cognate::delivery {

struct InboxRow {
  Uuid entity_id;
  absl::string_view model;
  std::string local_id;  // empty if the target never had the record
  int64_t version = 0;   // 0: no row
  bool complete = true;  // false: an optional reference is still empty
  bool deleted = false;
  bool known = false;  // ReadInbox has found it
};

// Opens a transaction in which nobody else writes deliveries to this database: one lock instead of one for
// each row, and it also holds for entities that have no row yet. Taken before the first snapshot.
inline constexpr char kBeginDeliveries[] = "BEGIN; SELECT pg_catalog.pg_advisory_xact_lock(7236552801449881)";

// Makes the schema and the table where they are missing, and checks that they can be used. PERMISSION_DENIED
// INBOX_UNUSABLE names the GRANT that is missing.
absl::Status EnsureInbox(postgres::Connection& connection);

// Fills in what the inbox knows of each entity and model.
absl::Status ReadInbox(postgres::Transaction& transaction, std::vector<InboxRow>* rows);

// Writes rows that ReadInbox has found (`known`) or not found, in the same transaction. A newer version that
// is there, or the same one complete, stays. No entity and model twice.
absl::Status WriteInbox(postgres::Transaction& transaction, bool known,
                        const std::vector<const InboxRow*>& rows);

}  // namespace cognate::delivery
