#include "common/condition/number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"

namespace cognate::condition {
namespace {

// Up to here a double holds every integer.
constexpr int64_t kExactInDouble = int64_t{1} << 53;

// A number taken apart in place: sign · 0.digits · 10^point, where the digits begin with none that is zero.
struct Number {
  enum class Size : uint8_t { kFinite, kInfinite, kNaN };
  Size size = Size::kFinite;
  bool negative = false;
  absl::string_view whole;  // its digits are those of the whole and then those of the fraction
  absl::string_view fraction;
  int64_t point = 0;

  bool IsZero() const { return size == Size::kFinite && whole.empty() && fraction.empty(); }
  size_t digits() const { return whole.size() + fraction.size(); }
  char Digit(size_t i) const {
    if (i < whole.size()) return whole[i];
    i -= whole.size();
    return i < fraction.size() ? fraction[i] : '0';
  }
};

absl::string_view TakeDigits(absl::string_view* rest) {
  size_t count = 0;
  while (count < rest->size() && (*rest)[count] >= '0' && (*rest)[count] <= '9') ++count;
  const absl::string_view digits = rest->substr(0, count);
  rest->remove_prefix(count);
  return digits;
}

size_t TakeZeros(absl::string_view* digits) {
  const size_t count = std::min(digits->find_first_not_of('0'), digits->size());
  digits->remove_prefix(count);
  return count;
}

// The bounds of canonical_text.cc: at most nine characters.
bool ReadExponent(absl::string_view text, int64_t* exponent) {
  if (text.empty()) return true;
  if (text[0] != 'e' && text[0] != 'E') return false;
  text.remove_prefix(1);
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  if (text.empty() || text.size() > 9 || text.back() < '0' || text.back() > '9') return false;
  return absl::SimpleAtoi(text, exponent);
}

bool IsInfinity(absl::string_view text) {
  return absl::EqualsIgnoreCase(text, "infinity") || absl::EqualsIgnoreCase(text, "inf");
}

std::optional<Number> TakeApart(absl::string_view text) {
  Number number;
  if (absl::EqualsIgnoreCase(text, "nan")) {
    number.size = Number::Size::kNaN;
    return number;
  }
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    number.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  absl::string_view rest = text;
  number.whole = TakeDigits(&rest);
  if (!rest.empty() && rest[0] == '.') {
    rest.remove_prefix(1);
    number.fraction = TakeDigits(&rest);
  }
  if (IsInfinity(text)) {
    number.size = Number::Size::kInfinite;
    return number;
  }
  if (number.digits() == 0 || !ReadExponent(rest, &number.point)) return std::nullopt;
  TakeZeros(&number.whole);
  number.point += static_cast<int64_t>(number.whole.size());
  if (number.whole.empty()) number.point -= static_cast<int64_t>(TakeZeros(&number.fraction));
  return number;
}

Order CompareMagnitudes(const Number& a, const Number& b) {
  if (a.size != b.size) return OrderOf(a.size, b.size);
  if (a.size != Number::Size::kFinite) return Order::kEqual;
  if (a.point != b.point) return OrderOf(a.point, b.point);
  const size_t count = std::max(a.digits(), b.digits());
  for (size_t i = 0; i < count; ++i) {
    if (a.Digit(i) != b.Digit(i)) return OrderOf(a.Digit(i), b.Digit(i));
  }
  return Order::kEqual;
}

Order CompareFinite(const Number& a, const Number& b) {
  if (a.IsZero() || b.IsZero()) {
    const auto sign = [](const Number& number) { return number.IsZero() ? 0 : number.negative ? -1 : 1; };
    return OrderOf(sign(a), sign(b));
  }
  if (a.negative != b.negative) return a.negative ? Order::kLess : Order::kGreater;
  return a.negative ? Reversed(CompareMagnitudes(a, b)) : CompareMagnitudes(a, b);
}

// The text of a number on the stack.
class Digits {
 public:
  template <typename T>
  explicit Digits(T number) : end_(std::to_chars(buffer_, buffer_ + sizeof(buffer_), number).ptr) {}
  absl::string_view text() const { return {buffer_, static_cast<size_t>(end_ - buffer_)}; }

 private:
  char buffer_[32];
  char* end_;
};

}  // namespace

Order Reversed(Order order) {
  return order == Order::kLess ? Order::kGreater : order == Order::kGreater ? Order::kLess : order;
}

Order CompareDoubles(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return OrderOf(std::isnan(a), std::isnan(b));
  return OrderOf(a, b);
}

Order CompareIntegerWithDouble(int64_t a, double b) {
  if (a >= -kExactInDouble && a <= kExactInDouble) return CompareDoubles(static_cast<double>(a), b);
  return Reversed(CompareDoubleWithDecimal(b, Digits(a).text()));
}

Order CompareDecimals(absl::string_view a, absl::string_view b) {
  const std::optional<Number> left = TakeApart(a);
  const std::optional<Number> right = TakeApart(b);
  if (!left.has_value() || !right.has_value()) return Order::kNone;
  const bool left_nan = left->size == Number::Size::kNaN;
  const bool right_nan = right->size == Number::Size::kNaN;
  if (left_nan || right_nan) return OrderOf(left_nan, right_nan);
  return CompareFinite(*left, *right);
}

Order CompareIntegerWithDecimal(int64_t a, absl::string_view b) {
  return CompareDecimals(Digits(a).text(), b);
}

Order CompareDoubleWithDecimal(double a, absl::string_view b) {
  // to_chars may write the sign of a NaN.
  return CompareDecimals(std::isnan(a) ? absl::string_view("nan") : Digits(a).text(), b);
}

}  // namespace cognate::condition
