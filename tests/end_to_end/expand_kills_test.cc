// Services are killed in the middle of edits, again and again: at the end every part is on the target once,
// as its post has it.
#include <cstdio>
#include <random>

#include "tests/end_to_end/expand_fixture.h"

namespace cognate {
namespace {

using test_support::IsOk;

constexpr int kParents = 1'000;

class ExpandKillsTest : public ExpandFixture, public ::testing::WithParamInterface<cluster::Shape> {
 protected:
  ExpandKillsTest() : ExpandFixture(GetParam()) {}

  // Some translations of a third of the posts are others, some posts are gone, some are new.
  void Edit(int round) {
    Run(absl::StrCat(
        "UPDATE post SET translations = (SELECT jsonb_agg(jsonb_build_object('locale', 'l' || l, 'title', "
        "id || ' ",
        round, " ' || l)) FROM generate_series(1, 1 + (id + ", round,
        ") % 5) AS l) WHERE id % 3 = ", round % 3));
    Run(absl::StrCat("DELETE FROM post WHERE id % 37 = ", round));
    Run(absl::StrCat(
        "INSERT INTO post (slug, translations) SELECT 'new' || i, '[{\"locale\": \"l1\", \"title\": \"",
        round, "\"}]' FROM generate_series(1, 10) AS i"));
  }
  int64_t Number(postgres::Connection& connection, const std::string& sql) {
    return std::atoll(Ask(connection, sql).c_str());
  }
};

TEST_P(ExpandKillsTest, EndWithoutDoubles) {
  // Doubles are to be seen, not refused.
  ASSERT_THAT(target_->Execute("ALTER TABLE article_text DROP CONSTRAINT article_text_article_no_lang_key; "
                               "DROP TRIGGER note ON article_text"),
              IsOk());
  ASSERT_THAT(Do(*registry_, &RegistryStub::AnalyzeModels, "platform: 'platforms/blog'"), IsOk());
  ASSERT_THAT(PutTranslations(), IsOk());
  ASSERT_THAT(SyncPosts(), IsOk());
  ASSERT_THAT(SyncTranslations(), IsOk());
  Run(absl::StrCat(
      "INSERT INTO post (slug, translations) SELECT 'p' || i, jsonb_build_array(jsonb_build_object('locale', "
      "'l1', 'title', i), jsonb_build_object('locale', 'l2', 'title', i)) FROM generate_series(1, ",
      kParents, ") AS i"));
  std::mt19937 random(7);
  const std::vector<std::string> victims = {"transformer", "change-capture", "transformer", "change-capture",
                                            "transformer", "delivery",       "transformer", "change-capture"};
  int kills = 0;
  for (const std::string& victim : victims) {
    Edit(++kills);
    absl::SleepFor(absl::Milliseconds(std::uniform_int_distribution<int>(20, 400)(random)));
    cluster_.Kill(victim);
    absl::SleepFor(absl::Milliseconds(100));
    cluster_.Start(victim);
  }
  ASSERT_TRUE(cluster_.WaitUntilServing());
  Edit(9);

  const std::string parts_here = "SELECT count(*) FROM post, jsonb_array_elements(translations)";
  const std::string parts_there = "SELECT count(*) FROM article_text";
  const std::string digest_here =
      "SELECT md5(string_agg(concat_ws(' ', slug, t->>'locale', t->>'title'), ';' ORDER BY slug, "
      "t->>'locale', t->>'title')) FROM "
      "post, jsonb_array_elements(translations) AS t";
  const std::string digest_there =
      "SELECT md5(string_agg(concat_ws(' ', a.slug, lang, heading), ';' ORDER BY a.slug, lang, heading)) "
      "FROM article_text t JOIN "
      "article a ON a.no = t.article_no";
  const bool same = test_support::Eventually(
      [&] {
        return Ask(*source_, parts_here) == Ask(*target_, parts_there) &&
               Ask(*source_, digest_here) == Ask(*target_, digest_there);
      },
      absl::Seconds(150));
  EXPECT_TRUE(same);
  const int64_t doubled = Number(
      *target_,
      "SELECT count(*) FROM (SELECT FROM article_text GROUP BY article_no, lang HAVING count(*) > 1) AS d");
  const int64_t here = Number(*source_, parts_here), there = Number(*target_, parts_there);
  std::printf(
      "figure expand.kills replicas=%d parents=%lld parts=%lld kills=%d doubled=%lld missing=%lld "
      "extra=%lld\n",
      GetParam() == cluster::Shape::kTwoEach ? 2 : 1,
      static_cast<long long>(Number(*source_, "SELECT count(*) FROM post")), static_cast<long long>(here),
      kills, static_cast<long long>(doubled), static_cast<long long>(std::max<int64_t>(0, here - there)),
      static_cast<long long>(std::max<int64_t>(0, there - here)));
  EXPECT_EQ(doubled, 0);
  EXPECT_EQ(here, there);
}

// With two of each, rounds of one record are at times in both hands.
INSTANTIATE_TEST_SUITE_P(Shapes, ExpandKillsTest,
                         ::testing::Values(cluster::Shape::kOneEach, cluster::Shape::kTwoEach),
                         [](const auto& test) {
                           return test.param == cluster::Shape::kOneEach ? "OneEach" : "TwoEach";
                         });

}  // namespace
}  // namespace cognate
