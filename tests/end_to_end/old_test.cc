// `old` in conditions and scripts: what a record was before its change, by the change log.
#include "tests/end_to_end/two_databases.h"

namespace cognate {
namespace {

using test_support::IsOk;
using ::testing::HasSubstr;

constexpr char kSource[] = R"sql(
    CREATE TABLE article (id serial PRIMARY KEY, title text NOT NULL, status text NOT NULL);
)sql";
constexpr char kTarget[] = R"sql(
    CREATE TABLE post (no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, title text NOT NULL, status text,
                       was text, came text);
)sql";
constexpr char kFields[] = R"pb(
  fields { source: 'title' target: 'title' }
  fields { source: 'status' target: 'status' }
)pb";
constexpr char kPosts[] =
    "SELECT string_agg(concat_ws(' ', title || ':', status, 'was', was, came), '; ' ORDER BY title) FROM "
    "post";

class OldTest : public TwoDatabases {
 protected:
  void SetUp() override { Build(kSource, kTarget); }
};

TEST_F(OldTest, AStepKnowsWhatTheRecordWasBeforeItsChange) {
  ASSERT_THAT(CreateSync("articles", "article", "post", absl::StrCat(kFields, R"pb(
                           fields { source: 'came' target: 'came' }
                           transforms {
                             when: 'old.status = "draft" and status = "published"'
                             constant {
                               into: 'came'
                               value { text_value: 'out of draft' }
                             }
                           })pb")),
              IsOk());
  Run("INSERT INTO article (title, status) VALUES ('one', 'draft'), ('two', 'published')");
  ExpectTarget(kPosts, "one: draft was; two: published was");
  Run("UPDATE article SET status = 'published'");
  ExpectTarget(kPosts, "one: published was out of draft; two: published was");
  // Previewed as it was delivered.
  const v1::PreviewResponse preview = Preview("article", "1");
  ASSERT_EQ(preview.records_size(), 1);
  EXPECT_THAT(preview.records(0).ShortDebugString(), HasSubstr("out of draft"));
}

TEST_F(OldTest, AScriptSeesItAlsoWhenTheRecordIsDeliveredOnceMore) {
  const std::string script = R"pb(
    fields { source: 'was' target: 'was' }
    transforms {
      script {
        source: 'record.was = old.status or "nothing"'
        writes { field: 'was' kind: 'text' }
      }
    })pb";
  ASSERT_THAT(CreateSync("articles", "article", "post", absl::StrCat(kFields, script)), IsOk());
  Run("INSERT INTO article (title, status) VALUES ('one', 'draft')");
  ExpectTarget(kPosts, "one: draft was nothing");
  Run("UPDATE article SET status = 'ready'");
  ExpectTarget(kPosts, "one: ready was draft");
  // Other rules: the change is there once more, and what was before it is what it was then.
  ASSERT_THAT(Do(*registry_, &RegistryStub::UpdateSync,
                 SyncText("articles", "article", "post", absl::StrCat(kFields, script, R"pb(
                            fields { source: 'came' target: 'came' }
                            transforms {
                              constant {
                                into: 'came'
                                value { text_value: 'again' }
                              }
                            })pb")) +
                     " update_mask { paths: 'fields' paths: 'transforms' }"),
              IsOk());
  ExpectTarget(kPosts, "one: ready was draft again");
  // What was gone in between was nothing.
  Run("DELETE FROM article");
  ExpectTarget("SELECT count(*) FROM post", "0");
  Run("INSERT INTO article (id, title, status) VALUES (1, 'uno', 'new')");
  ExpectTarget(kPosts, "uno: new was nothing again");
}

TEST_F(OldTest, ARoundThatIsDoneAgainEndsTheSame) {
  ASSERT_THAT(CreateSync("articles", "article", "post", absl::StrCat(kFields, R"pb(
                           fields { source: 'was' target: 'was' }
                           transforms {
                             script {
                               source: 'record.was = old.status or "nothing"'
                               writes { field: 'was' kind: 'text' }
                             }
                           })pb")),
              IsOk());
  Run("INSERT INTO article (title, status) VALUES ('one', 'draft')");
  ExpectTarget(kPosts, "one: draft was nothing");
  Run("UPDATE article SET status = 'ready'");
  cluster_.Kill("cognate");
  Run("INSERT INTO article (title, status) VALUES ('two', 'draft')");
  cluster_.Start("cognate");
  ExpectTarget(kPosts, "one: ready was draft; two: draft was nothing");
}

TEST_F(OldTest, AFilterMayNotAskForIt) {
  const auto refused =
      CreateSync("articles", "article", "post", absl::StrCat(kFields, "filter: 'old.status = \"draft\"'"));
  EXPECT_THAT(WhatIsWrong(refused.status()),
              HasSubstr("sync.filter: column 5: got old.status, but old is not known"));
}

}  // namespace
}  // namespace cognate
