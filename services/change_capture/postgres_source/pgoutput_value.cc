#include "services/change_capture/postgres_source/pgoutput_value.h"

#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "common/value/parse.h"
#include "common/value/value.h"

namespace cognate::change_capture::pgoutput {
namespace {

constexpr int kMaxDimensions = 16;  // PostgreSQL has 6

void SetText(absl::string_view text, v1::Value* value) {
  if (value::CharacterCount(text).has_value()) {
    value->set_text_value(text.data(), text.size());
  } else {
    value->set_bytes_value(text.data(), text.size());
  }
}

template <typename Number>
std::optional<Number> ParseNumber(absl::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool SetBool(absl::string_view text, v1::Value* value) {
  if (text != "t" && text != "f") return false;
  value->set_bool_value(text == "t");
  return true;
}

bool SetInteger(absl::string_view text, v1::Value* value) {
  const std::optional<int64_t> number = ParseNumber<int64_t>(text);
  if (number) value->set_int64_value(*number);
  return number.has_value();
}

bool SetFloat(absl::string_view text, v1::Value* value) {
  std::optional<double> number;
  if (text == "NaN") {
    number = std::numeric_limits<double>::quiet_NaN();
  } else if (text == "Infinity") {
    number = std::numeric_limits<double>::infinity();
  } else if (text == "-Infinity") {
    number = -std::numeric_limits<double>::infinity();
  } else {
    number = ParseNumber<double>(text);
  }
  if (number) value->set_double_value(*number);
  return number.has_value();
}

bool SetDecimal(absl::string_view text, v1::Value* value) {
  if (absl::StrContains(text, "Infinity")) return false;
  value->set_decimal_value(text.data(), text.size());
  return true;
}

bool SetBytes(absl::string_view text, v1::Value* value) {
  if (!absl::StartsWith(text, "\\x") || text.size() % 2 != 0) return false;
  const absl::string_view digits = text.substr(2);
  for (const char digit : digits) {
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(digit))) return false;
  }
  value->set_bytes_value(absl::HexStringToBytes(digits));
  return true;
}

bool SetTimestamp(absl::string_view text, v1::Value* value) {
  // `2026-…` and nothing else: five digits of a year, BC and infinity stay text.
  if (text.size() < 19 || text[4] != '-' || absl::EndsWith(text, "BC")) return false;
  const std::optional<int64_t> micros = value::ParseTimestamp(text);
  if (micros) value::SetMicros(*micros, value->mutable_timestamp_value());
  return micros.has_value();
}

bool SetDate(absl::string_view text, v1::Value* value) {
  if (!value::IsDate(text)) return false;
  value->set_date_value(text.data(), text.size());
  return true;
}

bool SetScalar(TextForm form, absl::string_view text, v1::Value* value) {
  switch (form) {
    case TextForm::kText:
      return false;
    case TextForm::kBool:
      return SetBool(text, value);
    case TextForm::kInteger:
      return SetInteger(text, value);
    case TextForm::kFloat:
      return SetFloat(text, value);
    case TextForm::kDecimal:
      return SetDecimal(text, value);
    case TextForm::kBytes:
      return SetBytes(text, value);
    case TextForm::kTimestamp:
      return SetTimestamp(text, value);
    case TextForm::kDate:
      return SetDate(text, value);
  }
  return false;
}

// `{1,NULL,"a \"b\"",{2}}`, with bounds in front where they do not begin at 1: `[0:1]={1,2}`.
class ArrayReader {
 public:
  ArrayReader(const ColumnType& type, absl::string_view text) : type_(type), left_(text) {}

  bool Read(v1::ListValue* list) {
    if (absl::StartsWith(left_, "[")) {
      const size_t bounds = left_.find("]=");
      if (bounds == absl::string_view::npos) return false;
      left_.remove_prefix(bounds + 2);
    }
    return ReadList(list, 1) && left_.empty();
  }

 private:
  bool ReadList(v1::ListValue* list, int depth) {
    if (depth > kMaxDimensions || !Skip('{')) return false;
    if (Skip('}')) return true;
    do {
      if (!ReadElement(list->add_values(), depth)) return false;
    } while (Skip(type_.delimiter));
    return Skip('}');
  }

  bool ReadElement(v1::Value* element, int depth) {
    if (left_.empty()) return false;
    if (left_.front() == '{') return ReadList(element->mutable_list_value(), depth + 1);
    const bool quoted = Skip('"');
    std::string text;
    if (!(quoted ? ReadQuoted(&text) : ReadBare(&text))) return false;
    if (!quoted && absl::EqualsIgnoreCase(text, "NULL")) {
      element->set_null_value(google::protobuf::NULL_VALUE);
    } else {
      TextToValue({type_.form, false, ','}, text, element);
    }
    return true;
  }

  bool ReadQuoted(std::string* text) {
    while (!left_.empty()) {
      const char next = Take();
      if (next == '"') return true;
      if (next == '\\' && left_.empty()) return false;
      text->push_back(next == '\\' ? Take() : next);
    }
    return false;
  }

  bool ReadBare(std::string* text) {
    while (!left_.empty() && left_.front() != type_.delimiter && left_.front() != '}') {
      const char next = Take();
      if (next == '"' || next == '{' || (next == '\\' && left_.empty())) return false;
      text->push_back(next == '\\' ? Take() : next);
    }
    return !text->empty();
  }

  bool Skip(char wanted) {
    if (left_.empty() || left_.front() != wanted) return false;
    left_.remove_prefix(1);
    return true;
  }

  char Take() {
    const char next = left_.front();
    left_.remove_prefix(1);
    return next;
  }

  const ColumnType type_;
  absl::string_view left_;
};

}  // namespace

void TextToValue(const ColumnType& type, absl::string_view text, v1::Value* value) {
  if (type.is_list) {
    if (ArrayReader(type, text).Read(value->mutable_list_value())) return;
    value->Clear();
  } else if (SetScalar(type.form, text, value)) {
    return;
  }
  SetText(text, value);
}

}  // namespace cognate::change_capture::pgoutput
