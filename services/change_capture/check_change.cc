#include "services/change_capture/check_change.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "common/value/convert.h"
#include "common/value/local_id.h"
#include "common/value/value.h"
#include "services/change_capture/capture_batch.h"
#include "services/change_capture/errors.h"

namespace cognate::change_capture {
namespace {

bool HasNul(absl::string_view text) { return text.find('\0') != absl::string_view::npos; }

std::string PathOf(int index, absl::string_view part) { return absl::StrCat("changes[", index, "].", part); }

absl::Status CheckText(int index, absl::string_view part, absl::string_view text, size_t max_bytes) {
  if (text.empty()) return FieldMissing(PathOf(index, part), absl::StrCat("1 to ", max_bytes, " bytes"));
  if (text.size() > max_bytes) {
    return FieldInvalid(PathOf(index, part), absl::StrCat(text.size(), " bytes"),
                        absl::StrCat("1 to ", max_bytes, " bytes"));
  }
  if (HasNul(text)) return TextHasNul(PathOf(index, part), part);
  return absl::OkStatus();
}

std::string FieldPath(int index, int place, absl::string_view part) {
  return absl::StrCat("changes[", index, "].fields[", place, "].", part);
}

// The place of a field in its model; fields mostly come in the model's own order, so `hint` is tried first.
int FindField(const KnownModel& model, const std::string& name, int hint) {
  if (hint < model.model.fields_size() && model.model.fields(hint).name() == name) return hint;
  const auto found = model.field_index.find(name);
  return found == model.field_index.end() ? -1 : found->second;
}

int64_t SizeOf(const v1::Value& value) {
  switch (value.kind_case()) {
    case v1::Value::kTextValue:
      return static_cast<int64_t>(value.text_value().size());
    case v1::Value::kBytesValue:
      return static_cast<int64_t>(value.bytes_value().size());
    case v1::Value::kDecimalValue:
      return static_cast<int64_t>(value.decimal_value().size());
    case v1::Value::kFileValue:
    case v1::Value::kListValue:
    case v1::Value::kMapValue:
      return static_cast<int64_t>(value.ByteSizeLong());
    default:
      return 0;
  }
}

absl::Status CheckValue(int index, int place, const v1::Field& field, const v1::ModelField& known) {
  if (field.value().kind_case() == v1::Value::KIND_NOT_SET) {
    return FieldMissing(FieldPath(index, place, "value"), "exactly one kind of value, or null_value");
  }
  const int64_t size = SizeOf(field.value());
  if (size > value::kMaxValueBytes) {
    return ValueTooLarge(FieldPath(index, place, "value"), field.name(), size, value::kMaxValueBytes);
  }
  if (const std::optional<v1::OutcomeError> error = value::CheckType(field.value(), known)) {
    // A text that is no date is of the wrong type here as well: the kind and the content must both be right.
    const absl::string_view reason = error->reason() == "BAD_ENCODING" ? "BAD_ENCODING" : "WRONG_TYPE";
    return ValueRefused(FieldPath(index, place, "value"), reason, error->message());
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckNames(int index, const v1::Change& change) {
  RETURN_IF_ERROR(CheckText(index, "change_id", change.change_id(), kMaxChangeIdBytes));
  RETURN_IF_ERROR(CheckText(index, "local_id", change.local_id(), value::kMaxLocalIdBytes));
  if (change.model().empty()) return FieldMissing(PathOf(index, "model"), "a model of the platform");
  if (change.operation() < v1::OPERATION_CREATE || change.operation() > v1::OPERATION_DELETE) {
    return FieldMissing(PathOf(index, "operation"), "OPERATION_CREATE, OPERATION_UPDATE or OPERATION_DELETE");
  }
  if (change.fields().empty() && change.operation() != v1::OPERATION_DELETE) {
    return FieldMissing(PathOf(index, "fields"), "the record's full state after the change");
  }
  return absl::OkStatus();
}

absl::Status CheckFields(int index, const v1::Change& change, const KnownModel& model) {
  std::vector<bool> given(static_cast<size_t>(model.model.fields_size()), false);
  int hint = 0;
  for (int i = 0; i < change.fields_size(); ++i) {
    const v1::Field& field = change.fields(i);
    const int known = FindField(model, field.name(), hint);
    if (known < 0) return FieldNotFound(FieldPath(index, i, "name"), change.model(), field.name());
    if (given[static_cast<size_t>(known)]) return DuplicateField(FieldPath(index, i, "name"), field.name());
    given[static_cast<size_t>(known)] = true;
    hint = known + 1;
    RETURN_IF_ERROR(CheckValue(index, i, field, model.model.fields(known)));
  }
  return absl::OkStatus();
}

}  // namespace cognate::change_capture
