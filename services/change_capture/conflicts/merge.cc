#include "services/change_capture/conflicts/merge.h"

#include <algorithm>
#include <utility>

#include "common/clock/time_proto.h"
#include "common/status/status_macros.h"
#include "services/change_capture/errors.h"

namespace cognate::change_capture {
namespace {

// Goes through one record's states.
class Merger {
 public:
  Merger(const FieldPolicies& policies, Owed owed, bool from_the_first)
      : policies_(policies), has_begun_(from_the_first) {
    merged_.owed = std::move(owed);
  }

  // A state that was looked at before.
  absl::Status Pass(const LoggedState& state) {
    ASSIGN_OR_RETURN(const ValuesByField values, ValuesOf(state));
    Advance(state, values);
    return absl::OkStatus();
  }

  absl::Status Add(const NextState& next) {
    ASSIGN_OR_RETURN(const ValuesByField values, ValuesOf(next.state));
    if (next.state.is_delivered()) {
      RETURN_IF_ERROR(AddDelivery(next, values));
    } else if (!next.state.is_amended) {
      AddOwn(next.state, values);
    }
    Advance(next.state, values);
    return absl::OkStatus();
  }

  Merged Take() { return std::move(merged_); }

 private:
  // The later edit did not see what the record was to get back, and takes its place.
  void AddOwn(const LoggedState& state, const ValuesByField& values) {
    v1::Conflict conflict = NewConflict(state);
    std::erase_if(merged_.owed, [&](const auto& item) {
      const auto& [field, owed] = item;
      const v1::Value& now = At(values, field);
      if (IsSame(now, owed.edit.value)) return true;
      if (IsSame(now, owed.found) && state.operation != v1::OPERATION_DELETE) return false;
      List(field, owed.edit, owed.edit.replaced, now, false, v1::CONFLICT_POLICY_NEWEST, &conflict);
      return true;
    });
    Keep(std::move(conflict));
  }

  absl::Status AddDelivery(const NextState& next, const ValuesByField& values) {
    ValuesByField known;
    if (next.known.has_value()) {
      ASSIGN_OR_RETURN(known, ValuesOf(*next.known));
    }
    Owed open = std::exchange(merged_.owed, {});
    std::erase_if(open, [&](const auto& item) { return next.knows_owed && !item.second.is_new; });
    if (is_deleted_) return absl::OkStatus();  // made again: for the policies on deletes
    for (const auto& [field, edit] : edits_) {
      if (IsSame(At(held_, field), edit.value)) open.try_emplace(field, OwedEdit{edit, {}, true});
    }
    v1::Conflict conflict = NewConflict(next.state);
    *conflict.mutable_other_record() = next.author;
    conflict.set_is_delete(next.state.operation == v1::OPERATION_DELETE);
    if (next.time.has_value()) *conflict.mutable_delivered_time() = ToTimestamp(*next.time);
    for (const auto& [field, owed] : open) {
      Decide(next, field, owed, At(values, field), next.known.has_value() ? &At(known, field) : nullptr,
             &conflict);
    }
    Keep(std::move(conflict));
    return absl::OkStatus();
  }

  // `known` is what the author of the delivered edit saw in the field, if it saw the record at all.
  void Decide(const NextState& next, const std::string& field, const OwedEdit& owed, const v1::Value& now,
              const v1::Value* known, v1::Conflict* conflict) {
    const OwnEdit& edit = owed.edit;
    const bool is_delete = conflict->is_delete();
    if (!is_delete && IsSame(now, edit.value)) return;
    if (known != nullptr && IsSame(*known, edit.value)) return;
    const bool was_replaced = IsSame(now, edit.replaced) || IsSame(now, owed.found);
    const bool was_changed_by_own =
        known != nullptr && IsSame(now, *known) &&
        (edit.version > next.known->version || WasThereBefore(field, now, edit.version));
    const bool only_own = !is_delete && (was_replaced || was_changed_by_own);
    const auto policy = policies_.find(field);
    const v1::ConflictPolicy decides =
        policy == policies_.end() ? v1::CONFLICT_POLICY_NEWEST : policy->second;
    const bool own_wins = only_own || (!is_delete && OwnWins(decides, edit, next));
    if (own_wins) merged_.owed[field] = {edit, now, owed.is_new};
    if (only_own && was_replaced) return;
    // Else the own edit replaced another value: whoever made it has not seen this one.
    List(field, edit, known != nullptr ? *known : edit.replaced, now, own_wins, decides, conflict);
    if (!own_wins && edit.version > next.state.origin->version) merged_.older_won = true;
  }

  // A value can come back with an edit that did not touch the field.
  bool WasThereBefore(const std::string& field, const v1::Value& value, int64_t version) const {
    const auto seen = first_seen_.find({field, value.SerializeAsString()});
    return seen != first_seen_.end() && seen->second < version;
  }

  static bool OwnWins(v1::ConflictPolicy policy, const OwnEdit& own, const NextState& next) {
    if (policy == v1::CONFLICT_POLICY_SOURCE) return false;
    if (policy == v1::CONFLICT_POLICY_TARGET) return true;
    const bool by_time =
        policy != v1::CONFLICT_POLICY_MANUAL && own.time.has_value() && next.time.has_value();
    if (by_time && *own.time != *next.time) return *own.time > *next.time;
    return own.version > next.state.origin->version;
  }

  static v1::Conflict NewConflict(const LoggedState& state) {
    v1::Conflict conflict;
    *conflict.mutable_record() = KeyOf(state);
    conflict.set_delivered_version(state.is_delivered() ? state.origin->version : state.version);
    conflict.set_state(v1::CONFLICT_STATE_DECIDED);
    return conflict;
  }

  static void List(const std::string& field, const OwnEdit& edit, const v1::Value& base, const v1::Value& now,
                   bool own_won, v1::ConflictPolicy policy, v1::Conflict* conflict) {
    v1::ConflictField& listed = *conflict->add_fields();
    listed.set_field(field);
    *listed.mutable_base() = base;
    *listed.mutable_own() = edit.value;
    if (!conflict->is_delete()) *listed.mutable_delivered() = now;
    listed.set_own_won(own_won);
    listed.set_policy(policy);
    if (policy == v1::CONFLICT_POLICY_MANUAL) conflict->set_state(v1::CONFLICT_STATE_OPEN);
    if (edit.version <= conflict->own_version()) return;
    conflict->set_own_version(edit.version);
    if (edit.time.has_value()) *conflict->mutable_own_time() = ToTimestamp(*edit.time);
  }

  void Keep(v1::Conflict conflict) {
    if (!conflict.fields().empty()) merged_.conflicts.push_back(std::move(conflict));
  }

  // An amended state is compared with what the record held, as every other is: it is held only when it comes
  // back.
  void Advance(const LoggedState& state, const ValuesByField& values) {
    if (has_begun_ && !state.is_delivered()) {
      for (const auto& [field, policy] : policies_) {
        const v1::Value& value = At(values, field);
        const v1::Value& before = At(held_, field);
        if (!IsSame(value, before)) edits_[field] = {value, before, state.version, state.source_time};
      }
    }
    if (state.is_amended) return;
    has_begun_ = true;
    for (const auto& [field, policy] : policies_) {
      first_seen_.try_emplace({field, At(values, field).SerializeAsString()}, state.version);
    }
    held_ = values;
    is_deleted_ = state.operation == v1::OPERATION_DELETE;
  }

  const FieldPolicies& policies_;
  bool has_begun_;  // so that what a state changed can be told
  Merged merged_;
  std::map<std::string, OwnEdit> edits_;
  std::map<std::pair<std::string, std::string>, int64_t> first_seen_;  // by field and value
  ValuesByField held_;
  bool is_deleted_ = false;
};

}  // namespace

absl::StatusOr<ValuesByField> ValuesOf(const LoggedState& state) {
  v1::Fields fields;
  if (!fields.ParseFromString(state.fields)) return FieldsUnreadable(state.version);
  ValuesByField values;
  values.reserve(static_cast<size_t>(fields.fields_size()));
  for (v1::Field& field : *fields.mutable_fields()) values[field.name()].Swap(field.mutable_value());
  return values;
}

const v1::Value& At(const ValuesByField& values, const std::string& field) {
  const auto found = values.find(field);
  return found == values.end() ? v1::Value::default_instance() : found->second;
}

bool IsSame(const v1::Value& a, const v1::Value& b) { return a.SerializeAsString() == b.SerializeAsString(); }

v1::RecordKey KeyOf(const LoggedState& state) {
  v1::RecordKey key;
  key.set_platform(state.model->platform);
  key.set_model(state.model->model);
  key.set_local_id(state.local_id);
  return key;
}

absl::StatusOr<Merged> Merge(const std::vector<LoggedState>& history, const std::vector<NextState>& next,
                             const FieldPolicies& policies, Owed owed, bool from_the_first) {
  Merger merger(policies, std::move(owed), from_the_first);
  for (const LoggedState& state : history) RETURN_IF_ERROR(merger.Pass(state));
  for (const NextState& state : next) RETURN_IF_ERROR(merger.Add(state));
  return merger.Take();
}

}  // namespace cognate::change_capture
