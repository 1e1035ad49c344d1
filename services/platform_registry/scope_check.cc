#include "services/platform_registry/scope_check.h"

#include <algorithm>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/condition/condition.h"
#include "common/value/convert.h"
#include "google/protobuf/util/message_differencer.h"
#include "services/platform_registry/expansion.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;

std::string Shown(std::vector<absl::string_view> names) {
  constexpr int kShown = 30;
  const bool more = names.size() > kShown;
  if (more) names.resize(kShown);
  return StrCat(absl::StrJoin(names, ", "), more ? ", …" : "");
}

condition::Names NamesOf(const v1::Model& model, condition::Assignments assignments) {
  condition::Names names;
  names.assignments = std::move(assignments);
  for (const v1::ModelField& field : model.fields()) names.known_fields.push_back(field.name());
  names.why_not_old =
      "old is not known in a filter: the scope is judged by the record as it is, so that a replay ends as "
      "the first "
      "delivery did; ask for it in `when` of a step or in a script";
  names.find_field = [&model](absl::string_view name, bool old) -> std::optional<condition::FieldInfo> {
    const v1::ModelField* const field = old ? nullptr : FindField(model, name);
    if (field == nullptr) return std::nullopt;
    const int slot = static_cast<int>(field - &model.fields(0));
    return condition::FieldInfo{slot,
                                field->type(),
                                field->element_type(),
                                {field->enum_labels().begin(), field->enum_labels().end()}};
  };
  return names;
}

// What is wrong with a pipeline's step is told where the sync names the pipeline.
void WrongInChain(SyncCheck& check, const FieldViolation& violation) {
  const auto tell = [&](const char* part, const google::protobuf::RepeatedPtrField<std::string>& names) {
    for (int i = 0; i < names.size(); ++i) {
      if (!absl::StartsWith(violation.field, StrCat(names[i], "."))) continue;
      check.Wrong(StrCat("sync.", part, "[", i, "]"), StrCat(violation.field, ": ", violation.description));
      return true;
    }
    return false;
  };
  if (tell("before", check.sync.before()) || tell("after", check.sync.after())) return;
  check.Wrong(StrCat("sync.", violation.field), violation.description);
}

bool HoldsTime(const v1::ModelField& field) {
  return field.type() == v1::FIELD_TYPE_TIMESTAMP || field.type() == v1::FIELD_TYPE_LOCAL_TIMESTAMP;
}

void CheckLeftValue(SyncCheck& check, const std::string& path, const v1::Field& value) {
  const v1::ModelField* const field = FindField(*check.target.model, value.name());
  if (field == nullptr) {
    check.Wrong(path, StrCat("got \"", value.name(), "\", want a field of ", check.sync.target_model(), ": ",
                             FieldNames(*check.target.model)));
    return;
  }
  v1::Value converted;
  const std::optional<v1::OutcomeError> error = value::Convert(value.value(), *field, &converted);
  if (error.has_value()) check.Wrong(path, error->message());
}

void CheckTimeField(SyncCheck& check, const std::string& path, const std::string& name) {
  const v1::ModelField* const field = FindField(*check.target.model, name);
  if (field == nullptr || !HoldsTime(*field)) {
    check.Wrong(StrCat(path, ".time_field"), StrCat("got \"", name, "\", want a field of ",
                                                    check.sync.target_model(), " that holds a time"));
  } else if (!field->nullable()) {
    check.Wrong(StrCat(path, ".time_field"),
                StrCat("got ", name, ", which is NOT NULL, want one that is NULL while the record lives"));
  }
}

void CheckPolicy(SyncCheck& check, const std::string& path, bool is_given, const v1::LeavePolicy& policy) {
  if (!is_given) return;
  switch (policy.action()) {
    case v1::LEAVE_ACTION_UNPUBLISH:
      if (policy.values().empty())
        check.Wrong(StrCat(path, ".values"), "got none, want what is written, such as a status");
      for (int i = 0; i < policy.values_size(); ++i)
        CheckLeftValue(check, StrCat(path, ".values[", i, "]"), policy.values(i));
      return;
    case v1::LEAVE_ACTION_SOFT_DELETE:
      return CheckTimeField(check, path, policy.time_field());
    case v1::LEAVE_ACTION_DELETE:
    case v1::LEAVE_ACTION_KEEP:
    case v1::LEAVE_ACTION_DETACH:
      return;
    default:
      check.Wrong(StrCat(path, ".action"),
                  StrCat("got ", static_cast<int>(policy.action()),
                         ", want one of LeaveAction; leave the policy out for DELETE"));
  }
}

}  // namespace

bool SyncCheck::IsWrongAt(absl::string_view path) const {
  return std::any_of(violations.begin(), violations.end(), [&](const FieldViolation& violation) {
    return absl::StartsWith(violation.field, path);
  });
}

std::string MappingPath(int index, absl::string_view part) {
  return index < 0 ? "sync.all_fields" : StrCat("sync.fields[", index, "].", part);
}

int IndexOf(const v1::Sync& sync, const v1::CompiledField& field) {
  for (int i = 0; i < sync.fields_size(); ++i) {
    if (sync.fields(i).target() == field.target()) return i;
  }
  return -1;
}

bool JoinsTheSameModels(const v1::Sync& a, const v1::Sync& b) {
  return a.source_platform() == b.source_platform() && a.source_model() == b.source_model() &&
         a.target_platform() == b.target_platform() && a.target_model() == b.target_model();
}

std::string FieldNames(const v1::Model& model) {
  std::vector<absl::string_view> names;
  for (const v1::ModelField& field : model.fields()) names.emplace_back(field.name());
  return Shown(std::move(names));
}

std::string FieldNames(const ChainFields& record) {
  std::vector<absl::string_view> names;
  for (const ChainField& field : record.fields) names.emplace_back(field.field.name());
  return Shown(std::move(names));
}

void CheckExpanded(SyncCheck& check) {
  const v1::Model* const source = check.source.model;
  if (source != nullptr && source->has_expansion()) {
    std::vector<FieldViolation> wrong;
    CheckExpansion(check.configuration, check.sync.source_platform(), *source, source->model(), &wrong);
    for (const FieldViolation& violation : wrong) {
      check.Wrong(check.source.model_path, StrCat("got ", source->model(), ", whose expansion does not fit ",
                                                  source->expansion().model(), " any more: ", violation.field,
                                                  ": ", violation.description));
    }
  }
  const v1::Model* const target = check.target.model;
  if (target != nullptr && target->has_expansion()) {
    check.Wrong(
        check.target.model_path,
        StrCat("got ", target->model(), ", which is made of the records of ", target->expansion().model(),
               ": nothing can be written there; write to ", target->expansion().model()));
  }
}

void CheckScope(SyncCheck& check) {
  const v1::Model& source = *check.source.model;
  condition::Assignments assignments = AssignmentsOf(check.sync, source);
  const v1::Sync& sync = check.sync;
  const bool has_conditions =
      !sync.filter().empty() || !sync.transforms().empty() || !sync.before().empty() || !sync.after().empty();
  if (has_conditions) {
    for (const auto& [platform, known] : check.configuration.platforms)
      assignments.platforms.push_back(platform);
    std::sort(assignments.platforms.begin(), assignments.platforms.end());
  }
  if (check.sync.only_assigned() && !source.assignable()) {
    check.Wrong("sync.only_assigned", StrCat("got true, but ", assignments.why_not));
  }
  if (!check.sync.filter().empty()) {
    const auto filter = condition::Condition::Parse(check.sync.filter(), NamesOf(source, assignments));
    if (!filter.ok()) check.Wrong("sync.filter", std::string(filter.status().message()));
  }
  check.record = FieldsAfterChain(check.configuration, check.sync, source, assignments);
  for (const FieldViolation& violation : check.record.violations) WrongInChain(check, violation);
}

void CheckLeaving(SyncCheck& check) {
  CheckPolicy(check, "sync.leave", check.sync.has_leave(), check.sync.leave());
  CheckPolicy(check, "sync.on_delete", check.sync.has_on_delete(), check.sync.on_delete());
}

std::vector<std::string> AssignmentPlatforms(const v1::Sync& sync, const v1::Model& source,
                                             const ChainFields& record) {
  std::vector<std::string> platforms = record.assigned_platforms;
  if (sync.only_assigned()) platforms.push_back(sync.target_platform());
  if (absl::StrContains(sync.filter(), "assigned")) {
    const auto filter =
        condition::Condition::Parse(sync.filter(), NamesOf(source, AssignmentsOf(sync, source)));
    if (filter.ok()) {
      platforms.insert(platforms.end(), filter->assigned_platforms().begin(),
                       filter->assigned_platforms().end());
    }
  }
  std::sort(platforms.begin(), platforms.end());
  platforms.erase(std::unique(platforms.begin(), platforms.end()), platforms.end());
  return platforms;
}

bool IsSamePolicy(const v1::LeavePolicy& a, const v1::LeavePolicy& b) {
  const auto action = [](const v1::LeavePolicy& policy) {
    return policy.action() == v1::LEAVE_ACTION_UNSPECIFIED ? v1::LEAVE_ACTION_DELETE : policy.action();
  };
  v1::LeavePolicy left = a, right = b;
  left.set_action(action(a));
  right.set_action(action(b));
  return google::protobuf::util::MessageDifferencer::Equals(left, right);
}

}  // namespace cognate::platform_registry
