// Numbers of different kinds, compared exactly and without an allocation.
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"

namespace cognate::condition {

// How one value stands to another; none where there is no order between them.
enum class Order : uint8_t { kLess, kEqual, kGreater, kNone };

Order Reversed(Order order);

template <typename T>
Order OrderOf(const T& a, const T& b) {
  return a < b ? Order::kLess : b < a ? Order::kGreater : Order::kEqual;
}

// A double is the number that its shortest text says, as everywhere (canonical_text.h): 0.1 is 0.1. NaN
// equals itself and is greater than every other number, as in PostgreSQL.
Order CompareDoubles(double a, double b);
Order CompareIntegerWithDouble(int64_t a, double b);
// Decimal texts as canonical_text.h reads them; none where one is no number.
Order CompareDecimals(absl::string_view a, absl::string_view b);
Order CompareIntegerWithDecimal(int64_t a, absl::string_view b);
Order CompareDoubleWithDecimal(double a, absl::string_view b);

}  // namespace cognate::condition
