// Targets that have records before the first sync: whose they become, what is done about values that are
// taken, and which records are in scope by their ids; through the front doors.
#include <cstdio>

#include "absl/strings/ascii.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "tests/end_to_end/first_contact_fixture.h"

namespace cognate {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class OneWayTest : public FirstContactTest {};

TEST_F(OneWayTest, EachRuleForARecordThatIsThereAlready) {
  const std::string words[] = {"update", "adopt", "skip", "error", "rename"};
  for (const std::string& word : words) {
    Run(*right_, StrCat("CREATE TABLE ", word,
                        "_page (id serial PRIMARY KEY, slug text UNIQUE, title text, words text); "
                        "INSERT INTO ",
                        word, "_page (slug, title) VALUES ('a', 'own'), ('z', 'own')"));
  }
  Run(*left_, "INSERT INTO page (slug, title) VALUES ('a', 'new'), ('b', 'new')");
  AddPlatform("left", true);
  AddPlatform("right", false);
  for (const std::string& word : words) {
    ASSERT_THAT(CreateSync(word, "left", "right",
                           StrCat(kFields, kBySlug, "if_exists: EXISTS_ACTION_", absl::AsciiStrToUpper(word)),
                           StrCat(word, "_page")),
                IsOk());
  }
  ExpectPages(*right_, "a new; b new; z own", "update_page");
  ExpectPages(*right_, "a own; b new; z own", "adopt_page");
  ExpectPages(*right_, "a own; b new; z own", "skip_page");
  ExpectPages(*right_, "a own; b new; z own", "error_page");
  ExpectPages(*right_, "a own; a-2 new; b new; z own", "rename_page");
  ExpectExplained("1", "SKIPPED");
  ExpectExplained("1", "the sync leaves such records alone");
  ExpectExplained("1", "the target had public.error_page 1 with the same slug before");

  Run(*left_, "UPDATE page SET title = 'newer'");
  ExpectPages(*right_, "a newer; b newer; z own", "update_page");
  ExpectPages(*right_, "a newer; b newer; z own", "adopt_page");
  ExpectPages(*right_, "a own; b newer; z own", "skip_page");
  ExpectPages(*right_, "a own; b newer; z own", "error_page");
  ExpectPages(*right_, "a own; a-2 newer; b newer; z own", "rename_page");

  Run(*right_, "DELETE FROM skip_page WHERE slug = 'a'");
  Run(*left_, "UPDATE page SET title = 'newest'");
  ExpectPages(*right_, "a newest; b newest; z own", "skip_page");
  Run(*left_, "DELETE FROM page");
  for (const std::string word : {"update", "adopt", "skip"})
    ExpectPages(*right_, "z own", StrCat(word, "_page"));
  ExpectPages(*right_, "a own; z own", "error_page");
  ExpectPages(*right_, "a own; z own", "rename_page");
}

TEST_F(OneWayTest, WhatNobodyButAPersonCanTellIsAConflict) {
  Run(*right_, "ALTER TABLE page DROP CONSTRAINT page_slug_key; CREATE INDEX ON page (slug)");
  Run(*right_, "INSERT INTO page (slug, title) VALUES ('twice', 'own'), ('twice', 'other'), ('one', 'own')");
  Run(*left_, "ALTER TABLE page DROP CONSTRAINT page_slug_key");
  Run(*left_, "INSERT INTO page (slug, title) VALUES ('twice', 'new'), ('one', 'new'), ('one', 'new too')");
  AddPlatform("left", true);
  AddPlatform("right", false);
  const auto created = CreateSync("pages", "left", "right", StrCat(kFields, kBySlug));
  ASSERT_THAT(created, IsOk());
  ASSERT_EQ(created->warnings_size(), 1);
  EXPECT_THAT(created->warnings(0), HasSubstr("no unique constraint of public.page covers slug"));
  ExpectExplained("1", "REPLICA_STATE_CONFLICT");
  EXPECT_THAT(Explain("1"), HasSubstr("public.page 1001 and 1002"));
  EXPECT_EQ(Ask(*right_, "SELECT count(*) FROM page WHERE title LIKE 'new%'"), "0");
  Run(*right_, "DELETE FROM page WHERE id = 1002");
  Run(*left_, "UPDATE page SET title = 'newer' WHERE id = 1");
  Expect(*right_, "SELECT title FROM page WHERE id = 1001", "newer");
}

TEST_F(OneWayTest, OnlyTheListedRecordsAreInScope) {
  Run(*left_, "INSERT INTO page (slug, title) SELECT 'p' || i, 'new' FROM generate_series(1, 5) i");
  AddPlatform("left", true);
  AddPlatform("right", false);
  ASSERT_THAT(CreateSync("pages", "left", "right",
                         StrCat(kFields, "sync_ids: '1' sync_ids: '2' sync_ids: '3' ignore_ids: '3'")),
              IsOk());
  ExpectPages(*right_, "p1 new; p2 new");
  Run(*right_, "TRUNCATE written");
  UpdateSync("name: 'syncs/pages' sync_ids: '2' sync_ids: '3' sync_ids: '4' ignore_ids: '4'",
             "paths: 'sync_ids' paths: 'ignore_ids'");
  ExpectPages(*right_, "p2 new; p3 new");
  EXPECT_EQ(Ask(*right_, "SELECT count(*) FROM written"), "1") << "p2 was not touched";
  UpdateSync("name: 'syncs/pages'", "paths: 'sync_ids' paths: 'ignore_ids'");
  ExpectPages(*right_, "p1 new; p2 new; p3 new; p4 new; p5 new");
  EXPECT_EQ(Ask(*right_, "SELECT count(*) FROM written"), "4");
  Run(*left_, "UPDATE page SET title = 'newer'");
  ExpectPages(*right_, "p1 newer; p2 newer; p3 newer; p4 newer; p5 newer");
}

TEST_F(OneWayTest, RulesThatCannotWorkAreRefused) {
  AddPlatform("left", true);
  AddPlatform("right", false);
  const auto refused = CreateSync(
      "pages", "left", "right",
      "fields { source: 'slug' target: 'slug' missing_only: true } fields { source: 'title' target: 'title' "
      "on_collision: COLLISION_ACTION_SUFFIX } natural_keys { fields: 'words' } natural_keys { fields: "
      "'slug' } "
      "natural_keys { } sync_ids: '' ignore_ids: '1' ignore_ids: '1'");
  std::string wrong;
  for (const FieldViolation& violation : Violations(refused.status()))
    absl::StrAppend(&wrong, violation.field, ": ", violation.description, "\n");
  EXPECT_THAT(wrong, AllOf(HasSubstr("sync.fields[0].missing_only: got true, but slug is a key"),
                           HasSubstr("sync.fields[1].on_collision: got COLLISION_ACTION_SUFFIX"),
                           HasSubstr("sync.natural_keys[0].fields[0]: got \"words\""),
                           HasSubstr("sync.natural_keys[2].fields: got none"), HasSubstr("sync.sync_ids[0]"),
                           HasSubstr("sync.ignore_ids[1]: got 1 twice")));
}

TEST_F(OneWayTest, APreviewTellsWhatIsDoneAboutWhatIsThere) {
  Run(*left_, "INSERT INTO page (slug) VALUES ('a')");
  AddPlatform("left", true);
  AddPlatform("right", false);
  ASSERT_THAT(CreateSync("pages", "left", "right", StrCat(kFields, kBySlug, "ignore_ids: '1'")), IsOk());
  const auto preview = [&] {
    const auto previewed = Do(*transformer_, &v1::TransformerService::Stub::Preview,
                              "record { platform: 'left' model: 'public.page' local_id: '1' }");
    return previewed.ok() ? previewed->ShortDebugString() : previewed.status().ToString();
  };
  EXPECT_TRUE(Eventually([&] { return absl::StrContains(preview(), "1 is in ignore_ids"); })) << preview();
  UpdateSync("name: 'syncs/pages'", "paths: 'ignore_ids'");
  EXPECT_TRUE(Eventually([&] {
    return absl::StrContains(preview(), "becomes the same record and is written");
  })) << preview();
}

class ManyRecordsTest : public FirstContactTest {
 protected:
  ManyRecordsTest() : FirstContactTest(Shape::kOneEach) {}
};

// Half of them are there already; delivery is killed again and again meanwhile.
TEST_F(ManyRecordsTest, NothingIsDoubledThoughDeliveryIsKilledInTheMiddle) {
  constexpr int kRecords = 4000;
  Run(*left_, StrCat("INSERT INTO page (slug, title) SELECT 'p' || i, 'new' FROM generate_series(1, ",
                     kRecords, ") i"));
  Run(*right_, "ALTER TABLE page DROP CONSTRAINT page_slug_key; CREATE INDEX ON page (slug)");
  Run(*right_, StrCat("INSERT INTO page (slug, title) SELECT 'p' || i, 'own' FROM generate_series(1, ",
                      kRecords, ", 2) i; TRUNCATE written"));
  AddPlatform("left", true);
  AddPlatform("right", true);
  ASSERT_THAT(CreateSync("pages", "left", "right", StrCat(kFields, kBySlug)), IsOk());
  int kills = 0;
  for (int64_t seen = 0; seen < kRecords;) {
    const int64_t before = seen;
    ASSERT_TRUE(Eventually([&] {
      seen = std::stoll(Ask(*right_, "SELECT count(*) FROM page WHERE title = 'new'"));
      return seen > before || seen == kRecords;
    }));
    if (seen >= kRecords || kills >= 5) continue;
    cluster_.Kill("delivery");
    cluster_.Start("delivery");
    ++kills;
  }
  const std::string doubles = Ask(*right_, "SELECT count(*) - count(DISTINCT slug) FROM page");
  EXPECT_EQ(doubles, "0");
  EXPECT_EQ(Ask(*right_, "SELECT count(*) FROM page"), StrCat(kRecords));
  EXPECT_EQ(Ask(*right_, "SELECT count(*) FROM page WHERE id > 1000 AND id <= 1000 + 2000 AND title = 'new'"),
            "2000");
  std::printf("figure first_contact.adopted records=%d kills=%d doubles=%s\n", kRecords / 2, kills,
              doubles.c_str());
}

}  // namespace
}  // namespace cognate
