#include "common/condition/shown.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/condition/lexer.h"
#include "common/value/value.h"

namespace cognate::condition {
namespace {

constexpr size_t kNearNames = 5;
constexpr size_t kComparedBytes = 64;
// Beyond it a time has no microseconds in 64 bits.
constexpr int64_t kLastSecond = std::numeric_limits<int64_t>::max() / 1'000'000 - 1;

// How many letters must be added, taken away or changed.
size_t Distance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string ShownValue(const v1::Value* value) {
  if (value == nullptr) return "not listed";
  const std::string described = value::Describe(*value);
  absl::string_view shown = described;
  switch (value->kind_case()) {
    case v1::Value::kListValue:
    case v1::Value::kMapValue:
      return absl::StrCat("a ", shown);
    case v1::Value::kTextValue:
      shown = shown.substr(0, shown.rfind(" ("));  // the count of characters
      break;
    case v1::Value::kTimestampValue:
      if (const int64_t seconds = value->timestamp_value().seconds();
          seconds > kLastSecond || seconds < -kLastSecond) {
        return "a time beyond the calendar";
      }
      break;
    default:
      break;
  }
  absl::ConsumePrefix(&shown, absl::StrCat(value::KindName(*value), " "));
  return std::string(shown);
}

std::string ShownOperand(const Expression& operand) {
  switch (operand.op) {
    case Op::kLiteral:
      return operand.literal.has_null_value() ? "null" : ShownValue(&operand.literal);
    case Op::kField:
      return WrittenName(operand.name);
    case Op::kOldField:
      return absl::StrCat("old.", WrittenName(operand.name));
    case Op::kLength:
    case Op::kLower:
    case Op::kUpper:
    case Op::kTrim:
      return absl::StrCat(operand.name, "(", ShownOperand(operand.children[0]), ")");
    default:
      return "(…)";
  }
}

std::vector<std::string> NearNames(absl::string_view name, const std::vector<std::string>& known) {
  const std::string wanted = absl::AsciiStrToLower(name.substr(0, kComparedBytes));
  std::vector<std::pair<size_t, std::string>> found;
  for (const std::string& candidate : known) {
    const std::string lower = absl::AsciiStrToLower(absl::string_view(candidate).substr(0, kComparedBytes));
    size_t distance = Distance(wanted, lower);
    const bool is_part =
        wanted.size() >= 3 && (absl::StrContains(lower, wanted) || absl::StrContains(wanted, lower));
    if (is_part) distance = std::min<size_t>(distance, 2);
    if (distance <= std::max<size_t>(1, wanted.size() / 3) || is_part)
      found.emplace_back(distance, candidate);
  }
  std::sort(found.begin(), found.end());
  if (found.size() > kNearNames) found.resize(kNearNames);
  std::vector<std::string> names;
  for (auto& [distance, candidate] : found) names.push_back(std::move(candidate));
  return names;
}

}  // namespace cognate::condition
