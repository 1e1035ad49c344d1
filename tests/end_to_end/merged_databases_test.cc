// The same of two databases that are captured: what merged_test.cc asks of two agents.
#include "gmock/gmock.h"
#include "tests/end_to_end/first_contact_fixture.h"

namespace cognate {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class MergedDatabasesTest : public FirstContactTest {
 protected:
  void Join() {
    AddPlatform("left", true);
    AddPlatform("right", true);
    const std::string rules = StrCat(kFields, kBySlug);
    ASSERT_THAT(CreateSync("there", "left", "right", rules), IsOk());
    ASSERT_THAT(CreateSync("back", "right", "left", rules), IsOk());
  }
  std::string Cli(const std::vector<std::string>& words) { return cluster_.Run(words).output; }
  void ExpectNoTrouble() {
    EXPECT_TRUE(Eventually([&] {
      return Cli({"troubles", "list"}) == "No troubles.\n";
    })) << Cli({"troubles", "list"});
  }
  // From either side, the other one.
  void ExpectExplained(const std::string& slug) {
    const std::string id = StrCat("SELECT id FROM page WHERE slug = '", slug, "'");
    for (const std::string one : {"left", "right"}) {
      const std::string other = one == "left" ? "right" : "left";
      const std::string local_id = Ask(one == "left" ? *left_ : *right_, id);
      const auto is_explained =
          AllOf(HasSubstr(StrCat("→ ", other, " public.page: CONVERGED")), Not(HasSubstr(StrCat("→ ", one))),
                Not(HasSubstr("UNSPECIFIED")), HasSubstr("is up to date with version"));
      std::string said;
      // What each has of the other is on its way back for a moment after both are the same.
      Eventually([&] {
        said = Cli({"explain", one, "public.page", local_id});
        return ::testing::Value(said, is_explained);
      });
      EXPECT_THAT(said, is_explained);
    }
  }
};

TEST_F(MergedDatabasesTest, RecordsThatMetAreExplainedFromEitherSide) {
  Run(*left_, "INSERT INTO page (slug, title) VALUES ('a', 'left'), ('b', 'left')");
  Run(*right_, "INSERT INTO page (slug, title) VALUES ('a', 'right'), ('c', 'right')");
  Join();
  Settle(*left_, *right_);
  Settle(*right_, *left_);
  AwaitConverged();
  EXPECT_TRUE(Eventually([&] { return Pages(*left_) == Pages(*right_); }));
  ExpectNoTrouble();
  for (const std::string slug : {"a", "b", "c"}) ExpectExplained(slug);
}

TEST_F(MergedDatabasesTest, WhatWasRefusedBeforeTheTwoWereOneIsNoTroubleAnyMore) {
  Run(*left_, "ALTER TABLE page ADD CONSTRAINT no_drafts CHECK (title <> 'draft')");
  Join();
  Run(*right_, "INSERT INTO page (slug, title) VALUES ('a', 'draft')");
  EXPECT_TRUE(Eventually([&] { return absl::StrContains(Cli({"troubles", "list"}), "DEAD"); }));
  Run(*left_, "INSERT INTO page (slug, title) VALUES ('a', 'final')");
  Expect(*right_, "SELECT title FROM page WHERE slug = 'a'", "final");
  AwaitConverged();
  ExpectNoTrouble();
  EXPECT_EQ(Ask(*left_, "SELECT string_agg(title, ' ') FROM page"), "final");
  ExpectExplained("a");
}

}  // namespace
}  // namespace cognate
