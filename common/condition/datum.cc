#include "common/condition/datum.h"

#include <algorithm>
#include <vector>

#include "common/value/value.h"

namespace cognate::condition {
namespace {

using Kind = Datum::Kind;

Order CompareNumbers(const Datum& a, const Datum& b) {
  if (a.kind > b.kind) return Reversed(CompareNumbers(b, a));
  if (b.kind == Kind::kInteger) return OrderOf(a.integer, b.integer);
  if (b.kind == Kind::kDouble) {
    return a.kind == Kind::kDouble ? CompareDoubles(a.real, b.real)
                                   : CompareIntegerWithDouble(a.integer, b.real);
  }
  if (a.kind == Kind::kInteger) return CompareIntegerWithDecimal(a.integer, b.text);
  if (a.kind == Kind::kDouble) return CompareDoubleWithDecimal(a.real, b.text);
  return CompareDecimals(a.text, b.text);
}

Order CompareTexts(absl::string_view a, absl::string_view b) {
  // The bytes of UTF-8 are in the order of its code points.
  const int order = a.compare(b);
  return order < 0 ? Order::kLess : order > 0 ? Order::kGreater : Order::kEqual;
}

bool AreSameLists(const v1::ListValue& a, const v1::ListValue& b) {
  return std::equal(a.values().begin(), a.values().end(), b.values().begin(), b.values().end(),
                    [](const v1::Value& x, const v1::Value& y) { return IsSame(DatumOf(&x), DatumOf(&y)); });
}

std::vector<const v1::Field*> Sorted(const v1::MapValue& map) {
  std::vector<const v1::Field*> fields;
  for (const v1::Field& field : map.fields()) fields.push_back(&field);
  std::sort(fields.begin(), fields.end(), [](auto* x, auto* y) { return x->name() < y->name(); });
  return fields;
}

bool AreSameMaps(const v1::MapValue& a, const v1::MapValue& b) {
  if (a.fields_size() != b.fields_size()) return false;
  const std::vector<const v1::Field*> left = Sorted(a);
  const std::vector<const v1::Field*> right = Sorted(b);
  return std::equal(left.begin(), left.end(), right.begin(), [](const v1::Field* x, const v1::Field* y) {
    return x->name() == y->name() && IsSame(DatumOf(&x->value()), DatumOf(&y->value()));
  });
}

// Kinds between which there may be an order have the same rank.
int Rank(const Datum& datum) {
  return datum.IsNumber() ? static_cast<int>(Kind::kInteger) : static_cast<int>(datum.kind);
}

}  // namespace

Datum BoolDatum(bool truth) {
  Datum datum;
  datum.kind = Kind::kBool;
  datum.integer = truth ? 1 : 0;
  return datum;
}

Datum IntegerDatum(int64_t number) {
  Datum datum;
  datum.kind = Kind::kInteger;
  datum.integer = number;
  return datum;
}

Datum TextDatum(absl::string_view text) {
  Datum datum;
  datum.kind = Kind::kText;
  datum.text = text;
  return datum;
}

Datum DatumOf(const v1::Value* value) {
  Datum datum;
  if (value == nullptr) return datum;
  datum.value = value;
  switch (value->kind_case()) {
    case v1::Value::kNullValue:
    case v1::Value::KIND_NOT_SET:
      break;
    case v1::Value::kBoolValue:
      datum.kind = Kind::kBool;
      datum.integer = value->bool_value() ? 1 : 0;
      break;
    case v1::Value::kInt64Value:
      datum.kind = Kind::kInteger;
      datum.integer = value->int64_value();
      break;
    case v1::Value::kDoubleValue:
      datum.kind = Kind::kDouble;
      datum.real = value->double_value();
      break;
    case v1::Value::kDecimalValue:
      datum.kind = Kind::kDecimal;
      datum.text = value->decimal_value();
      break;
    case v1::Value::kTextValue:
      datum.kind = Kind::kText;
      datum.text = value->text_value();
      break;
    case v1::Value::kBytesValue:
      datum.kind = Kind::kBytes;
      datum.text = value->bytes_value();
      break;
    case v1::Value::kTimestampValue:
      datum.kind = Kind::kTime;
      datum.integer = value->timestamp_value().seconds();
      datum.micros = value->timestamp_value().nanos() / 1000;
      break;
    case v1::Value::kDateValue:
      datum.kind = Kind::kDate;
      datum.text = value->date_value();
      break;
    case v1::Value::kListValue:
      datum.kind = Kind::kList;
      break;
    case v1::Value::kMapValue:
      datum.kind = Kind::kMap;
      break;
    case v1::Value::kReferenceValue:
      datum.kind = Kind::kReference;
      break;
    case v1::Value::kOmittedValue:
    case v1::Value::kEncodedValue:
    case v1::Value::kFileValue:
      datum.kind = Kind::kOmitted;
      break;
  }
  return datum;
}

Order Compare(const Datum& a, const Datum& b) {
  if (a.IsNumber() && b.IsNumber()) return CompareNumbers(a, b);
  if (a.kind != b.kind) return Order::kNone;
  switch (a.kind) {
    case Kind::kText:
    case Kind::kDate:
      return CompareTexts(a.text, b.text);
    case Kind::kTime:
      return a.integer != b.integer ? OrderOf(a.integer, b.integer) : OrderOf(a.micros, b.micros);
    default:
      return Order::kNone;
  }
}

bool IsSame(const Datum& a, const Datum& b) {
  if (a.IsNumber() && b.IsNumber()) return CompareNumbers(a, b) == Order::kEqual;
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case Kind::kNull:
      return true;
    case Kind::kBool:
      return a.integer == b.integer;
    case Kind::kText:
    case Kind::kBytes:
    case Kind::kDate:
      return a.text == b.text;
    case Kind::kTime:
      return a.integer == b.integer && a.micros == b.micros;
    case Kind::kList:
      return AreSameLists(a.value->list_value(), b.value->list_value());
    case Kind::kMap:
      return AreSameMaps(a.value->map_value(), b.value->map_value());
    case Kind::kReference:
      return value::Equal(*a.value, *b.value);
    default:
      return false;
  }
}

bool ComesBefore(const Datum& a, const Datum& b) {
  if (Rank(a) != Rank(b)) return Rank(a) < Rank(b);
  if (a.kind == Kind::kBool) return a.integer < b.integer;
  return Compare(a, b) == Order::kLess;
}

}  // namespace cognate::condition
