// Turns the messages of one replication stream into changes of the log, and keeps account of the position. No
// connection and no thread of its own: bytes in, changes out.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/value.pb.h"
#include "services/change_capture/captured_change.h"
#include "services/change_capture/postgres_source/pgoutput.h"
#include "services/change_capture/postgres_source/pgoutput_row.h"
#include "services/change_capture/postgres_source/pgoutput_type.h"
#include "services/change_capture/source_store.h"

namespace cognate::change_capture {

// A table whose changes go into the log.
struct StreamTable {
  const LoggedModel* model = nullptr;
  std::string schema;
  std::string table;
  uint32_t relation_oid = 0;
  std::vector<std::string> key_fields;
  // Every column with its type, as the table was when the stream began.
  std::vector<std::pair<std::string, uint32_t>> columns;
  // Changes that were committed before it are in the table's snapshot.
  pgoutput::Lsn snapshot_position = 0;
};

// A change that may lack what the stream did not say.
struct PendingChange {
  CapturedChange change;
  // Fields that the update did not touch and the server did not send.
  std::vector<std::string> unchanged;
  // A delete of which only the key is known.
  bool wants_last_state = false;
  // Whose last state has them; empty: this record's own. Another one after a change of the key.
  std::string state_of;
  const StreamTable* table = nullptr;

  bool incomplete() const { return wants_last_state || !unchanged.empty(); }
  const std::string& state_local_id() const { return state_of.empty() ? change.local_id : state_of; }
};

// Changes and the position behind the last of them.
struct PendingGroup {
  std::vector<PendingChange> changes;
  SourcePosition after;
};

// A row that cannot go into the log.
struct SkippedRow {
  const StreamTable* table = nullptr;
  std::string reason;
};

// The prefix of the logical message by which a transaction of deliveries says what it has written
// (bus.v1.WrittenRecords).
inline constexpr char kDeliveriesPrefix[] = "cognate";

class ReplicationStream {
 public:
  // When a transaction was committed, by our clock: of what the source's clock said, and where its commit
  // record begins.
  using CorrectTime = std::function<absl::Time(absl::Time commit_time, pgoutput::Lsn position)>;

  // `start` is what the log has; what the server sends again of it is passed over. Tables and types outlive
  // this. Without `correct` times stay the source's.
  ReplicationStream(const std::vector<StreamTable>& tables, pgoutput::TypeCatalog& types,
                    SourcePosition start, CorrectTime correct = nullptr);
  ReplicationStream(const ReplicationStream&) = delete;
  ReplicationStream& operator=(const ReplicationStream&) = delete;

  enum class Step {
    kNothing,
    kRow,       // at least one change was added
    kCommit,    // a transaction is complete
    kTruncate,  // truncated() were emptied: log their deletes behind all that is pending, then call
                // FinishTruncate
  };
  // One message of the output plugin. An error (malformed, out of order) leaves the stream unusable.
  absl::StatusOr<Step> Apply(absl::string_view bytes);

  const std::vector<const StreamTable*>& truncated() const { return truncated_; }
  void FinishTruncate();
  // A table that is no longer the one that was captured (another name, OID or key): its rows are passed over
  // from now on, until a new snapshot. Null: there is none.
  const StreamTable* replaced() const { return replaced_; }
  // Tables whose columns are not those of StreamTable, each once for every shape, since the last call. Their
  // rows are taken as they come.
  struct Reshaped {
    const StreamTable* table = nullptr;
    std::string shape;
  };
  std::vector<Reshaped> TakeReshaped() { return std::exchange(reshaped_, {}); }
  // Corrected; of the transaction in progress.
  absl::Time commit_time() const { return commit_time_; }

  bool in_transaction() const { return transaction_.has_value(); }
  size_t pending_count() const { return pending_.size(); }
  // Of the pending changes; those of complete transactions alone.
  size_t complete_count() const { return complete_count_; }
  int64_t pending_bytes() const { return pending_bytes_; }
  // Behind everything that is pending.
  const SourcePosition& position() const { return position_; }
  // What can be said to be seen: everything that was committed before it was sent before.
  void Advance(pgoutput::Lsn keepalive);

  PendingGroup TakeComplete() { return Take(complete_count_, complete_position_); }
  PendingGroup TakeAll() { return Take(pending_.size(), position_); }
  // Rows since the last call that had to be left out.
  std::vector<SkippedRow> TakeSkipped() { return std::exchange(skipped_, {}); }

 private:
  struct Relation {
    const StreamTable* table = nullptr;  // null: not captured
    bool replaced = false;               // no longer the table that was captured
    std::string reshaped;                // not empty, until it was told: columns other than the table's
    size_t column_count = 0;
    pgoutput::RowShape shape;  // of captured tables that are not replaced
  };
  absl::StatusOr<Step> On(const pgoutput::Begin& begin);
  absl::StatusOr<Step> On(const pgoutput::Commit& commit);
  absl::StatusOr<Step> On(const pgoutput::Relation& message);
  absl::StatusOr<Step> On(const pgoutput::Insert& insert);
  absl::StatusOr<Step> On(const pgoutput::Update& update);
  absl::StatusOr<Step> On(const pgoutput::Delete& change);
  absl::StatusOr<Step> On(const pgoutput::Truncate& truncate);
  absl::StatusOr<Step> On(const pgoutput::Origin&) { return Step::kNothing; }
  absl::StatusOr<Step> On(const pgoutput::Type&) { return Step::kNothing; }
  absl::StatusOr<Step> On(const pgoutput::LogicalMessage& message);

  // The relation of a row that is to be logged, after counting it; null if the row is to be passed over.
  absl::StatusOr<const Relation*> CountRow(uint32_t relation_id, std::initializer_list<size_t> cell_counts);
  void Count();
  bool AlreadyLogged() const;
  // Whether changes of the table in this transaction go into the log.
  bool Wanted(Relation& relation);
  void Confirm(pgoutput::Lsn position);
  const StreamTable* FindTable(const pgoutput::Relation& message) const;
  static bool IsReplaced(const StreamTable& table, const pgoutput::Relation& message);
  static std::string ShapeOf(const StreamTable& table, const pgoutput::Relation& message);

  PendingChange NewChange(const Relation& relation, v1::Operation operation,
                          const pgoutput::LocalId& key) const;
  void SetFields(const Relation& relation, const pgoutput::LocalId& key, const pgoutput::Tuple& row,
                 const pgoutput::Tuple* old_row, PendingChange* pending);
  void Add(PendingChange pending);
  Step Skip(const Relation& relation, const absl::Status& reason);
  PendingGroup Take(size_t count, const SourcePosition& after);

  const std::vector<StreamTable>& tables_;
  pgoutput::TypeCatalog& types_;
  const SourcePosition start_;
  const CorrectTime correct_;
  absl::flat_hash_map<uint32_t, Relation> relations_;

  struct Transaction {
    pgoutput::Lsn final_position = 0;
    int64_t rows = 0;    // so far
    bool known = false;  // the log has all of it
  };
  std::optional<Transaction> transaction_;
  absl::Time commit_time_;
  SourcePosition position_;
  SourcePosition complete_position_;
  std::vector<PendingChange> pending_;
  size_t complete_count_ = 0;
  int64_t pending_bytes_ = 0;
  std::vector<const StreamTable*> truncated_;
  const StreamTable* replaced_ = nullptr;
  std::vector<Reshaped> reshaped_;
  std::vector<SkippedRow> skipped_;
  v1::Fields fields_;  // reused for every row
};

}  // namespace cognate::change_capture
