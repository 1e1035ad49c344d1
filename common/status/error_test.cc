#include "common/status/error.h"

#include "absl/status/statusor.h"
#include "common/status/status_macros.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cognate {
namespace {

using test_support::HasReason;
using test_support::IsOkAndHolds;
using test_support::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ErrorTest, CarriesItsReasonAndMetadata) {
  const absl::Status status =
      Error(absl::StatusCode::kNotFound, "PLATFORM_NOT_FOUND", "there is no platform of this name")
          .With("platform", "platforms/shop");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kNotFound, HasSubstr("no platform")));
  EXPECT_THAT(status, HasReason("PLATFORM_NOT_FOUND"));
  EXPECT_EQ(ErrorMetadata(status, "platform"), "platforms/shop");
  EXPECT_EQ(ErrorMetadata(status, "other"), "");
  EXPECT_THAT(Violations(status), IsEmpty());
  EXPECT_EQ(RetryDelay(status), std::nullopt);
}

TEST(ErrorTest, ListsViolationsInOrder) {
  Error error(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST", "2 fields are wrong");
  error.Violation("changes[3].fields.name", "got 'ä', want ASCII").Violation("name", "got '', want one");
  const absl::Status status = error;
  EXPECT_THAT(Violations(status), ElementsAre(FieldViolation{"changes[3].fields.name", "got 'ä', want ASCII"},
                                              FieldViolation{"name", "got '', want one"}));
}

TEST(ErrorTest, SaysWhenToRetry) {
  const absl::Status status = Error(absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE", "no database")
                                  .RetryAfter(absl::Milliseconds(1500));
  EXPECT_EQ(RetryDelay(status), absl::Milliseconds(1500));
}

TEST(ErrorTest, AStatusWithoutPayloadsHasNoReason) {
  EXPECT_EQ(ErrorReason(absl::InternalError("plain")), "");
  EXPECT_EQ(ErrorReason(absl::OkStatus()), "");
}

absl::StatusOr<int> Half(int value) {
  if (value % 2 != 0) return Error(absl::StatusCode::kInvalidArgument, "ODD", "got an odd number");
  return value / 2;
}

absl::StatusOr<int> Quarter(int value) {
  ASSIGN_OR_RETURN(const int half, Half(value));
  RETURN_IF_ERROR([&]() -> absl::Status {
    RETURN_IF_ERROR(Half(half).status());
    return absl::OkStatus();
  }());
  return Half(half);
}

TEST(StatusMacrosTest, ReturnTheFirstErrorAndNestInLambdas) {
  EXPECT_THAT(Quarter(8), IsOkAndHolds(2));
  EXPECT_THAT(Quarter(7), HasReason("ODD"));
  EXPECT_THAT(Quarter(6), HasReason("ODD"));
}

}  // namespace
}  // namespace cognate
