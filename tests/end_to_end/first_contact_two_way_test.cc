// Two platforms that meet, each with records of its own, and go on both ways: nothing is doubled, nothing
// flaps.
#include <cstdio>

#include "tests/end_to_end/first_contact_fixture.h"

namespace cognate {
namespace {

class BothWaysTest : public FirstContactTest {
 protected:
  // Both sides are captured, and each goes to the other by the same rules.
  void Join(const std::string& rules, const std::string& back) {
    AddPlatform("left", true);
    AddPlatform("right", true);
    ASSERT_THAT(CreateSync("there", "left", "right", rules), IsOk());
    ASSERT_THAT(CreateSync("back", "right", "left", back), IsOk());
  }
  void SettleBoth() {
    Settle(*left_, *right_);
    Settle(*right_, *left_);
    AwaitConverged();
  }
  int64_t Written(postgres::Connection& connection) {
    return std::stoll(Ask(connection, "SELECT count(*) FROM written WHERE what NOT LIKE '% mark-%'"));
  }
  void ForgetWritten() {
    for (postgres::Connection* const side : {left_.get(), right_.get()}) Run(*side, "TRUNCATE written");
  }
};

// Each side has half of the other's records, and all have been captured before they meet.
TEST_F(BothWaysTest, RecordsOfBothSidesMeetOnce) {
  Run(*left_, "INSERT INTO page (slug, title) SELECT 'p' || i, 'left' FROM generate_series(1, 600) i");
  Run(*right_, "INSERT INTO page (slug, title) SELECT 'p' || i, 'right' FROM generate_series(301, 900) i");
  ForgetWritten();
  const std::string rules = StrCat(kFields, kBySlug);
  Join(rules, rules);
  SettleBoth();
  for (postgres::Connection* const side : {left_.get(), right_.get()}) {
    Expect(*side, "SELECT count(*) || ' ' || count(DISTINCT slug) FROM page WHERE slug LIKE 'p%'", "900 900");
  }
  EXPECT_TRUE(Eventually([&] { return Pages(*left_) == Pages(*right_); }));
  // One write for each record, wherever it was made first. Where a record's own first capture, or that of its
  // copy, was still on its way when the two became one, it counts as an edit: one more on each side, and then
  // an end.
  const int64_t writes = Written(*left_) + Written(*right_);
  EXPECT_GE(writes, 900);
  EXPECT_LE(writes, 900 + 2 * 900);
  std::printf("figure first_contact.met records=900 in_both=300 writes=%lld doubles=0\n",
              static_cast<long long>(writes));
  ForgetWritten();
  Run(*left_, "UPDATE page SET title = 'edited' WHERE slug LIKE 'p%'");
  SettleBoth();
  Expect(*right_, "SELECT count(*) FROM page WHERE title = 'edited'", "900");
  // What both had when they met is compared behind the writes, and may be written once more now.
  for (postgres::Connection* const side : {left_.get(), right_.get()}) {
    EXPECT_GE(Written(*side), 900);
    EXPECT_LE(Written(*side), 900 + 2 * 300);
  }
  Run(*right_, "DELETE FROM page WHERE slug LIKE 'p%'");
  SettleBoth();
  Expect(*left_, "SELECT count(*) FROM page WHERE slug LIKE 'p%'", "0");
}

TEST_F(BothWaysTest, ASuffixStaysWhereItIsAndNothingFlaps) {
  Run(*right_, "INSERT INTO page (slug, title) VALUES ('a', 'own')");
  // The back way leaves the target's own records out.
  Join(
      "fields { source: 'slug' target: 'slug' on_collision: COLLISION_ACTION_SUFFIX } fields { source: "
      "'title' "
      "target: 'title' }",
      "filter: 'title != \"own\"' fields { source: 'slug' target: 'slug' } fields { source: 'title' target: "
      "'title' }");
  SettleBoth();
  ForgetWritten();
  Run(*left_, "INSERT INTO page (slug, title) VALUES ('a', 'new')");
  Expect(*right_, "SELECT string_agg(slug || title, ' ' ORDER BY id DESC) FROM page WHERE slug LIKE 'a%'",
         "a-2new aown");
  for (int edit = 0; edit < 5; ++edit) {
    Run(*left_, StrCat("UPDATE page SET title = 'edit ", edit, "' WHERE slug = 'a'"));
    Expect(*right_, "SELECT title FROM page WHERE slug = 'a-2'", StrCat("edit ", edit));
  }
  SettleBoth();
  EXPECT_EQ(Ask(*left_, "SELECT string_agg(slug, ' ') FROM page WHERE title LIKE 'edit%'"), "a");
  EXPECT_EQ(Written(*left_), 6) << "its own";
  EXPECT_EQ(Written(*right_), 6) << Ask(*right_, "SELECT string_agg(what, ', ' ORDER BY id) FROM written");
  // An edit over there carries what is there.
  Run(*right_, "UPDATE page SET title = 'from the right' WHERE slug = 'a-2'");
  Expect(*left_, "SELECT slug FROM page WHERE title = 'from the right'", "a-2");
  SettleBoth();
  EXPECT_EQ(Written(*left_), 7);
  EXPECT_EQ(Written(*right_), 7);
  std::printf("figure first_contact.suffix_two_way edits=7 writes=7\n");
}

TEST_F(BothWaysTest, WhatTheTargetHasIsKeptAndNothingFlaps) {
  Run(*left_,
      R"(INSERT INTO page (slug, title, words) VALUES ('a', 'new', '{"en": {"x": "X", "y": "Y"}, "de": {"x": "D"}}'))");
  Run(*right_, R"(INSERT INTO page (slug, title, words) VALUES ('a', 'own', '{"en": {"x": "own"}}'))");
  const std::string rules =
      StrCat(kFields, kBySlug, "fields { source: 'words' target: 'words' missing_only: true }");
  AddPlatform("left", true);
  AddPlatform("right", true);
  ASSERT_THAT(CreateSync("there", "left", "right", rules), IsOk());
  const std::string words = "SELECT words FROM page WHERE slug = 'a'";
  Expect(*right_, words, R"({"de": {"x": "D"}, "en": {"x": "own", "y": "Y"}})");
  ASSERT_THAT(CreateSync("back", "right", "left", rules), IsOk());
  SettleBoth();
  ForgetWritten();
  EXPECT_EQ(Ask(*left_, words), R"({"de": {"x": "D"}, "en": {"x": "X", "y": "Y"}})");
  // Taken out on purpose; offered again with each edit.
  Run(*right_, R"(UPDATE page SET words = '{"en": {"x": "own"}}' WHERE slug = 'a')");
  SettleBoth();
  for (int edit = 0; edit < 5; ++edit) {
    Run(*left_, StrCat("UPDATE page SET title = 'edit ", edit, "' WHERE slug = 'a'"));
    Expect(*right_, "SELECT title FROM page WHERE slug = 'a'", StrCat("edit ", edit));
  }
  Run(*left_, R"(UPDATE page SET words = words || '{"fr": {"x": "F"}}' WHERE slug = 'a')");
  Expect(*right_, words, R"({"en": {"x": "own"}, "fr": {"x": "F"}})");
  SettleBoth();
  EXPECT_EQ(Ask(*left_, words), R"({"de": {"x": "D"}, "en": {"x": "X", "y": "Y"}, "fr": {"x": "F"}})");
  EXPECT_EQ(Written(*left_), 7) << Ask(*left_, "SELECT string_agg(what, ', ' ORDER BY id) FROM written");
  EXPECT_EQ(Written(*right_), 7) << Ask(*right_, "SELECT string_agg(what, ', ' ORDER BY id) FROM written");
  std::printf("figure first_contact.missing_only_two_way edits=7 writes=7\n");
}

}  // namespace
}  // namespace cognate
