// What a first contact would find, before anything is written, through the front doors.
#include "absl/strings/match.h"

#include <cstdio>
#include <string>

#include "tests/end_to_end/first_contact_fixture.h"

namespace cognate {
namespace {

using test_support::HasReason;
using TransformerStub = v1::TransformerService::Stub;

class MatchTest : public FirstContactTest {
 protected:
  // Both models are in the log, by paused syncs.
  void AddSyncs(const std::string& rules) {
    AddPlatform("left", true);
    AddPlatform("right", true);
    ASSERT_THAT(CreateSync("pages", "left", "right", StrCat("status: SYNC_STATUS_PAUSED ", kFields, rules)),
                IsOk());
    ASSERT_THAT(CreateSync("back", "right", "left", StrCat("status: SYNC_STATUS_PAUSED ", kFields)), IsOk());
  }
  absl::StatusOr<v1::MatchRecordsResponse> Ask(const std::string& keys) {
    return Do(
        *transformer_, &TransformerStub::MatchRecords,
        StrCat("samples: 2 sync { name: 'syncs/pages' source_platform: 'left' source_model: 'public.page' "
               "target_platform: 'right' target_model: 'public.page' ",
               kFields, keys, "}"));
  }
  // When the snapshots of both are in the log.
  v1::MatchRecordsResponse Match(const std::string& keys, int left, int right) {
    absl::StatusOr<v1::MatchRecordsResponse> found;
    EXPECT_TRUE(Eventually([&] {
      found = Ask(keys);
      return found.ok() && found->source_count() + found->left_out_count() == left &&
             found->target_count() == right;
    })) << found.status();
    return found.ok() ? *found : v1::MatchRecordsResponse();
  }
};

TEST_F(MatchTest, TellsWhatMatchesWhatIsAmbiguousAndWhatIsOnOneSideAlone) {
  Run(*left_, "INSERT INTO page (slug, title) SELECT 's' || i, 't' || i FROM generate_series(1, 30) AS i");
  Run(*left_, "INSERT INTO page (slug, title) VALUES ('d1', 'twice'), ('d2', 'twice'), (NULL, NULL)");
  Run(*right_, "INSERT INTO page (slug, title) SELECT 's' || i, 'own' FROM generate_series(21, 40) AS i");
  Run(*right_, "INSERT INTO page (slug, title) VALUES ('e1', 'twice'), ('e2', 'once'), (NULL, NULL)");
  AddSyncs(kBySlug);

  const v1::MatchRecordsResponse by_slug = Match(kBySlug, 33, 23);
  EXPECT_EQ(by_slug.matched_count(), 10);
  EXPECT_EQ(by_slug.ambiguous_count(), 0);
  EXPECT_EQ(by_slug.source_only_count(), 23);
  EXPECT_EQ(by_slug.target_only_count(), 13);
  EXPECT_EQ(by_slug.matched_size(), 2);
  EXPECT_EQ(by_slug.target_only_size(), 2);

  // The first key with a match decides.
  const v1::MatchRecordsResponse by_both =
      Match(StrCat(kBySlug, "natural_keys { fields: 'title' } "), 33, 23);
  EXPECT_EQ(by_both.matched_count(), 10);
  EXPECT_EQ(by_both.ambiguous_count(), 2);  // both have the title of one
  EXPECT_EQ(by_both.source_only_count(), 21);
  EXPECT_EQ(by_both.target_only_count(), 12);
  ASSERT_EQ(by_both.ambiguous_size(), 1);
  EXPECT_EQ(by_both.ambiguous(0).source_ids_size(), 2);
  EXPECT_EQ(by_both.ambiguous(0).target_ids_size(), 1);
  const v1::MatchRecordsResponse by_title = Match("natural_keys { fields: 'title' } ", 33, 23);
  EXPECT_EQ(by_title.matched_count(), 0);
  EXPECT_EQ(by_title.ambiguous_count(), 2);

  // Nothing was written; what then is, is what was told.
  EXPECT_EQ(FirstContactTest::Ask(*right_, "SELECT count(*) FROM page"), "23");
  UpdateSync("name: 'syncs/pages' status: SYNC_STATUS_ACTIVE", "paths: 'status'");
  EXPECT_TRUE(absl::StrContains(cluster_.Run({"run", "backfill", "pages", "--wait"}).output, "100 %"));
  Expect(*right_, "SELECT count(*) FROM page", StrCat(23 + by_slug.source_only_count()));
  AwaitConverged();
  const v1::MatchRecordsResponse after = Match(kBySlug, 33, 46);
  EXPECT_EQ(after.known_count(), 33);
  EXPECT_EQ(after.matched_count() + after.ambiguous_count() + after.source_only_count(), 0);
  EXPECT_EQ(after.target_only_count(), 13);
  const auto shown = cluster_.Run({"sync", "match", "pages"});
  EXPECT_EQ(shown.code, 0) << shown.output;
  EXPECT_TRUE(absl::StrContains(shown.output, "33 are the same already")) << shown.output;
  std::printf("figure match.told source=33 target=23 matched=10 wrong=0\n");
}

TEST_F(MatchTest, SaysWhyItCannotTell) {
  Run(*left_, "INSERT INTO page (slug, title) VALUES ('a', 'one')");
  AddPlatform("left", true);
  AddPlatform("right", false);
  ASSERT_THAT(CreateSync("pages", "left", "right", StrCat(kFields, kBySlug)), IsOk());
  EXPECT_THAT(Ask(kBySlug), HasReason("MODEL_NOT_CAPTURED"));
  EXPECT_THAT(Ask(""), HasReason("INVALID_FIELD"));
  EXPECT_THAT(Ask("natural_keys { fields: 'nothing' } "), HasReason("INVALID_FIELD"));
}

}  // namespace
}  // namespace cognate
