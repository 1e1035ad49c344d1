#include "common/transform/step.h"

#include "absl/strings/str_cat.h"
#include "common/value/value.h"

namespace cognate::transform {

Failure WrongType(const v1::Value& got, absl::string_view want) {
  return {"TRANSFORM_WRONG_TYPE", absl::StrCat("got ", value::Describe(got), ", want ", want)};
}

Failure LeftOut(const v1::OmittedValue& omitted) {
  return {"VALUE_TOO_LARGE",
          absl::StrCat("got ", omitted.size_bytes(), " bytes, want at most ", omitted.limit_bytes(),
                       "; shorten it at the source, or take the step out")};
}

Failure TooLarge() {
  return {"VALUE_TOO_LARGE", absl::StrCat("got a result of more than ", value::kMaxValueBytes,
                                          " bytes, want at most that; shorten it at the source")};
}

Failure NotWanted(const v1::Value& got, absl::string_view want) {
  return got.has_omitted_value() ? LeftOut(got.omitted_value()) : WrongType(got, want);
}

bool IsTooLarge(const v1::Value& made) {
  switch (made.kind_case()) {
    case v1::Value::kTextValue:
      return made.text_value().size() > static_cast<size_t>(value::kMaxValueBytes);
    case v1::Value::kBytesValue:
    case v1::Value::kDecimalValue:
    case v1::Value::kListValue:
    case v1::Value::kMapValue:
      return made.ByteSizeLong() > static_cast<size_t>(value::kMaxValueBytes);
    default:
      return false;
  }
}

Stop StopAt(absl::string_view field, const Failure& failure) {
  Stop stop;
  stop.error.set_reason(std::string(failure.reason));
  stop.error.set_field(std::string(field));
  stop.error.set_message(absl::StrCat("field ", field, ": ", failure.message));
  return stop;
}

}  // namespace cognate::transform
