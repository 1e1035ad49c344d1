// One transaction on an SQL target: looks each entity up in the inbox, writes what is newer, and notes it in
// the inbox.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/postgres/connection.h"
#include "services/delivery/sql_channel/inbox.h"
#include "services/delivery/sql_channel/params.h"
#include "services/delivery/sql_channel/shapes.h"

namespace cognate::delivery {

// A delivery with what it is written by.
struct PlannedDelivery {
  const Outgoing* outgoing = nullptr;
  ShapePlan* plan = nullptr;
  Uuid entity_id;
  size_t position = 0;  // among the deliveries of the call
};

// What the target has after the batch.
struct Applied {
  int64_t version = 0;
  std::string local_id;  // empty where there is no record
  bool deleted = false;
  bool complete = true;
};

class SqlBatch {
 public:
  SqlBatch(postgres::Connection& connection, bool announces_writes)
      : connection_(connection), announces_writes_(announces_writes) {}

  // All or nothing. Fills `applied`, entry for entry. `lock_timeout`, unless zero, is for this batch alone.
  // An error of the transaction's beginning or of the inbox (so: not about these deliveries) is UNAVAILABLE.
  absl::Status Run(absl::Span<const PlannedDelivery> deliveries, absl::Duration lock_timeout,
                   std::vector<Applied>* applied);

 private:
  // What is to be done to one table.
  struct TableWork {
    ShapePlan* plan = nullptr;
    std::vector<size_t> creates, updates, deletes;  // indexes into deliveries_
  };

  absl::Status Transact(absl::Duration lock_timeout);
  absl::Status Write();
  // Answers from the inbox, or sorts into work.
  void Decide(size_t index, InboxRow& row);
  TableWork& WorkFor(ShapePlan* plan);
  absl::Status Update(TableWork& work);
  absl::Status Create(TableWork& work);
  absl::Status Delete(TableWork& work);
  // An error if one of these records is on the target, although a statement did not touch it.
  absl::Status ExpectGone(ShapePlan* plan, const std::vector<size_t>& indexes);
  // Children before those that they refer to.
  void SortDeletes();
  Deliveries Select(const std::vector<size_t>& indexes) const;
  std::vector<absl::string_view> LocalIds(const std::vector<size_t>& indexes) const;

  postgres::Connection& connection_;
  const bool announces_writes_;
  absl::Span<const PlannedDelivery> deliveries_;
  std::vector<InboxRow> rows_;
  std::vector<bool> write_;  // rows that are written to the inbox
  std::vector<TableWork> works_;
  ColumnParams columns_;
};

}  // namespace cognate::delivery
