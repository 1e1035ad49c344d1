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
#include "absl/time/time.h"
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
  bool known = false;  // BeginDeliveries has found it
};

// Makes the schema and the table where they are missing, and checks that they can be used. PERMISSION_DENIED
// INBOX_UNUSABLE names the GRANT that is missing.
absl::Status EnsureInbox(postgres::Connection& connection);

// Makes the index by which a local id finds its entity: only where natural keys are looked for. As
// EnsureInbox.
absl::Status EnsureInboxIndex(postgres::Connection& connection);

// In one round trip: opens a transaction in which nobody else writes deliveries to this database (one lock
// instead of one for each row, and it also holds for entities that have no row yet), and fills in what the
// inbox knows of each entity and model. `lock_timeout`, unless zero, is for the rest of the transaction.
absl::Status BeginDeliveries(postgres::Connection& connection, absl::Duration lock_timeout,
                             std::vector<InboxRow>* rows);

// In one round trip: writes rows that BeginDeliveries has found (`known`) and not found (`fresh`), and
// commits them with the records. A newer version that is there, or the same one complete, stays. No entity
// and model twice. `announce` says in the database's log what was written (bus.v1.WrittenRecords), for
// whoever captures changes there. `inbox_failed`: the error is about the inbox, not about the records, which
// only COMMIT may still refuse.
absl::Status CommitDeliveries(postgres::Connection& connection, const std::vector<const InboxRow*>& fresh,
                              const std::vector<const InboxRow*>& known, bool announce, bool* inbox_failed);

}  // namespace cognate::delivery
