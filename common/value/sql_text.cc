#include "common/value/sql_text.h"

#include "absl/strings/string_view.h"
#include "common/value/canonical_text.h"
#include "common/value/parse.h"

namespace cognate::value {
namespace {

void AppendQuoted(absl::string_view text, std::string* out) {
  out->push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') out->push_back('\\');
    out->push_back(c);
  }
  out->push_back('"');
}

void AppendArray(const v1::ListValue& list, std::string* out) {
  out->push_back('{');
  for (int i = 0; i < list.values_size(); ++i) {
    const v1::Value& element = list.values(i);
    if (i > 0) out->push_back(',');
    if (element.kind_case() == v1::Value::kListValue) {
      AppendArray(element.list_value(), out);
      continue;
    }
    std::string text;
    if (AppendSqlText(element, &text)) {
      AppendQuoted(text, out);
    } else {
      out->append("NULL");
    }
  }
  out->push_back('}');
}

}  // namespace

bool AppendSqlText(const v1::Value& value, std::string* out) {
  switch (value.kind_case()) {
    case v1::Value::kNullValue:
    case v1::Value::KIND_NOT_SET:
      return false;
    case v1::Value::kDoubleValue:
      AppendDouble(value.double_value(), out);
      return true;
    // As given: PostgreSQL keeps the zeros at the end of a decimal.
    case v1::Value::kDecimalValue:
      out->append(value.decimal_value());
      return true;
    case v1::Value::kListValue:
      AppendArray(value.list_value(), out);
      return true;
    case v1::Value::kMapValue:
      AppendJson(value, out);
      return true;
    case v1::Value::kReferenceValue:
      if (value.reference_value().local_id().empty()) return false;
      out->append(value.reference_value().local_id());
      return true;
    default:
      return AppendCanonicalText(value, out);
  }
}

}  // namespace cognate::value
