#include "common/transform/rounding.h"

#include "absl/strings/str_cat.h"

namespace cognate::transform {
namespace {

bool IsUp(absl::string_view dropped, char last_kept, v1::Rounding rounding) {
  if (rounding == v1::ROUNDING_DOWN) return false;
  if (dropped[0] != '5') return dropped[0] > '5';
  const bool is_half = dropped.find_first_not_of('0', 1) == absl::string_view::npos;
  return !is_half || rounding == v1::ROUNDING_HALF_UP || (last_kept - '0') % 2 == 1;
}

// Adds one to the last digit of `12.99`; the sign stands elsewhere.
void AddOne(std::string* digits) {
  for (size_t i = digits->size(); i-- > 0;) {
    char& digit = (*digits)[i];
    if (digit == '.') continue;
    if (digit != '9') {
      ++digit;
      return;
    }
    digit = '0';
  }
  digits->insert(digits->begin(), '1');
}

}  // namespace

std::optional<std::string> Round(absl::string_view canonical, int scale, v1::Rounding rounding) {
  const bool is_exact = rounding == v1::ROUNDING_EXACT || rounding == v1::ROUNDING_UNSPECIFIED;
  const bool is_negative = !canonical.empty() && canonical[0] == '-';
  absl::string_view digits = canonical.substr(is_negative ? 1 : 0);
  if (const size_t exponent = digits.find('e'); exponent != absl::string_view::npos) {
    // So far from the point that it is nothing, or has nothing to lose.
    if (digits[exponent + 1] != '-') return std::string(canonical);
    if (is_exact) return std::nullopt;
    return "0";
  }
  const size_t point = digits.find('.');
  if (point == absl::string_view::npos || digits.size() - point - 1 <= static_cast<size_t>(scale)) {
    return std::string(canonical);
  }
  if (is_exact) return std::nullopt;
  const absl::string_view dropped = digits.substr(point + 1 + static_cast<size_t>(scale));
  std::string kept(digits.substr(0, scale == 0 ? point : point + 1 + static_cast<size_t>(scale)));
  if (IsUp(dropped, kept.back(), rounding)) AddOne(&kept);
  if (kept.find_first_not_of("0.") == std::string::npos) return "0";
  return is_negative ? absl::StrCat("-", kept) : kept;
}

void PadFraction(int scale, std::string* decimal) {
  if (scale == 0 || decimal->find('e') != std::string::npos) return;
  const size_t point = decimal->find('.');
  const size_t there = point == std::string::npos ? 0 : decimal->size() - point - 1;
  if (point == std::string::npos) decimal->push_back('.');
  if (there < static_cast<size_t>(scale)) decimal->append(static_cast<size_t>(scale) - there, '0');
}

}  // namespace cognate::transform
