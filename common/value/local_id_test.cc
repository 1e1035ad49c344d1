#include "common/value/local_id.h"

#include "common/value/value.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cognate::value {
namespace {

using ::cognate::test_support::IsOkAndHolds;
using ::cognate::test_support::StatusIs;
using ::testing::ElementsAre;

TEST(LocalIdTest, OneColumnIsItsTextAsItIs) {
  EXPECT_EQ(EncodeLocalId({absl::string_view("a,b\\c")}), "a,b\\c");
  EXPECT_THAT(DecodeLocalId("a,b\\c", 1), IsOkAndHolds(ElementsAre("a,b\\c")));
}

TEST(LocalIdTest, SeveralColumnsComeBackAsTheyWent) {
  const std::vector<std::string> parts = {"a,b", "", "c\\", ",", "ü"};
  const std::string id = EncodeLocalId(absl::Span<const std::string>(parts));
  EXPECT_EQ(id, "a\\,b,,c\\\\,\\,,ü");
  EXPECT_THAT(DecodeLocalId(id, 5), IsOkAndHolds(parts));
  EXPECT_THAT(DecodeLocalId(id, 4), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(LocalIdTest, AKeyThatIsNoLocalIdHasAStandInOfItsOwn) {
  EXPECT_EQ(FitLocalId("a"), "a");
  EXPECT_EQ(FitLocalId(std::string(512, 'x')), std::string(512, 'x'));
  const std::string tall = std::string(399, 'x') + std::string(60, '\0') + "ü" + std::string(100, 'y');
  EXPECT_EQ(FitLocalId(tall), FitLocalId(tall));
  EXPECT_NE(FitLocalId(tall), FitLocalId(tall + "y"));
  EXPECT_EQ(FitLocalId(std::string(399, 'x') + "ü" + std::string(200, 'y')).substr(0, 402),
            std::string(399, 'x') + "…")
      << "a character is not cut";
  EXPECT_EQ(FitLocalId(tall).size(), 400u + 3 + 32);
  EXPECT_EQ(FitLocalId("").size(), 3u + 32);
}

TEST(LocalIdTest, TextsOfKeyValuesAreCanonical) {
  EXPECT_THAT(LocalIdText(Int(42)), IsOkAndHolds("42"));
  EXPECT_THAT(LocalIdText(Decimal("42.00")), IsOkAndHolds("42"));
  EXPECT_THAT(LocalIdText(Text("x")), IsOkAndHolds("x"));
  EXPECT_THAT(LocalIdText(Date("2026-02-28")), IsOkAndHolds("2026-02-28"));
  EXPECT_THAT(LocalIdText(Null()), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace cognate::value
