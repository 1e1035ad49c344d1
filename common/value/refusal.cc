#include "common/value/refusal.h"

#include "absl/strings/str_cat.h"
#include "common/value/convert.h"
#include "common/value/value.h"

namespace cognate::value {

using v1::ModelField;
using v1::OutcomeError;
using v1::Value;

std::string Named(const ModelField& field) {
  return absl::StrCat(field.name(), " (",
                      field.native_type().empty() ? TypeName(field.type()) : field.native_type(), ")");
}

OutcomeError Refuse(absl::string_view reason, const ModelField& field, absl::string_view message) {
  OutcomeError error;
  error.set_reason(std::string(reason));
  error.set_field(field.name());
  error.set_message(absl::StrCat("field ", Named(field), ": ", message));
  return error;
}

OutcomeError WrongType(const Value& from, const ModelField& field) {
  return Refuse("WRONG_TYPE", field,
                absl::StrCat("got ", Describe(from), ", want ", TypeName(field.type()),
                             "; map another source field to it, or change the type on one side"));
}

OutcomeError OutOfRange(const Value& from, const ModelField& field, absl::string_view want) {
  return Refuse(
      "OUT_OF_RANGE", field,
      absl::StrCat("got ", Describe(from), ", want ", want, "; correct the value or widen the target field"));
}

OutcomeError InvalidText(const Value& from, const ModelField& field, absl::string_view want) {
  return Refuse("INVALID_TEXT", field,
                absl::StrCat("got ", Describe(from), ", want ", want, "; correct it at the source"));
}

OutcomeError BadEncoding(const ModelField& field) {
  return Refuse("BAD_ENCODING", field,
                "got text that is no UTF-8 or holds a NUL character, want UTF-8 without NUL characters; "
                "correct it at the source");
}

}  // namespace cognate::value
