// In whose name records are written, as the target's own triggers see it.
#include "tests/end_to_end/two_databases.h"

namespace cognate {
namespace {

using test_support::IsOk;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kSource[] = R"sql(
    CREATE TABLE writer (id serial PRIMARY KEY, name text NOT NULL, did text);
    CREATE TABLE article (id serial PRIMARY KEY, title text NOT NULL, did text, author_id int REFERENCES writer);
)sql";
// `written_by` is what the target itself sees in the transaction.
constexpr char kTarget[] = R"sql(
    CREATE TABLE post (no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, title text NOT NULL UNIQUE, written_by text);
    CREATE TABLE gone (title text, deleted_by text);
    CREATE FUNCTION sign() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF TG_OP = 'DELETE' THEN
          INSERT INTO gone VALUES (OLD.title, current_setting('cognate.acting_identity', true));
          RETURN OLD;
        END IF;
        NEW.written_by := current_setting('cognate.acting_identity', true);
        RETURN NEW;
      END $$;
    CREATE TRIGGER signed BEFORE INSERT OR UPDATE OR DELETE ON post FOR EACH ROW EXECUTE FUNCTION sign();
)sql";
constexpr char kRules[] = R"pb(
  fields { source: 'title' target: 'title' }
  acting_identity: 'did'
  acting_identity: 'author.did'
)pb";
constexpr char kPosts[] =
    "SELECT string_agg(title || ' by ' || coalesce(nullif(written_by, ''), 'nobody'), '; ' ORDER BY title) "
    "FROM post";

class ActingIdentityTest : public TwoDatabases {
 protected:
  void SetUp() override {
    Build(kSource, kTarget);
    // Nothing else brings the writers anywhere: their changes are known by this.
    ASSERT_THAT(target_->Execute(
                    "CREATE TABLE author (no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text)"),
                IsOk());
    ASSERT_THAT(Do(*registry_, &RegistryStub::AnalyzeModels, "platform: 'platforms/blog'"), IsOk());
    ASSERT_THAT(CreateSync("writers", "writer", "author", "fields { source: 'name' target: 'name' }"),
                IsOk());
    Run("INSERT INTO writer (name, did) VALUES ('Ada', 'did:ada'), ('Bo', 'did:bo'), ('Cy', NULL)");
    ExpectTarget("SELECT count(*) FROM author", "3");
  }
};

TEST_F(ActingIdentityTest, TheFirstPathThatIsThereCounts) {
  ASSERT_THAT(CreateSync("articles", "article", "post", kRules), IsOk());
  Run("INSERT INTO article (title, did, author_id) VALUES ('a', 'did:own', 1), ('b', NULL, 2), ('c', '', 1), "
      "('d', NULL, 3), ('e', NULL, NULL)");
  ExpectTarget(kPosts, "a by did:own; b by did:bo; c by did:ada; d by nobody; e by nobody");
  const v1::PreviewResponse preview = Preview("article", "2");
  ASSERT_EQ(preview.records_size(), 1);
  EXPECT_EQ(preview.records(0).acting_identity(), "did:bo");
  // A delete is written in the name that the record had.
  Run("DELETE FROM article WHERE title = 'b'");
  ExpectTarget("SELECT title || ' by ' || deleted_by FROM gone", "b by did:bo");
}

TEST_F(ActingIdentityTest, AnotherIdentityIsNoChangeOfTheRecord) {
  ASSERT_THAT(CreateSync("articles", "article", "post", kRules), IsOk());
  Run("INSERT INTO article (title, author_id) VALUES ('a', 1)");
  ExpectTarget(kPosts, "a by did:ada");
  Run("UPDATE writer SET did = 'did:ada2', name = 'Ada II' WHERE id = 1");
  ExpectTarget("SELECT count(*) FROM author WHERE name = 'Ada II'", "1");
  EXPECT_EQ(Ask(*target_, kPosts), "a by did:ada");
  Run("UPDATE article SET title = 'a2'");
  ExpectTarget(kPosts, "a2 by did:ada2");
}

TEST_F(ActingIdentityTest, RecordsOfABatchKeepTheirOwnAlsoWithNaturalKeys) {
  ASSERT_THAT(
      CreateSync("articles", "article", "post", absl::StrCat(kRules, "natural_keys { fields: 'title' }")),
      IsOk());
  ASSERT_THAT(target_->Execute("INSERT INTO post (title) VALUES ('t07')"), IsOk());
  Run("INSERT INTO article (title, author_id) SELECT 't' || lpad(g::text, 2, '0'), 1 + g % 2 FROM "
      "generate_series(1, 40) g");
  ExpectTarget(
      "SELECT count(*) FROM post p WHERE written_by = "
      "CASE substr(title, 2)::int % 2 WHEN 1 THEN 'did:bo' ELSE 'did:ada' END",
      "40");
  EXPECT_EQ(Ask(*target_, "SELECT count(*) FROM post"), "40");
}

TEST_F(ActingIdentityTest, PathsThatLeadNowhereAreRefused) {
  const auto refused = CreateSync("articles", "article", "post", R"pb(
    fields { source: 'title' target: 'title' }
    acting_identity: 'didd'
    acting_identity: 'title.did'
    acting_identity: 'author.dud')pb");
  EXPECT_THAT(
      WhatIsWrong(refused.status()),
      AllOf(
          HasSubstr("sync.acting_identity[0]: got \"didd\", want a field of public.article"),
          HasSubstr("sync.acting_identity[1]: got \"title.did\""),
          HasSubstr(
              "sync.acting_identity[2]: got \"author.dud\", want a field of public.writer behind the dot")));
}

}  // namespace
}  // namespace cognate
