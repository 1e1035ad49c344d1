#include "common/condition/test_naive_evaluator.h"

#include <algorithm>
#include <optional>
#include <regex>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "common/value/canonical_text.h"
#include "common/value/parse.h"
#include "common/value/value.h"

namespace cognate::condition::naive {
namespace {

bool IsNumber(const v1::Value& value) {
  return value.has_int64_value() || value.has_double_value() || value.has_decimal_value();
}

// A number as a text whose order is the number's.
std::string Sortable(const v1::Value& value, bool* is_negative) {
  std::string text;
  value::AppendCanonicalText(value, &text);
  *is_negative = text[0] == '-';
  if (text == "NaN") return "3";
  if (absl::EndsWith(text, "Infinity")) return "2";
  if (*is_negative) text.erase(0, 1);
  const size_t point = std::min(text.find('.'), text.size());
  const std::string whole = text.substr(0, point);
  std::string fraction = text.substr(std::min(point + 1, text.size()));
  fraction.resize(500, '0');
  return "1" + std::string(500 - whole.size(), '0') + whole + fraction;
}

int CompareNumbers(const v1::Value& a, const v1::Value& b) {
  bool a_negative, b_negative;
  const std::string left = Sortable(a, &a_negative);
  const std::string right = Sortable(b, &b_negative);
  if (a_negative != b_negative) return a_negative ? -1 : 1;
  return a_negative ? right.compare(left) : left.compare(right);
}

std::vector<uint32_t> CodePoints(const std::string& text) {
  std::vector<uint32_t> points;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      points.push_back(byte);
    } else if ((byte & 0xC0) == 0x80) {
      points.back() = points.back() << 6 | (byte & 0x3Fu);
    } else {
      points.push_back(byte >= 0xF0 ? byte & 0x07u : byte >= 0xE0 ? byte & 0x0Fu : byte & 0x1Fu);
    }
  }
  return points;
}

// nullopt where there is no order.
std::optional<int> Compare(const v1::Value& a, const v1::Value& b) {
  if (IsNumber(a) && IsNumber(b)) return CompareNumbers(a, b);
  if (a.kind_case() != b.kind_case()) return std::nullopt;
  if (a.has_text_value()) {
    const auto left = CodePoints(a.text_value());
    const auto right = CodePoints(b.text_value());
    return left < right ? -1 : left == right ? 0 : 1;
  }
  if (a.has_date_value()) {
    const int64_t left = *value::ParseDate(a.date_value());
    const int64_t right = *value::ParseDate(b.date_value());
    return left < right ? -1 : left == right ? 0 : 1;
  }
  if (a.has_timestamp_value()) {
    const int64_t left = value::MicrosOf(a.timestamp_value());
    const int64_t right = value::MicrosOf(b.timestamp_value());
    return left < right ? -1 : left == right ? 0 : 1;
  }
  return std::nullopt;
}

bool IsSame(const v1::Value& a, const v1::Value& b) {
  if (const std::optional<int> order = Compare(a, b); order.has_value()) return *order == 0;
  if (a.has_list_value() && b.has_list_value()) {
    const auto& left = a.list_value().values();
    const auto& right = b.list_value().values();
    bool same = left.size() == right.size();
    for (int i = 0; same && i < left.size(); ++i) same = IsSame(left[i], right[i]);
    return same;
  }
  return !IsNumber(a) && !IsNumber(b) && value::Equal(a, b);
}

v1::Value Worth(const Node& node, const World& world) {
  if (node.word == "literal") return node.literal;
  if (node.word == "field") {
    const Record& record = node.is_old ? world.old_record : world.record;
    const auto found = record.find(node.field);
    return found == record.end() ? value::Null() : found->second;
  }
  if (node.word != "length" && node.word != "lower" && node.word != "upper" && node.word != "trim") {
    return value::Bool(Holds(node, world));
  }
  const v1::Value argument = Worth(node.children[0], world);
  if (node.word == "length" && argument.has_list_value())
    return value::Int(argument.list_value().values_size());
  if (!argument.has_text_value()) return value::Null();
  const std::string& text = argument.text_value();
  if (node.word == "length") return value::Int(static_cast<int64_t>(CodePoints(text).size()));
  if (node.word == "trim") return value::Text(absl::StripAsciiWhitespace(text));
  return value::Text(node.word == "lower" ? absl::AsciiStrToLower(text) : absl::AsciiStrToUpper(text));
}

bool IsListed(const Node& field, const World& world) {
  return (field.is_old ? world.old_record : world.record).count(field.field) > 0;
}

bool Relates(const std::string& word, const v1::Value& a, const v1::Value& b) {
  if (word == "=" || word == "!=") return IsSame(a, b) == (word == "=");
  if (a.has_null_value() || b.has_null_value()) return false;
  if (word == "contains" && a.has_list_value()) {
    return std::any_of(a.list_value().values().begin(), a.list_value().values().end(),
                       [&](const v1::Value& element) { return IsSame(element, b); });
  }
  if (word == "contains" || word == "starts with" || word == "ends with") {
    if (!a.has_text_value() || !b.has_text_value()) return false;
    if (word == "contains") return absl::StrContains(a.text_value(), b.text_value());
    return word == "starts with" ? absl::StartsWith(a.text_value(), b.text_value())
                                 : absl::EndsWith(a.text_value(), b.text_value());
  }
  const std::optional<int> order = Compare(a, b);
  if (!order.has_value()) return false;
  if (word == "<") return *order < 0;
  if (word == "<=") return *order <= 0;
  return word == ">" ? *order > 0 : *order >= 0;
}

}  // namespace

bool Holds(const Node& node, const World& world) {
  const auto worth = [&](size_t i) { return Worth(node.children[i], world); };
  if (node.word == "not") return !Holds(node.children[0], world);
  if (node.word == "and" || node.word == "or") {
    bool holds = node.word == "and";
    for (const Node& part : node.children) {
      holds = node.word == "and" ? holds && Holds(part, world) : holds || Holds(part, world);
    }
    return holds;
  }
  if (node.word == "literal" || node.word == "field") return Worth(node, world).bool_value();
  if (node.word == "is null" || node.word == "is not null")
    return worth(0).has_null_value() == (node.word == "is null");
  if (node.word == "is listed" || node.word == "is not listed") {
    return IsListed(node.children[0], world) == (node.word == "is listed");
  }
  if (node.word == "assigned") {
    return std::count(world.assigned.begin(), world.assigned.end(), node.literal.text_value()) > 0;
  }
  if (node.word == "matches") {
    const v1::Value text = worth(0);
    return text.has_text_value() &&
           std::regex_search(text.text_value(), std::regex(node.literal.text_value()));
  }
  if (node.word == "in" || node.word == "not in") {
    bool found = false;
    for (size_t i = 1; i < node.children.size(); ++i) found = found || IsSame(worth(0), worth(i));
    return found == (node.word == "in");
  }
  return Relates(node.word, worth(0), worth(1));
}

}  // namespace cognate::condition::naive
