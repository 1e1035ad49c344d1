#include "common/grpc/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "tests/support/status_matchers.h"

namespace cognate::grpc_support {
namespace {

using ::cognate::test_support::HasReason;
using ::cognate::test_support::StatusIs;
using ::testing::SizeIs;

absl::Status ThereAndBack(const absl::Status& status) { return FromGrpcStatus(ToGrpcStatus(status)); }

TEST(StatusTest, OkStaysOk) { EXPECT_TRUE(ThereAndBack(absl::OkStatus()).ok()); }

TEST(StatusTest, KeepsReasonMetadataViolationsAndRetryDelay) {
  const absl::Status sent = Error(absl::StatusCode::kInvalidArgument, "BAD_PLATFORM", "bad platform")
                                .With("platform", "platforms/shop")
                                .Violation("platform.name", "got \"\", want platforms/{id}")
                                .RetryAfter(absl::Seconds(3));
  const absl::Status got = ThereAndBack(sent);
  EXPECT_THAT(got, StatusIs(absl::StatusCode::kInvalidArgument, "bad platform"));
  EXPECT_THAT(got, HasReason("BAD_PLATFORM"));
  EXPECT_EQ(ErrorMetadata(got, "platform"), "platforms/shop");
  EXPECT_EQ(Violations(got), Violations(sent));
  EXPECT_EQ(RetryDelay(got), absl::Seconds(3));
}

TEST(StatusTest, GivesAnErrorWithoutAReasonTheNameOfItsCode) {
  EXPECT_THAT(ThereAndBack(absl::InternalError("oops")), HasReason("INTERNAL"));
  EXPECT_THAT(ThereAndBack(absl::UnavailableError("away")), HasReason("UNAVAILABLE"));
}

TEST(StatusTest, KeepsManyViolationsWithinWhatATrailerHolds) {
  Error error(absl::StatusCode::kInvalidArgument, "BAD_BATCH", std::string(5000, 'm'));
  for (int i = 0; i < 1000; ++i)
    error.Violation(absl::StrCat("changes[", i, "].model"), "got \"\", want a model");
  const grpc::Status wire = ToGrpcStatus(error);
  EXPECT_LT(wire.error_details().size() + wire.error_message().size(), 7000u);
  const absl::Status got = FromGrpcStatus(wire);
  const size_t kept = Violations(got).size();
  EXPECT_GT(kept, 20u);
  EXPECT_EQ(ErrorMetadata(got, "violations_left_out"), absl::StrCat(1000 - kept));
  EXPECT_THAT(got, HasReason("BAD_BATCH"));
}

TEST(StatusTest, CutsLongMetadataAndKeepsUtf8Whole) {
  std::string umlauts;
  for (int i = 0; i < 4000; ++i) umlauts += "ü";
  const absl::Status got =
      ThereAndBack(Error(absl::StatusCode::kNotFound, "NO_SUCH_THING", umlauts).With("name", umlauts));
  EXPECT_THAT(got, HasReason("NO_SUCH_THING"));
  EXPECT_LT(ErrorMetadata(got, "name").size(), 3000u);
}

TEST(StatusTest, SendsAMessageThatIsNotUtf8Escaped) {
  EXPECT_THAT(ThereAndBack(absl::InternalError("bad \xff byte")),
              StatusIs(absl::StatusCode::kInternal, "bad \\xff byte"));
}

}  // namespace
}  // namespace cognate::grpc_support
