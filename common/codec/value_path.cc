#include "common/codec/value_path.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/codec/nesting.h"
#include "common/status/status_macros.h"
#include "common/value/value.h"

namespace cognate::codec {
namespace {

bool IsMissing(const v1::Value& value) {
  return value.kind_case() == v1::Value::KIND_NOT_SET || value::IsNull(value);
}

bool IsEmptyList(const v1::Value& value) {
  return value.kind_case() == v1::Value::kListValue && value.list_value().values_size() == 0;
}

const v1::Value* FindName(const v1::Value& value, absl::string_view name) {
  for (const v1::Field& field : value.map_value().fields()) {
    if (field.name() == name) return &field.value();
  }
  return nullptr;
}

const v1::Value* FindPlace(const v1::Value& value, int place) {
  return place < value.list_value().values_size() ? &value.list_value().values(place) : nullptr;
}

v1::Value* FindOrAddName(v1::Value* value, const std::string& name) {
  if (value->kind_case() != v1::Value::kMapValue) value->mutable_map_value();
  for (v1::Field& field : *value->mutable_map_value()->mutable_fields()) {
    if (field.name() == name) return field.mutable_value();
  }
  v1::Field* const field = value->mutable_map_value()->add_fields();
  field->set_name(name);
  return field->mutable_value();
}

}  // namespace

int NestingOf(const v1::Value& value) {
  int deepest = -1;
  for (const v1::Value& element : value.list_value().values())
    deepest = std::max(deepest, NestingOf(element));
  for (const v1::Field& field : value.map_value().fields())
    deepest = std::max(deepest, NestingOf(field.value()));
  const bool holds = value.kind_case() == v1::Value::kListValue || value.kind_case() == v1::Value::kMapValue;
  return holds ? std::max(deepest, 0) + 1 : 0;
}

const v1::Value* ValuePath::Get(const v1::Value& root) const {
  const v1::Value* value = &root;
  for (const Step& step : steps_) {
    switch (step.kind) {
      case StepKind::kName:
        value = FindName(*value, step.name);
        break;
      case StepKind::kPlace:
        value = FindPlace(*value, step.place);
        break;
      default:
        return nullptr;
    }
    if (value == nullptr) return nullptr;
  }
  return value;
}

absl::Status ValuePath::Fits(const v1::Value& root, const v1::Value& value) const {
  if (has_wildcards_) {
    return absl::InvalidArgumentError(
        absl::StrCat("got the path \"", text_, "\", want one place; * is for reading alone"));
  }
  if (static_cast<int>(steps_.size()) + NestingOf(value) > kMaxNesting) {
    return absl::OutOfRangeError(
        absl::StrCat("got nesting deeper than ", kMaxNesting, " at \"", text_, "\", want at most as deep"));
  }
  const v1::Value* at = &root;
  for (const Step& step : steps_) {
    if (at != nullptr && IsMissing(*at)) at = nullptr;
    if (step.kind == StepKind::kName) {
      if (at != nullptr && at->kind_case() != v1::Value::kMapValue && !IsEmptyList(*at)) {
        return absl::FailedPreconditionError(absl::StrCat("got ", value::Describe(*at), " on the way of \"",
                                                          text_, "\", want a map for the name \"", step.name,
                                                          "\""));
      }
      at = at == nullptr ? nullptr : FindName(*at, step.name);
      continue;
    }
    if (at != nullptr && at->kind_case() != v1::Value::kListValue) {
      return absl::FailedPreconditionError(
          absl::StrCat("got ", value::Describe(*at), " on the way of \"", text_, "\", want a list"));
    }
    const int size = at == nullptr ? 0 : at->list_value().values_size();
    if (step.kind == StepKind::kPlace && step.place > size) {
      return absl::OutOfRangeError(absl::StrCat("got the place ", step.place, " of a list of ", size,
                                                " in \"", text_, "\", want at most ", size,
                                                "; a list grows by one at a time"));
    }
    at = at == nullptr || step.kind == StepKind::kAfterLast ? nullptr : FindPlace(*at, step.place);
  }
  return absl::OkStatus();
}

absl::Status ValuePath::Set(v1::Value* root, const v1::Value& value) const {
  RETURN_IF_ERROR(Fits(*root, value));
  v1::Value copy = value;  // `value` may be a part of what it replaces
  v1::Value* at = root;
  for (const Step& step : steps_) {
    if (step.kind == StepKind::kName) {
      at = FindOrAddName(at, step.name);
      continue;
    }
    v1::ListValue* const list = at->mutable_list_value();
    const bool grows = step.kind == StepKind::kAfterLast || step.place == list->values_size();
    at = grows ? list->add_values() : list->mutable_values(step.place);
  }
  *at = std::move(copy);
  return absl::OkStatus();
}

absl::Status ValuePath::ForEach(v1::Value* root, absl::FunctionRef<absl::Status(v1::Value*)> visit) const {
  return Visit(root, 0, visit);
}

absl::Status ValuePath::Visit(v1::Value* value, size_t step_index,
                              absl::FunctionRef<absl::Status(v1::Value*)> visit) const {
  if (step_index == steps_.size()) return visit(value);
  const Step& step = steps_[step_index];
  const bool names = step.kind == StepKind::kName || step.kind == StepKind::kEveryName;
  if (value->kind_case() != (names ? v1::Value::kMapValue : v1::Value::kListValue)) return absl::OkStatus();
  if (names) {
    for (v1::Field& field : *value->mutable_map_value()->mutable_fields()) {
      if (step.kind == StepKind::kName && field.name() != step.name) continue;
      RETURN_IF_ERROR(Visit(field.mutable_value(), step_index + 1, visit));
      if (step.kind == StepKind::kName) break;
    }
    return absl::OkStatus();
  }
  v1::ListValue* const list = value->mutable_list_value();
  const bool every = step.kind == StepKind::kEveryPlace;
  if (step.kind == StepKind::kAfterLast || (!every && step.place >= list->values_size()))
    return absl::OkStatus();
  for (int i = every ? 0 : step.place; i < (every ? list->values_size() : step.place + 1); ++i) {
    RETURN_IF_ERROR(Visit(list->mutable_values(i), step_index + 1, visit));
  }
  return absl::OkStatus();
}

}  // namespace cognate::codec
