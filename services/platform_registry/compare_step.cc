#include "services/platform_registry/compare_step.h"

#include "absl/strings/str_cat.h"
#include "common/value/convert.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;

constexpr double kRefusesSome = 0.5;
constexpr double kNeedsStep = 0.4;

struct Step {
  v1::Transform transform;
  v1::FieldType makes;
  absl::string_view name;
};

bool IsMoment(v1::FieldType type) {
  return type == v1::FIELD_TYPE_TIMESTAMP || type == v1::FIELD_TYPE_LOCAL_TIMESTAMP;
}

std::optional<Step> ToInteger(const v1::ModelField& from) {
  Step step = {{}, v1::FIELD_TYPE_INTEGER, "to_integer"};
  switch (from.type()) {
    case v1::FIELD_TYPE_TEXT:
    case v1::FIELD_TYPE_FLOAT:
    case v1::FIELD_TYPE_BOOL:
      step.transform.mutable_to_integer()->set_field(from.name());
      return step;
    case v1::FIELD_TYPE_TIMESTAMP:
    case v1::FIELD_TYPE_LOCAL_TIMESTAMP: {
      step.name = "change_time";
      v1::ChangeTime& change = *step.transform.mutable_change_time();
      change.set_field(from.name());
      change.mutable_from()->set_timestamp(true);
      change.mutable_to()->set_unix_seconds(true);
      return step;
    }
    default:
      return std::nullopt;
  }
}

std::optional<Step> ToTime(const v1::ModelField& from, v1::FieldType to) {
  Step step = {{}, to, "change_time"};
  v1::ChangeTime& change = *step.transform.mutable_change_time();
  change.set_field(from.name());
  if (from.type() == v1::FIELD_TYPE_INTEGER) {
    change.mutable_from()->set_unix_seconds(true);
  } else if (IsMoment(from.type())) {
    change.mutable_from()->set_timestamp(true);
  } else {
    return std::nullopt;
  }
  if (to == v1::FIELD_TYPE_DATE) {
    change.mutable_to()->set_date(true);
  } else {
    change.mutable_to()->set_timestamp(true);
  }
  return step;
}

std::optional<Step> FindStep(const v1::ModelField& from, const v1::ModelField& to) {
  Step step = {{}, to.type(), ""};
  switch (to.type()) {
    case v1::FIELD_TYPE_INTEGER:
      return ToInteger(from);
    case v1::FIELD_TYPE_DECIMAL:
      if (from.type() != v1::FIELD_TYPE_TEXT) return std::nullopt;
      step.transform.mutable_to_decimal()->set_field(from.name());
      step.name = "to_decimal";
      return step;
    case v1::FIELD_TYPE_BOOL:
      if (from.type() != v1::FIELD_TYPE_TEXT && from.type() != v1::FIELD_TYPE_INTEGER) return std::nullopt;
      step.transform.mutable_truthy()->add_fields(from.name());
      step.name = "truthy";
      return step;
    case v1::FIELD_TYPE_TIMESTAMP:
    case v1::FIELD_TYPE_LOCAL_TIMESTAMP:
    case v1::FIELD_TYPE_DATE:
      return ToTime(from, to.type());
    case v1::FIELD_TYPE_TEXT:
      if (from.type() != v1::FIELD_TYPE_LIST || from.element_type() != v1::FIELD_TYPE_TEXT)
        return std::nullopt;
      step.transform.mutable_encode()->set_field(from.name());
      step.transform.mutable_encode()->set_encoding(v1::ENCODING_COMMA_LIST);
      step.name = "encode";
      return step;
    case v1::FIELD_TYPE_LIST:
      if (from.type() != v1::FIELD_TYPE_TEXT || to.element_type() != v1::FIELD_TYPE_TEXT) return std::nullopt;
      step.transform.mutable_split()->set_field(from.name());
      step.transform.mutable_split()->set_separator(",");
      step.transform.mutable_split()->add_into(from.name());
      step.transform.mutable_split()->set_trim(true);
      step.name = "split";
      return step;
    default:
      return std::nullopt;
  }
}

// Which values the step itself cannot take.
std::string WarningOf(const v1::ModelField& from, const v1::ModelField& to) {
  if (to.type() == v1::FIELD_TYPE_INTEGER && from.type() == v1::FIELD_TYPE_FLOAT)
    return StrCat(from.name(), ": values with a fraction will be refused");
  if (from.type() == v1::FIELD_TYPE_TEXT &&
      (to.type() == v1::FIELD_TYPE_INTEGER || to.type() == v1::FIELD_TYPE_DECIMAL))
    return StrCat(from.name(), ": texts that are no number will be refused");
  return "";
}

std::string ReasonOf(const v1::ModelField& from, const v1::ModelField& to) {
  if (from.type() == to.type()) return "same type";
  return StrCat(value::TypeName(from.type()), " goes into ", value::TypeName(to.type()), " as it is");
}

}  // namespace

Passage FindPassage(const v1::ModelField& from, const v1::ModelField& to) {
  const value::Convertibility can = value::CanConvert(from, to);
  if (can.possible) {
    const std::string reason = ReasonOf(from, to);
    if (!can.warning.empty()) return {kRefusesSome, reason, can.warning, std::nullopt};
    return {1, StrCat(reason, ", and every value fits"), "", std::nullopt};
  }
  std::optional<Step> step = FindStep(from, to);
  if (!step.has_value()) return {};
  // What the step makes may still be too long, or empty.
  v1::ModelField made = from;
  made.set_type(step->makes);
  made.clear_size_bits();
  made.clear_max_length();
  made.clear_precision();
  made.clear_scale();
  if (step->transform.has_truthy()) made.set_nullable(false);
  const value::Convertibility behind = value::CanConvert(made, to);
  if (!behind.possible) return {};
  std::string warning = WarningOf(from, to);
  if (!behind.warning.empty())
    warning = warning.empty() ? behind.warning : StrCat(warning, "; ", behind.warning);
  return {kNeedsStep,
          StrCat(value::TypeName(from.type()), " becomes ", value::TypeName(to.type()), " by the step ",
                 step->name),
          std::move(warning), std::move(step->transform)};
}

}  // namespace cognate::platform_registry
