// One transaction on an SQL target: looks each entity up in the inbox, writes what is newer, and notes it in
// the inbox.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "cognate/v1/ledger_service.pb.h"
#include "cognate/v1/outcome.pb.h"
#include "common/postgres/connection.h"
#include "services/delivery/sql_channel/inbox.h"
#include "services/delivery/sql_channel/kept_values.h"
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

// How a delivery ended that was not simply written.
struct Verdict {
  v1::OutcomeStatus status = v1::OUTCOME_STATUS_UNSPECIFIED;  // of one that was not written, with its error
  v1::OutcomeError error;
  // Of what the target has, where that is not what was delivered; empty: not known.
  std::optional<std::string> fingerprint;
};

// Asks the ledger whose the records of this target are; `platform` is filled in by whoever answers.
using AdoptFunction = std::function<absl::StatusOr<v1::AdoptResponse>(v1::AdoptRequest)>;

// What the target has after the batch.
struct Applied {
  int64_t version = 0;
  std::string local_id;  // empty where there is no record
  bool deleted = false;
  bool complete = true;
  bool created = false;  // it did not have the record before
  std::shared_ptr<Verdict> verdict = nullptr;
};

class SqlBatch {
 public:
  // Without `adopt` (null) every record that no inbox row names may be adopted.
  // `announces_writes`: the target's log is read, and told what is written.
  SqlBatch(postgres::Connection& connection, bool announces_writes, const AdoptFunction& adopt)
      : connection_(connection), announces_writes_(announces_writes), adopt_(adopt) {}

  // All or nothing. Fills `applied`, entry for entry. `lock_timeout`, unless zero, is for this batch alone.
  // An error of the transaction's beginning or of the inbox (so: not about these deliveries) is UNAVAILABLE.
  absl::Status Run(absl::Span<const PlannedDelivery> deliveries, absl::Duration lock_timeout,
                   std::vector<Applied>* applied);

 private:
  // What is to be done to one table.
  struct TableWork {
    ShapePlan* plan = nullptr;
    absl::string_view acting_identity;
    std::vector<size_t> creates, updates, deletes;  // indexes into deliveries_
  };

  // What a record that is new to the target meets there.
  struct Match {
    const ContactRules::Key* key = nullptr;  // null: nothing
    std::vector<std::string> local_ids;      // two at most that count
    v1::AdoptDecision decision = v1::ADOPT_DECISION_UNSPECIFIED;
    absl::Status unasked;  // the ledger did not answer
    bool wants_record() const;
  };

  absl::Status Transact(absl::Duration lock_timeout);
  absl::Status Write();
  // Whether the record came into being by this delivery: now, or when it came before and its answer was lost.
  bool IsCreated(size_t index) const;
  // Answers from the inbox, or sorts into work.
  void Decide(size_t index, InboxRow& row);
  TableWork& WorkFor(ShapePlan* plan, absl::string_view acting_identity);
  // Tells the target in whose name the next statements write (`cognate.acting_identity`).
  absl::Status ActFor(const TableWork& work);
  absl::Status Update(TableWork& work);
  absl::Status Create(TableWork& work);
  absl::Status Delete(TableWork& work);
  // Records that a mirror is to remove, and that are another entity's by now, stay (batch_removal.cc).
  absl::Status SpareAdopted(TableWork& work);
  // An error if one of these records is on the target, although a statement did not touch it.
  absl::Status ExpectGone(ShapePlan* plan, const std::vector<size_t>& indexes);

  // What follows is for shapes with rules of contact, in batch_contact.cc and batch_collision.cc.
  void BeginRules();
  absl::Status WriteByRules(TableWork& work);
  absl::Status DeleteWhatIsInTheWay();
  // Sorts creates by what the target has with the same natural key.
  absl::Status Meet(TableWork& work);
  absl::StatusOr<std::vector<Match>> FindMatches(const TableWork& work);
  absl::Status AskLedger(const std::vector<size_t>& creates, std::vector<Match>* matches);
  void Follow(size_t index, const Match& match, TableWork* work);
  // Reads what is kept of records that are updated, and takes it into account.
  absl::Status Recall(TableWork& work);
  absl::Status AvoidCollisions(TableWork& work, const std::vector<size_t>& indexes, bool is_update);
  absl::Status AvoidCollisions(TableWork& work, size_t suffix, const std::vector<size_t>& indexes,
                               bool is_update);
  absl::Status Remember(TableWork& work);
  void RememberOffers(const SqlShape& shape, size_t index, std::vector<KeptValue>* values) const;
  void Refuse(size_t index, v1::OutcomeStatus status, absl::string_view reason, std::string message);
  Verdict& VerdictOf(size_t index);
  std::optional<std::string> TextOf(size_t index, size_t field) const;
  void Rewrite(size_t index, size_t field, const std::string& text);
  const KeptValue* KeptOf(size_t index, const std::string& field) const;
  void AddSeen(const TableWork& work, postgres::Params* params) const;

  // Children before those that they refer to.
  void SortDeletes();
  Deliveries Select(const std::vector<size_t>& indexes) const;
  std::vector<absl::string_view> LocalIds(const std::vector<size_t>& indexes) const;

  postgres::Connection& connection_;
  const bool announces_writes_;
  const AdoptFunction& adopt_;
  absl::Span<const PlannedDelivery> deliveries_;
  std::vector<InboxRow> rows_;
  std::vector<bool> write_;  // rows that are written to the inbox
  std::vector<bool> created_;
  std::vector<TableWork> works_;
  ColumnParams columns_;
  std::string acting_for_;  // as the target knows it, in this transaction
  // Only where a shape has rules of contact, or the target keeps its deletes; by index into deliveries_.
  std::vector<std::shared_ptr<Verdict>> verdicts_;
  std::vector<const Outgoing*> outgoing_;  // as it is written
  std::deque<bus::v1::Delivery> rewritten_deliveries_;
  std::deque<Outgoing> rewritten_;
  absl::flat_hash_set<size_t> renamed_;
  absl::flat_hash_map<size_t, std::vector<KeptValue>> kept_;
  std::vector<KeptValue> changed_;  // to be kept
};

}  // namespace cognate::delivery
