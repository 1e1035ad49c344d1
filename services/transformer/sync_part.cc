#include "services/transformer/sync_part.h"

#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace cognate::transformer {
namespace {

condition::Names NamesOf(absl::Span<const v1::ModelField> fields, const condition::Assignments& assignments) {
  condition::Names names;
  names.assignments = assignments;
  names.find_field = [fields](absl::string_view name, bool old) -> std::optional<condition::FieldInfo> {
    if (old) return std::nullopt;
    for (size_t slot = 0; slot < fields.size(); ++slot) {
      const v1::ModelField& field = fields[slot];
      if (field.name() != name) continue;
      return condition::FieldInfo{static_cast<int>(slot),
                                  field.type(),
                                  field.element_type(),
                                  {field.enum_labels().begin(), field.enum_labels().end()}};
    }
    return std::nullopt;
  };
  return names;
}

std::string Words(const std::vector<FieldViolation>& violations) {
  return absl::StrJoin(violations, "; ", [](std::string* out, const FieldViolation& violation) {
    absl::StrAppend(out, violation.field, ": ", violation.description);
  });
}

const v1::ModelField* Find(const google::protobuf::RepeatedPtrField<v1::ModelField>& fields,
                           absl::string_view name) {
  const auto found =
      std::find_if(fields.begin(), fields.end(), [&](const v1::ModelField& f) { return f.name() == name; });
  return found == fields.end() ? nullptr : &*found;
}

}  // namespace

std::string IdLists::Explain(absl::string_view local_id) const {
  if (ignored.contains(local_id)) return absl::StrCat(local_id, " is in ignore_ids");
  if (!only.empty())
    return absl::StrCat(local_id, only.contains(local_id) ? " is" : " is not", " in sync_ids");
  return absl::StrCat(local_id, " is not in ignore_ids");
}

bool Takes(const SyncPart& part, const condition::Subject& subject) {
  if (part.only_assigned && !absl::c_linear_search(subject.assigned, part.facts.target_platform))
    return false;
  return !part.filter.has_value() || part.filter->Matches(subject);
}

SyncPart MakeSyncPart(const v1::CompiledSync& compiled, absl::Span<const v1::ModelField> fields) {
  const v1::Sync& sync = compiled.sync();
  condition::Assignments assignments;
  assignments.own_platform = sync.target_platform();
  SyncPart part;
  part.sync = sync.name();
  part.facts = {sync.name(), sync.source_platform(), sync.target_platform(), sync.source_model(),
                sync.target_model()};
  part.only_assigned = sync.only_assigned();
  part.ids.only.insert(sync.sync_ids().begin(), sync.sync_ids().end());
  part.ids.ignored.insert(sync.ignore_ids().begin(), sync.ignore_ids().end());
  if (!sync.filter().empty()) {
    absl::StatusOr<condition::Condition> filter =
        condition::Condition::Parse(sync.filter(), NamesOf(fields, assignments));
    if (filter.ok()) {
      part.filter = *std::move(filter);
    } else {
      part.broken = absl::StrCat("filter: ", std::string(filter.status().message()));
    }
  }
  std::vector<FieldViolation> violations;
  part.chain = compiled.chain().empty()
                   ? transform::Chain::Compile(sync.transforms(), fields, &violations, assignments)
                   : transform::Chain::Compile(compiled.chain(), fields, &violations, assignments);
  if (!violations.empty()) part.broken = Words(violations);
  return part;
}

bool TakesAway(v1::LeaveAction action) {
  return action != v1::LEAVE_ACTION_KEEP && action != v1::LEAVE_ACTION_DETACH;
}

Departure MakeDeparture(const v1::LeavePolicy& policy,
                        const google::protobuf::RepeatedPtrField<v1::ModelField>& fields) {
  Departure departure;
  if (policy.action() != v1::LEAVE_ACTION_UNSPECIFIED) departure.action = policy.action();
  const auto add = [&](const std::string& name, const v1::Value& value) {
    const v1::ModelField* const field = Find(fields, name);
    if (field == nullptr) return;
    departure.rules.emplace_back().set_target(name);
    *departure.rules.back().mutable_target_field() = *field;
    departure.values.push_back(value);
  };
  if (departure.action == v1::LEAVE_ACTION_UNPUBLISH) {
    for (const v1::Field& field : policy.values()) add(field.name(), field.value());
  } else if (departure.action == v1::LEAVE_ACTION_SOFT_DELETE) {
    add(policy.time_field(), v1::Value());
  }
  for (const v1::CompiledField& rule : departure.rules) departure.fields.push_back({.rule = &rule});
  return departure;
}

}  // namespace cognate::transformer
