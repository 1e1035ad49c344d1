#include "services/change_capture/conflicts/amender.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "common/status/status_macros.h"
#include "services/change_capture/errors.h"
#include "services/change_capture/renewal.h"

namespace cognate::change_capture {
namespace {

using postgres::Transaction;

// What a record holds, with what it must get back.
absl::StatusOr<OwedStore::Amendment> Compose(const LoggedState& held, Owed owed) {
  OwedStore::Amendment amendment{held, std::move(owed)};
  v1::Fields fields;
  if (!fields.ParseFromString(held.fields)) return FieldsUnreadable(held.version);
  std::optional<absl::Time> time;
  Owed rest = amendment.owed;
  for (v1::Field& field : *fields.mutable_fields()) {
    const auto owed_field = rest.find(field.name());
    if (owed_field == rest.end()) continue;
    *field.mutable_value() = owed_field->second.edit.value;
    rest.erase(owed_field);
  }
  for (const auto& [name, item] : rest) {
    v1::Field& field = *fields.add_fields();
    field.set_name(name);
    *field.mutable_value() = item.edit.value;
  }
  for (const auto& [name, item] : amendment.owed) {
    if (item.edit.time.has_value()) time = std::max(time.value_or(*item.edit.time), *item.edit.time);
  }
  if (time.has_value()) amendment.state.source_time = time;
  amendment.state.fields = fields.SerializeAsString();
  return amendment;
}

}  // namespace

absl::Status Amender::Commit(const Findings& findings) {
  return replays_.WriteMade({}, [&](Transaction& transaction) { return Write(transaction, findings); });
}

absl::StatusOr<std::vector<LoggedState>> Amender::Write(Transaction& transaction, const Findings& findings) {
  RETURN_IF_ERROR(LockVersions(transaction));
  RETURN_IF_ERROR(ConflictStore::Advance(transaction, findings.looked_from, findings.looked_to));
  std::vector<RecordId> records;
  for (const Findings::OfRecord& found : findings.records) records.push_back(found.record);
  ASSIGN_OR_RETURN(const auto held, owed_.NewestHeld(transaction, records));
  std::vector<StoredConflict> conflicts;
  std::vector<RecordId> gone;
  std::map<RecordId, StoredOwed> owed;
  std::vector<OwedStore::Amendment> amendments;
  for (const auto& [record, merged] : findings.records) {
    for (const v1::Conflict& conflict : merged.conflicts) {
      conflicts.push_back({Uuid::V7(clock_), conflict, record});
    }
    const auto state = held.find(record);
    const bool is_gone = state == held.end() || state->second.operation == v1::OPERATION_DELETE;
    const bool has_changed = state != held.end() && state->second.version > findings.looked_to;
    if (is_gone) {
      gone.push_back(record);
      if (merged.older_won && state != held.end() && !has_changed) amendments.push_back({state->second, {}});
      continue;
    }
    owed[record] = {findings.looked_to, merged.owed};
    if (has_changed || (merged.owed.empty() && !merged.older_won)) continue;
    ASSIGN_OR_RETURN(OwedStore::Amendment amendment, Compose(state->second, merged.owed));
    amendments.push_back(std::move(amendment));
  }
  RETURN_IF_ERROR(ConflictStore::Insert(transaction, conflicts));
  RETURN_IF_ERROR(OwedStore::Forget(transaction, gone));
  RETURN_IF_ERROR(OwedStore::Put(transaction, owed));
  return owed_.Amend(transaction, amendments);
}

absl::Status Amender::Restore(const StoredConflict& conflict, const v1::Fields& values) {
  return replays_.WriteMade(
      {}, [&](Transaction& transaction) { return WriteRestored(transaction, conflict, values); });
}

absl::StatusOr<std::vector<LoggedState>> Amender::WriteRestored(Transaction& transaction,
                                                                const StoredConflict& conflict,
                                                                const v1::Fields& values) {
  RETURN_IF_ERROR(LockVersions(transaction));
  RETURN_IF_ERROR(ConflictStore::SetState(transaction, conflict.id, v1::CONFLICT_STATE_RESOLVED));
  const std::vector<RecordId> records = {conflict.record};
  ASSIGN_OR_RETURN(const auto held, owed_.NewestHeld(transaction, records));
  const auto state = held.find(conflict.record);
  if (state == held.end() || state->second.operation == v1::OPERATION_DELETE) {
    const v1::RecordKey& key = conflict.content.record();
    return RecordIsGone(key.platform(), key.model(), key.local_id());
  }
  ASSIGN_OR_RETURN(auto known, OwedStore::Get(transaction, records));
  ASSIGN_OR_RETURN(const std::optional<OwedStore::Amendment> amendment,
                   AmendmentFor(state->second, std::move(known[conflict.record].edits), values));
  if (!amendment.has_value()) return std::vector<LoggedState>();
  return owed_.Amend(transaction, {*amendment});
}

absl::Status Amender::Give(std::vector<Given>* given) {
  return replays_.WriteMade({}, [&](Transaction& transaction) { return WriteGiven(transaction, given); });
}

absl::StatusOr<std::vector<LoggedState>> Amender::WriteGiven(Transaction& transaction,
                                                             std::vector<Given>* given) {
  RETURN_IF_ERROR(LockVersions(transaction));
  std::vector<RecordId> records;
  for (const Given& one : *given) records.push_back(one.record);
  ASSIGN_OR_RETURN(const auto held, owed_.NewestHeld(transaction, records));
  ASSIGN_OR_RETURN(auto known, OwedStore::Get(transaction, records));
  std::vector<OwedStore::Amendment> amendments;
  std::set<RecordId> seen;
  for (Given& one : *given) {
    const auto state = held.find(one.record);
    one.outcome = Given::Outcome::kGone;
    if (state == held.end() || state->second.operation == v1::OPERATION_DELETE) continue;
    one.outcome = Given::Outcome::kChanged;
    if (state->second.version != one.latest_version || !seen.insert(one.record).second) continue;
    ASSIGN_OR_RETURN(const std::optional<OwedStore::Amendment> amendment,
                     AmendmentFor(state->second, std::move(known[one.record].edits), one.values));
    one.outcome = amendment.has_value() ? Given::Outcome::kWritten : Given::Outcome::kSame;
    if (amendment.has_value()) amendments.push_back(*amendment);
  }
  return owed_.Amend(transaction, amendments);
}

absl::StatusOr<std::optional<OwedStore::Amendment>> Amender::AmendmentFor(const LoggedState& state, Owed owed,
                                                                          const v1::Fields& values) const {
  ASSIGN_OR_RETURN(const ValuesByField now, ValuesOf(state));
  bool changes = false;
  for (const v1::Field& field : values.fields()) {
    const v1::Value& found = At(now, field.name());
    const auto before = owed.find(field.name());
    const bool is_owed = before != owed.end() && IsSame(before->second.edit.value, field.value());
    if (is_owed || (before == owed.end() && IsSame(found, field.value()))) continue;
    owed[field.name()] = {{field.value(), found, state.version, clock_.Now()}, found};
    changes = true;
  }
  if (!changes) return std::optional<OwedStore::Amendment>();
  ASSIGN_OR_RETURN(OwedStore::Amendment amendment, Compose(state, std::move(owed)));
  return std::optional<OwedStore::Amendment>(std::move(amendment));
}

}  // namespace cognate::change_capture
