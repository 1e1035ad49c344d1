#include "services/change_capture/postgres_source/replication_stream.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cognate/bus/v1/written_records.pb.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::change_capture {
namespace {

constexpr int64_t kChangeOverheadBytes = 128;
// A guess at what a field will weigh that is yet to be filled in: it was too long to be stored in its row.
constexpr int64_t kUnchangedBytes = 32 << 10;

int64_t BytesOf(const PendingChange& pending) {
  return kChangeOverheadBytes +
         static_cast<int64_t>(pending.change.fields.size() + pending.change.local_id.size()) +
         kUnchangedBytes * static_cast<int64_t>(pending.unchanged.size());
}

absl::Status OutOfOrder(absl::string_view what) {
  return Error(absl::StatusCode::kDataLoss, "REPLICATION_STREAM_OUT_OF_ORDER",
               absl::StrCat("the replication stream sent ", what));
}

}  // namespace

ReplicationStream::ReplicationStream(const std::vector<StreamTable>& tables, pgoutput::TypeCatalog& types,
                                     SourcePosition start, CorrectTime correct)
    : tables_(tables),
      types_(types),
      start_(start),
      correct_(std::move(correct)),
      position_(start),
      complete_position_(start) {}

absl::StatusOr<ReplicationStream::Step> ReplicationStream::Apply(absl::string_view bytes) {
  ASSIGN_OR_RETURN(const pgoutput::Message message, pgoutput::Decode(bytes));
  return std::visit([this](const auto& kind) { return On(kind); }, message);
}

absl::StatusOr<ReplicationStream::Step> ReplicationStream::On(const pgoutput::Begin& begin) {
  if (transaction_) return OutOfOrder("a transaction inside of another");
  transaction_ =
      Transaction{.final_position = begin.final_position, .known = begin.final_position < start_.confirmed};
  commit_time_ = absl::FromUnixMicros(begin.commit_time_us);
  if (correct_ && !transaction_->known) commit_time_ = correct_(commit_time_, begin.final_position);
  return Step::kNothing;
}

absl::StatusOr<ReplicationStream::Step> ReplicationStream::On(const pgoutput::Commit& commit) {
  if (!transaction_) return OutOfOrder("a commit without a transaction");
  transaction_.reset();
  Confirm(commit.end_position);
  complete_count_ = pending_.size();
  complete_position_ = position_;
  return Step::kCommit;
}

// A transaction that was logged in part before a restart is still to come when earlier positions are
// confirmed.
void ReplicationStream::Confirm(pgoutput::Lsn position) {
  position_.confirmed = std::max(position_.confirmed, position);
  if (position_.transaction < position_.confirmed) {
    position_.transaction = 0;
    position_.transaction_changes = 0;
  }
}

absl::StatusOr<ReplicationStream::Step> ReplicationStream::On(const pgoutput::Relation& message) {
  Relation relation;
  relation.table = FindTable(message);
  relation.column_count = message.columns.size();
  if (relation.table != nullptr) {
    relation.replaced = IsReplaced(*relation.table, message);
    relation.reshaped = ShapeOf(*relation.table, message);
  }
  if (relation.table != nullptr && !relation.replaced) {
    std::vector<std::pair<std::string, uint32_t>> columns;
    for (const pgoutput::Column& column : message.columns) columns.emplace_back(column.name, column.type_oid);
    ASSIGN_OR_RETURN(relation.shape, pgoutput::MakeRowShape(columns, relation.table->key_fields, types_));
  }
  relations_[message.id] = std::move(relation);
  return Step::kNothing;
}

const StreamTable* ReplicationStream::FindTable(const pgoutput::Relation& message) const {
  const StreamTable* same_name = nullptr;
  for (const StreamTable& table : tables_) {
    if (table.relation_oid == message.id) return &table;
    if (table.schema == message.schema && table.table == message.table) same_name = &table;
  }
  return same_name;
}

bool ReplicationStream::IsReplaced(const StreamTable& table, const pgoutput::Relation& message) {
  if (table.relation_oid != message.id || table.schema != message.schema || table.table != message.table)
    return true;
  // Where the replica identity lacks a part of the key, it no longer says which record a row is.
  return !std::all_of(table.key_fields.begin(), table.key_fields.end(), [&](const std::string& field) {
    return std::any_of(message.columns.begin(), message.columns.end(),
                       [&](const pgoutput::Column& column) { return column.is_key && column.name == field; });
  });
}

std::string ReplicationStream::ShapeOf(const StreamTable& table, const pgoutput::Relation& message) {
  std::vector<std::pair<std::string, uint32_t>> columns;
  for (const pgoutput::Column& column : message.columns) columns.emplace_back(column.name, column.type_oid);
  if (columns == table.columns) return "";
  std::string shape;
  for (const auto& [name, type] : columns) absl::StrAppend(&shape, name, " ", type, "\n");
  return shape;
}

absl::StatusOr<const ReplicationStream::Relation*> ReplicationStream::CountRow(
    uint32_t relation_id, std::initializer_list<size_t> cell_counts) {
  if (!transaction_) return OutOfOrder("a row outside of a transaction");
  const auto found = relations_.find(relation_id);
  if (found == relations_.end()) return OutOfOrder("a row of a table that it has not described");
  for (const size_t cells : cell_counts) {
    if (cells != found->second.column_count)
      return OutOfOrder("a row with more or fewer cells than its table has columns");
  }
  Count();
  return !AlreadyLogged() && Wanted(found->second) ? &found->second : nullptr;
}

// What a table was before its snapshot does not matter any more.
bool ReplicationStream::Wanted(Relation& relation) {
  if (relation.table == nullptr || transaction_->final_position < relation.table->snapshot_position)
    return false;
  if (!relation.reshaped.empty()) reshaped_.push_back({relation.table, std::exchange(relation.reshaped, {})});
  if (relation.replaced) replaced_ = relation.table;
  return !relation.replaced;
}

void ReplicationStream::Count() {
  ++transaction_->rows;
  if (AlreadyLogged()) return;
  position_.transaction = transaction_->final_position;
  position_.transaction_changes = transaction_->rows;
}

bool ReplicationStream::AlreadyLogged() const {
  return transaction_->known || (transaction_->final_position == start_.transaction &&
                                 transaction_->rows <= start_.transaction_changes);
}

absl::StatusOr<ReplicationStream::Step> ReplicationStream::On(const pgoutput::Insert& insert) {
  ASSIGN_OR_RETURN(const Relation* relation, CountRow(insert.relation_id, {insert.row.size()}));
  if (relation == nullptr) return Step::kNothing;
  absl::StatusOr<pgoutput::LocalId> key = pgoutput::ReadLocalId(relation->shape, insert.row, nullptr);
  if (!key.ok()) return Skip(*relation, key.status());
  PendingChange pending = NewChange(*relation, v1::OPERATION_CREATE, *key);
  SetFields(*relation, *key, insert.row, nullptr, &pending);
  Add(std::move(pending));
  return Step::kRow;
}

absl::StatusOr<ReplicationStream::Step> ReplicationStream::On(const pgoutput::Update& update) {
  const bool has_old = update.old_kind != pgoutput::OldTuple::kNone;
  ASSIGN_OR_RETURN(
      const Relation* relation,
      CountRow(update.relation_id, {update.row.size(), (has_old ? update.old_row : update.row).size()}));
  if (relation == nullptr) return Step::kNothing;
  const pgoutput::Tuple* const old_row = has_old ? &update.old_row : nullptr;
  absl::StatusOr<pgoutput::LocalId> key = pgoutput::ReadLocalId(relation->shape, update.row, old_row);
  absl::StatusOr<pgoutput::LocalId> old_key =
      has_old ? pgoutput::ReadLocalId(relation->shape, *old_row, nullptr) : key;
  if (!key.ok() && !old_key.ok()) return Skip(*relation, key.status());
  const bool moved = key.ok() != old_key.ok() || *key != *old_key;
  if (moved && old_key.ok()) {
    PendingChange gone = NewChange(*relation, v1::OPERATION_DELETE, *old_key);
    gone.wants_last_state = update.old_kind != pgoutput::OldTuple::kFull;
    if (!gone.wants_last_state) SetFields(*relation, *old_key, *old_row, nullptr, &gone);
    gone.unchanged.clear();
    Add(std::move(gone));
  }
  if (!key.ok()) return Skip(*relation, key.status());
  PendingChange pending = NewChange(*relation, moved ? v1::OPERATION_CREATE : v1::OPERATION_UPDATE, *key);
  SetFields(*relation, *key, update.row, old_row, &pending);
  if (moved && old_key.ok()) pending.state_of = std::move(old_key->text);
  Add(std::move(pending));
  return Step::kRow;
}

absl::StatusOr<ReplicationStream::Step> ReplicationStream::On(const pgoutput::Delete& change) {
  ASSIGN_OR_RETURN(const Relation* relation, CountRow(change.relation_id, {change.old_row.size()}));
  if (relation == nullptr) return Step::kNothing;
  absl::StatusOr<pgoutput::LocalId> key = pgoutput::ReadLocalId(relation->shape, change.old_row, nullptr);
  if (!key.ok()) return Skip(*relation, key.status());
  PendingChange pending = NewChange(*relation, v1::OPERATION_DELETE, *key);
  pending.wants_last_state = change.old_kind != pgoutput::OldTuple::kFull;
  if (!pending.wants_last_state) SetFields(*relation, *key, change.old_row, nullptr, &pending);
  pending.unchanged.clear();
  Add(std::move(pending));
  return Step::kRow;
}

// Counts as one row, and only when its deletes are in the log: a restart in between empties the tables again.
absl::StatusOr<ReplicationStream::Step> ReplicationStream::On(const pgoutput::Truncate& truncate) {
  if (!transaction_) return OutOfOrder("a TRUNCATE outside of a transaction");
  truncated_.clear();
  for (const uint32_t id : truncate.relation_ids) {
    const auto found = relations_.find(id);
    if (found != relations_.end() && Wanted(found->second)) truncated_.push_back(found->second.table);
  }
  const SourcePosition before = position_;
  Count();
  if (AlreadyLogged() || truncated_.empty()) return Step::kNothing;
  --transaction_->rows;
  position_ = before;
  return Step::kTruncate;
}

void ReplicationStream::FinishTruncate() {
  truncated_.clear();
  Count();
}

// Comes behind the rows that it speaks of. Of a transaction that is so large that its first rows have been
// taken, those stay without an origin.
absl::StatusOr<ReplicationStream::Step> ReplicationStream::On(const pgoutput::LogicalMessage& message) {
  if (!transaction_ || !message.transactional || message.prefix != kDeliveriesPrefix) return Step::kNothing;
  bus::v1::WrittenRecords written;
  if (!written.ParseFromArray(message.content.data(), static_cast<int>(message.content.size()))) {
    return Step::kNothing;  // somebody else's
  }
  absl::flat_hash_map<std::pair<absl::string_view, absl::string_view>, Origin> origins;
  for (const bus::v1::WrittenRecord& record : written.records()) {
    const absl::StatusOr<Uuid> entity_id = Uuid::FromBytes(record.entity_id());
    if (!entity_id.ok() || record.version() <= 0) continue;
    origins[{record.model(), record.local_id()}] = Origin{*entity_id, record.version()};
  }
  for (size_t i = complete_count_; i < pending_.size(); ++i) {
    CapturedChange& change = pending_[i].change;
    const auto found = origins.find({change.model->model, change.local_id});
    if (found != origins.end()) change.origin = found->second;
  }
  return Step::kNothing;
}

PendingChange ReplicationStream::NewChange(const Relation& relation, v1::Operation operation,
                                           const pgoutput::LocalId& key) const {
  PendingChange pending;
  pending.table = relation.table;
  pending.change.model = relation.table->model;
  pending.change.operation = operation;
  pending.change.local_id = key.text;
  pending.change.source_time = commit_time_;
  return pending;
}

void ReplicationStream::SetFields(const Relation& relation, const pgoutput::LocalId& key,
                                  const pgoutput::Tuple& row, const pgoutput::Tuple* old_row,
                                  PendingChange* pending) {
  pending->unchanged = pgoutput::ReadFields(relation.shape, key, row, old_row, &fields_);
  fields_.SerializeToString(&pending->change.fields);
}

void ReplicationStream::Add(PendingChange pending) {
  pending_bytes_ += BytesOf(pending);
  pending_.push_back(std::move(pending));
}

ReplicationStream::Step ReplicationStream::Skip(const Relation& relation, const absl::Status& reason) {
  skipped_.push_back({relation.table, std::string(reason.message())});
  return Step::kNothing;
}

void ReplicationStream::Advance(pgoutput::Lsn keepalive) {
  if (transaction_) return;
  Confirm(keepalive);
  complete_position_ = position_;
}

PendingGroup ReplicationStream::Take(size_t count, const SourcePosition& after) {
  PendingGroup group;
  group.after = after;
  if (count == pending_.size()) {
    group.changes = std::exchange(pending_, {});
    pending_bytes_ = 0;
  } else {
    const auto end = pending_.begin() + static_cast<std::ptrdiff_t>(count);
    group.changes.assign(std::make_move_iterator(pending_.begin()), std::make_move_iterator(end));
    pending_.erase(pending_.begin(), end);
    pending_bytes_ = 0;
    for (const PendingChange& left : pending_) pending_bytes_ += BytesOf(left);
  }
  complete_count_ = 0;
  return group;
}

}  // namespace cognate::change_capture
