// Two records that two agents captured, each by itself, and that the natural key makes one: both sites end
// with the same, whoever comes first, nothing is left in trouble, and the ways of the record can be told.
#include <algorithm>

#include "tests/end_to_end/merged_fixture.h"

namespace cognate {
namespace {

using test_support::Eventually;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class MergedTest : public TwoSites {
 protected:
  // Both apply and report until both have these pages and nothing else.
  void ExpectPages(const std::multimap<std::string, std::string>& pages) {
    EXPECT_TRUE(Eventually([&] {
      north_.TakeTurn();
      south_.TakeTurn();
      return north_.Contents() == pages && south_.Contents() == pages;
    })) << north_.Pages()
        << "\n"
        << south_.Pages();
  }
  // Nothing is due, and nothing in trouble.
  void ExpectQuiet() {
    EXPECT_TRUE(Eventually([&] {
      const bool had_any = north_.TakeTurn() || south_.TakeTurn();
      return !had_any && Unsettled() == 0 && Troubles() == "No troubles.\n";
    })) << Troubles();
  }
  // From either side, the other one.
  void ExpectExplained(const std::string& north_id, const std::string& south_id) {
    const std::string from_north = Cli({"explain", "north", "page", north_id});
    EXPECT_THAT(from_north, AllOf(HasSubstr("→ south page: CONVERGED"), Not(HasSubstr("→ north")),
                                  HasSubstr("page " + south_id + " on south is up to date"),
                                  Not(HasSubstr("UNSPECIFIED"))));
    const std::string from_south = Cli({"explain", "south", "page", south_id});
    EXPECT_THAT(from_south, AllOf(HasSubstr("→ north page: CONVERGED"), Not(HasSubstr("→ south")),
                                  HasSubstr("page " + north_id + " on north is up to date"),
                                  Not(HasSubstr("UNSPECIFIED"))));
  }
  // They are one in everything that comes.
  void ExpectOne(const std::string& north_id, const std::string& south_id) {
    ExpectPages({{"a", "of the south"}});
    ExpectQuiet();
    ExpectExplained(north_id, south_id);
    north_.Edit(north_id, "edited in the north");
    ExpectPages({{"a", "edited in the north"}});
    south_.Edit(south_id, "edited in the south");
    ExpectPages({{"a", "edited in the south"}});
    ExpectQuiet();
    ExpectExplained(north_id, south_id);
    north_.Delete(north_id);
    ExpectPages({});
    ExpectQuiet();
  }

  std::string Troubles() { return Cli({"troubles", "list"}); }
};

TEST_F(MergedTest, WhereOneSiteAnswersWhileTheOtherIsAway) {
  const std::string north_id = north_.Add("a", "of the north");
  const std::string south_id = south_.Add("a", "of the south");
  south_.Report(south_.Apply(south_.Await(1)));
  ExpectOne(north_id, south_id);
}

TEST_F(MergedTest, WhereTheOlderSiteAnswersFirst) {
  const std::string north_id = north_.Add("a", "of the north");
  const std::string south_id = south_.Add("a", "of the south");
  north_.Report(north_.Apply(north_.Await(1)));
  ExpectOne(north_id, south_id);
}

TEST_F(MergedTest, WhereBothHaveTheirDeliveriesBeforeEitherAnswers) {
  const std::string north_id = north_.Add("a", "of the north");
  const std::string south_id = south_.Add("a", "of the south");
  const auto to_south = south_.Await(1);
  const auto to_north = north_.Await(1);
  south_.Report(south_.Apply(to_south));
  north_.Report(north_.Apply(to_north));
  ExpectOne(north_id, south_id);
}

TEST_F(MergedTest, WhereADeliveryWasRefusedBeforeTheTwoWereOne) {
  // The north takes no such page, and has none yet.
  const std::string south_id = south_.Add("a", "draft");
  north_.Report(north_.Refuse(north_.Await(1)));
  EXPECT_TRUE(Eventually([&] { return Troubles() != "No troubles.\n"; }));
  const std::string north_id = north_.Add("a", "of the north");
  south_.Report(south_.Apply(south_.Await(1)));
  ExpectPages({{"a", "of the north"}});
  ExpectQuiet();
  ExpectExplained(north_id, south_id);
}

}  // namespace
}  // namespace cognate
