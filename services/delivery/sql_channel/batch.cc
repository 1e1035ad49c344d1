#include "services/delivery/sql_channel/batch.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "services/delivery/sql_channel/statement_parts.h"

namespace cognate::delivery {
namespace {

bool IsDelete(const PlannedDelivery& delivery) {
  return delivery.outgoing->delivery->operation() == v1::OPERATION_DELETE;
}

// Until the transaction ends.
const postgres::Statement kActFor{"act_for", "SELECT set_config('cognate.acting_identity', $1, true)"};

Error RefusedByTrigger(const SqlShape& shape, absl::string_view what) {
  return Error(absl::StatusCode::kFailedPrecondition, "REFUSED_BY_TRIGGER",
               absl::StrCat(shape.table->model, ": a trigger, rule or row security policy on the target ",
                            what, " the record without an error: let it pass for Cognate's login"));
}

// No splitting of the batch helps; opening the channel anew may.
Error NotAboutThem(const absl::Status& status, absl::string_view what) {
  return Error(absl::StatusCode::kUnavailable, ErrorReason(status),
               absl::StrCat(what, ": ", status.message()));
}

}  // namespace

absl::Status SqlBatch::Run(absl::Span<const PlannedDelivery> deliveries, absl::Duration lock_timeout,
                           std::vector<Applied>* applied) {
  deliveries_ = deliveries;
  const absl::Status status = Transact(lock_timeout);
  if (!status.ok()) {
    connection_.Rollback();
    return status;
  }
  applied->clear();
  for (size_t i = 0; i < rows_.size(); ++i) {
    InboxRow& row = rows_[i];
    const bool created = IsCreated(i);
    applied->push_back(
        {row.version, row.deleted ? "" : std::move(row.local_id), row.deleted, row.complete, created});
    if (verdicts_.empty()) continue;
    // What the inbox answers for may not be what was delivered.
    if (!write_[i] && deliveries_[i].plan->shape().rules.any()) VerdictOf(i).fingerprint = "";
    applied->back().verdict = verdicts_[i];
  }
  return absl::OkStatus();
}

bool SqlBatch::IsCreated(size_t index) const {
  const InboxRow& row = rows_[index];
  if (row.deleted) return false;
  if (write_[index]) return created_[index];
  const bus::v1::Delivery& delivery = *deliveries_[index].outgoing->delivery;
  return row.version == delivery.version() && delivery.local_id().empty();
}

absl::Status SqlBatch::Transact(absl::Duration lock_timeout) {
  rows_.clear();
  works_.clear();
  acting_for_.clear();
  write_.assign(deliveries_.size(), false);
  created_.assign(deliveries_.size(), false);
  for (const PlannedDelivery& delivery : deliveries_) {
    InboxRow& row = rows_.emplace_back();
    row.entity_id = delivery.entity_id;
    row.model = delivery.outgoing->group->model();
  }
  const absl::Status begun = BeginDeliveries(connection_, lock_timeout, &rows_);
  if (!begun.ok()) {
    return NotAboutThem(begun, "no transaction could be begun, or another writes deliveries there");
  }
  BeginRules();
  for (size_t i = 0; i < rows_.size(); ++i) Decide(i, rows_[i]);
  RETURN_IF_ERROR(Write());

  std::vector<const InboxRow*> fresh, known;
  for (size_t i = 0; i < rows_.size(); ++i) {
    if (write_[i]) (rows_[i].known ? known : fresh).push_back(&rows_[i]);
  }
  bool inbox_failed = false;
  const absl::Status committed =
      CommitDeliveries(connection_, fresh, known, announces_writes_, &inbox_failed);
  return inbox_failed ? NotAboutThem(committed, "the inbox could not be written") : committed;
}

absl::Status SqlBatch::Write() {
  RETURN_IF_ERROR(DeleteWhatIsInTheWay());
  // Updates may free a unique value that a create takes.
  for (TableWork& work : works_) {
    if (work.plan->shape().rules.any()) {
      RETURN_IF_ERROR(WriteByRules(work));
      continue;
    }
    RETURN_IF_ERROR(Update(work));
    RETURN_IF_ERROR(Create(work));
  }
  SortDeletes();
  for (TableWork& work : works_) RETURN_IF_ERROR(Delete(work));
  return absl::OkStatus();
}

void SqlBatch::Decide(size_t index, InboxRow& row) {
  const PlannedDelivery& planned = deliveries_[index];
  const bus::v1::Delivery& delivery = *planned.outgoing->delivery;
  if (row.version > delivery.version()) return;
  if (row.version == delivery.version() && (row.complete || !planned.outgoing->complete)) return;
  // A record that was never delivered may still be there: its platform captured it, and the registry knows
  // its id.
  if (row.version == 0) row.local_id = delivery.local_id();
  if (row.deleted) row.local_id.clear();
  TableWork& work = WorkFor(planned.plan, delivery.acting_identity());
  if (IsDelete(planned)) {
    if (!row.local_id.empty()) work.deletes.push_back(index);
  } else {
    (row.local_id.empty() ? work.creates : work.updates).push_back(index);
  }
  row.version = delivery.version();
  row.complete = planned.outgoing->complete;
  row.deleted = IsDelete(planned);
  write_[index] = true;
}

SqlBatch::TableWork& SqlBatch::WorkFor(ShapePlan* plan, absl::string_view acting_identity) {
  for (TableWork& work : works_) {
    if (work.plan == plan && work.acting_identity == acting_identity) return work;
  }
  works_.emplace_back().plan = plan;
  works_.back().acting_identity = acting_identity;
  return works_.back();
}

absl::Status SqlBatch::ActFor(const TableWork& work) {
  if (work.acting_identity == acting_for_) return absl::OkStatus();
  RETURN_IF_ERROR(connection_.Query(kActFor, postgres::Params().AddText(work.acting_identity)).status());
  acting_for_ = std::string(work.acting_identity);
  return absl::OkStatus();
}

Deliveries SqlBatch::Select(const std::vector<size_t>& indexes) const {
  Deliveries selected;
  selected.reserve(indexes.size());
  for (const size_t index : indexes) selected.push_back(outgoing_[index]);
  return selected;
}

std::vector<absl::string_view> SqlBatch::LocalIds(const std::vector<size_t>& indexes) const {
  std::vector<absl::string_view> local_ids;
  local_ids.reserve(indexes.size());
  for (const size_t index : indexes) local_ids.emplace_back(rows_[index].local_id);
  return local_ids;
}

absl::Status SqlBatch::Update(TableWork& work) {
  if (work.updates.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(ActFor(work));
  const SqlShape& shape = work.plan->shape();
  const Deliveries deliveries = Select(work.updates);
  const Wires& wires = work.plan->WiresFor(deliveries);
  postgres::Params params;
  RETURN_IF_ERROR(columns_.AddKeys(shape.keys.size(), LocalIds(work.updates), &params));
  for (size_t i = 0; i < shape.fields.size(); ++i) {
    if (Updatable(*shape.fields[i])) columns_.AddField(i, *shape.fields[i], wires[i], deliveries, &params);
  }
  const bool adds_missing = !shape.rules.missing_only.empty();
  if (adds_missing) AddSeen(work, &params);
  ASSIGN_OR_RETURN(const postgres::Rows updated, connection_.Query(work.plan->Update(), params));
  std::vector<bool> found(work.updates.size(), false);
  for (int row = 0; row < updated.size(); ++row) {
    const size_t position = static_cast<size_t>(updated.GetInt64(row, 0) - 1);
    found[position] = true;
    rows_[work.updates[position]].local_id = LocalIdOf(shape, updated, row, 1);
    const int same = 1 + static_cast<int>(shape.keys.size());
    if (adds_missing && updated.columns() > same && !updated.GetBool(row, same))
      VerdictOf(work.updates[position]).fingerprint = "";
  }
  std::vector<size_t> missing;
  for (size_t i = 0; i < found.size(); ++i) {
    if (!found[i]) missing.push_back(work.updates[i]);
  }
  if (missing.empty()) return absl::OkStatus();
  // Somebody deleted them on the target: they come into being anew, unless the target's own log says so.
  RETURN_IF_ERROR(ExpectGone(work.plan, missing));
  for (const size_t index : missing) {
    if (!announces_writes_ || !deliveries_[index].outgoing->group->keeps_deletes()) {
      work.creates.push_back(index);
      continue;
    }
    Refuse(index, v1::OUTCOME_STATUS_SKIPPED, "DELETED_ON_TARGET",
           absl::StrCat(shape.table->model, " ", rows_[index].local_id,
                        " was deleted on the target: it is deleted everywhere, and not made anew"));
  }
  return absl::OkStatus();
}

absl::Status SqlBatch::Create(TableWork& work) {
  if (work.creates.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(ActFor(work));
  const SqlShape& shape = work.plan->shape();
  const Deliveries deliveries = Select(work.creates);
  const Wires& wires = work.plan->WiresFor(deliveries);
  postgres::Params params;
  for (size_t i = 0; i < shape.fields.size(); ++i) {
    columns_.AddField(i, *shape.fields[i], wires[i], deliveries, &params);
  }
  ASSIGN_OR_RETURN(const postgres::Rows created, connection_.Query(work.plan->Insert(), params));
  // Only a full answer can be told apart by its order.
  if (static_cast<size_t>(created.size()) != work.creates.size()) return RefusedByTrigger(shape, "dropped");
  for (int row = 0; row < created.size(); ++row) {
    const size_t index = work.creates[static_cast<size_t>(row)];
    rows_[index].local_id = LocalIdOf(shape, created, row, 0);
    created_[index] = true;
  }
  return absl::OkStatus();
}

absl::Status SqlBatch::Delete(TableWork& work) {
  RETURN_IF_ERROR(SpareAdopted(work));
  if (work.deletes.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(ActFor(work));
  postgres::Params params;
  RETURN_IF_ERROR(columns_.AddKeys(work.plan->shape().keys.size(), LocalIds(work.deletes), &params));
  ASSIGN_OR_RETURN(const postgres::Rows deleted, connection_.Query(work.plan->Delete(), params));
  if (deleted.affected() == static_cast<int64_t>(work.deletes.size())) return absl::OkStatus();
  return ExpectGone(work.plan, work.deletes);
}

absl::Status SqlBatch::ExpectGone(ShapePlan* plan, const std::vector<size_t>& indexes) {
  postgres::Params params;
  RETURN_IF_ERROR(columns_.AddKeys(plan->shape().keys.size(), LocalIds(indexes), &params));
  ASSIGN_OR_RETURN(const postgres::Rows there, connection_.Query(plan->Exists(), params));
  return there.empty() ? absl::OkStatus() : absl::Status(RefusedByTrigger(plan->shape(), "kept"));
}

void SqlBatch::SortDeletes() {
  const auto refers = [](const TableWork& child, const TableWork& parent) {
    const std::vector<int64_t>& references = child.plan->shape().table->references;
    return std::find(references.begin(), references.end(), parent.plan->shape().table->oid) !=
           references.end();
  };
  // Few tables: each turn takes one that no later one refers to, or the first of a cycle.
  for (size_t done = 0; done + 1 < works_.size(); ++done) {
    const auto rest = works_.begin() + static_cast<std::ptrdiff_t>(done);
    const auto next = std::find_if(rest, works_.end(), [&](const TableWork& parent) {
      return std::none_of(rest, works_.end(), [&](const TableWork& child) { return refers(child, parent); });
    });
    if (next != works_.end()) std::iter_swap(rest, next);
  }
}

}  // namespace cognate::delivery
