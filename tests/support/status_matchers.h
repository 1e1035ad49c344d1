// EXPECT_THAT(status, IsOk()), IsOkAndHolds(…), StatusIs(code[, message matcher]), HasReason("UPPER_SNAKE"):
// for absl::Status and absl::StatusOr alike.
#pragma once

#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cognate::test_support {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

MATCHER(IsOk, negation ? "is not OK" : "is OK") {
  *result_listener << "which is " << StatusOf(arg).ToString();
  return StatusOf(arg).ok();
}

MATCHER_P(StatusIs, code, "has the code " + absl::StatusCodeToString(code)) {
  *result_listener << "which is " << StatusOf(arg).ToString();
  return StatusOf(arg).code() == code;
}

MATCHER_P2(StatusIs, code, message,
           "has the code " + absl::StatusCodeToString(code) + " and a message that " +
               ::testing::DescribeMatcher<std::string>(message, negation)) {
  *result_listener << "which is " << StatusOf(arg).ToString();
  return StatusOf(arg).code() == code &&
         ::testing::ExplainMatchResult(message, std::string(StatusOf(arg).message()), result_listener);
}

MATCHER_P(HasReason, reason, std::string("carries the reason ") + reason) {
  *result_listener << "which is " << StatusOf(arg).ToString();
  return ErrorReason(StatusOf(arg)) == reason;
}

MATCHER_P(IsOkAndHolds, matcher, "is OK and holds the wanted value") {
  if (!arg.ok()) {
    *result_listener << "which is " << arg.status().ToString();
    return false;
  }
  return ::testing::ExplainMatchResult(matcher, *arg, result_listener);
}

// The value, or the end of the test program: for set-up that must work.
template <typename T>
T ValueOrDie(absl::StatusOr<T> result) {
  if (!result.ok()) ADD_FAILURE() << result.status();
  return std::move(result).value();
}

}  // namespace cognate::test_support

#define COGNATE_TEST_CONCAT_INNER(a, b) a##b
#define COGNATE_TEST_CONCAT(a, b) COGNATE_TEST_CONCAT_INNER(a, b)
#define EXPECT_OK(...) EXPECT_THAT((__VA_ARGS__), ::cognate::test_support::IsOk())
#define ASSERT_OK(...) ASSERT_THAT((__VA_ARGS__), ::cognate::test_support::IsOk())
#define ASSERT_OK_AND_ASSIGN(target, ...) \
  COGNATE_ASSERT_OK_AND_ASSIGN(COGNATE_TEST_CONCAT(value_or_fail_, __COUNTER__), target, (__VA_ARGS__))
#define COGNATE_ASSERT_OK_AND_ASSIGN(name, target, expression) \
  auto name = expression;                                      \
  ASSERT_THAT(name.status(), ::cognate::test_support::IsOk()); \
  target = *std::move(name)
