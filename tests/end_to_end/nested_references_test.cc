// References inside lists, JSON values and serialized texts: they arrive as the target's own ids, and wait
// for what is not there yet.
#include "absl/strings/match.h"
#include "tests/end_to_end/two_databases.h"

namespace cognate {
namespace {

using test_support::IsOk;
using ::testing::HasSubstr;

// As WordPress keeps them; the ids of the target begin elsewhere.
constexpr char kSource[] = R"sql(
    CREATE TABLE posts (id bigint PRIMARY KEY, title text NOT NULL);
    CREATE TABLE postmeta (id serial PRIMARY KEY, post_id bigint NOT NULL REFERENCES posts, meta_key text NOT NULL,
                           meta_value text);
    CREATE TABLE node (id int PRIMARY KEY, links text NOT NULL);
    CREATE TABLE album (id serial PRIMARY KEY, name text NOT NULL, picks jsonb, tags text);
)sql";
constexpr char kTarget[] = R"sql(
    CREATE TABLE entry (no bigint GENERATED ALWAYS AS IDENTITY (START WITH 500) PRIMARY KEY, title text NOT NULL);
    CREATE TABLE entrymeta (no serial PRIMARY KEY, entry_no bigint NOT NULL REFERENCES entry, meta_key text NOT NULL,
                            meta_value text);
    CREATE TABLE knot (no bigint GENERATED ALWAYS AS IDENTITY (START WITH 80) PRIMARY KEY, links text NOT NULL);
    CREATE TABLE collection (no serial PRIMARY KEY, name text NOT NULL, picks jsonb, tags bigint[]);
)sql";
constexpr char kMeta[] = R"pb(
  fields { source: 'post_id' target: 'entry_no' }
  fields { source: 'meta_key' target: 'meta_key' }
  fields { source: 'meta_value' target: 'meta_value' }
  transforms {
    when: 'meta_key = "_related"'
    decode { field: 'meta_value' encoding: ENCODING_PHP }
  }
  transforms {
    when: 'meta_key = "_related"'
    reference { field: 'meta_value' path: '[*]' source_model: 'public.posts' }
  }
  transforms {
    when: 'meta_key = "_thumbnail_id"'
    reference { field: 'meta_value' source_model: 'public.posts' }
  }
  transforms {
    when: 'meta_key = "_related"'
    encode { field: 'meta_value' encoding: ENCODING_PHP }
  })pb";
constexpr char kMetas[] =
    "SELECT string_agg(m.meta_key || ' of ' || e.title || ' = ' || m.meta_value, '; ' ORDER BY m.no) "
    "FROM entrymeta m JOIN entry e ON e.no = m.entry_no";

class NestedReferencesTest : public TwoDatabases {
 protected:
  void SetUp() override {
    Build(kSource, kTarget);
    ASSERT_THAT(CreateSync("posts", "posts", "entry", "fields { source: 'title' target: 'title' }"), IsOk());
  }
  std::string NumberOf(const std::string& title) {
    return Ask(*target_, absl::StrCat("SELECT no FROM entry WHERE title = '", title, "'"));
  }
};

TEST_F(NestedReferencesTest, SerializedMetaHasTheTargetsIds) {
  ASSERT_THAT(CreateSync("metas", "postmeta", "entrymeta", kMeta), IsOk());
  Run("INSERT INTO posts VALUES (7, 'seven'), (9, 'nine'), (1, 'one')");
  ExpectTarget("SELECT count(*) FROM entry", "3");
  Run("INSERT INTO postmeta (post_id, meta_key, meta_value) VALUES (1, '_related', "
      "'a:2:{i:0;i:7;i:1;i:9;}')");
  const std::string seven = NumberOf("seven"), nine = NumberOf("nine");
  const std::string related = absl::StrCat("_related of one = a:2:{i:0;i:", seven, ";i:1;i:", nine, ";}");
  ExpectTarget(kMetas, related);
  EXPECT_THAT(Preview("postmeta", "1").ShortDebugString(), HasSubstr(absl::StrCat("i:1;i:", nine)));
  // Of other keys the value is a text, or one id.
  Run("INSERT INTO postmeta (post_id, meta_key, meta_value) VALUES (1, '_color', 'red')");
  ExpectTarget(kMetas, related + "; _color of one = red");
  Run("INSERT INTO postmeta (post_id, meta_key, meta_value) VALUES (1, '_thumbnail_id', '7')");
  ExpectTarget(kMetas, absl::StrCat(related, "; _color of one = red; _thumbnail_id of one = ", seven));
}

TEST_F(NestedReferencesTest, WhatIsMissingIsWaitedForAndFreesTheText) {
  ASSERT_THAT(CreateSync("metas", "postmeta", "entrymeta", kMeta), IsOk());
  Run("INSERT INTO posts VALUES (1, 'one'), (9, 'nine')");
  Run("INSERT INTO postmeta (post_id, meta_key, meta_value) "
      "VALUES (1, '_related', 'a:3:{i:0;i:7;i:1;s:1:\"9\";i:2;i:1;}')");
  EXPECT_TRUE(test_support::Eventually([&] {
    return absl::StrContains(StateOf("postmeta", "1"), "public.posts 7");
  })) << StateOf("postmeta", "1");
  EXPECT_THAT(Preview("postmeta", "1").ShortDebugString(),
              HasSubstr("meta_value refers to public.posts 7, which is not in public.entry on blog yet"));
  EXPECT_EQ(Ask(*target_, "SELECT count(*) FROM entrymeta"), "0");
  cluster_.Kill("cognate");
  cluster_.Start("cognate");
  Run("INSERT INTO posts VALUES (7, 'seven')");
  ExpectTarget("SELECT count(*) FROM entrymeta", "1");
  const std::string nine = NumberOf("nine");
  EXPECT_EQ(Ask(*target_, kMetas),
            absl::StrCat("_related of one = a:3:{i:0;i:", NumberOf("seven"), ";i:1;s:", nine.size(), ":\"",
                         nine, "\";i:2;i:", NumberOf("one"), ";}"));
}

TEST_F(NestedReferencesTest, RecordsThatNameEachOtherInTheirTextsAreBothThereInTheEnd) {
  ASSERT_THAT(CreateSync("nodes", "node", "knot", R"pb(
                fields { source: 'links' target: 'links' }
                transforms { decode { field: 'links' encoding: ENCODING_PHP } }
                transforms { reference { field: 'links' path: '[*]' source_model: 'public.node' } }
                transforms { encode { field: 'links' encoding: ENCODING_PHP } })pb"),
              IsOk());
  Run("INSERT INTO node VALUES (1, 'a:2:{i:0;i:2;i:1;i:1;}'), (2, 'a:1:{i:0;i:1;}')");
  ExpectTarget(
      "SELECT count(*) FROM knot one JOIN knot two ON one.no <> two.no "
      "WHERE two.links = 'a:1:{i:0;i:' || one.no || ';}' "
      "AND one.links = 'a:2:{i:0;i:' || two.no || ';i:1;i:' || one.no || ';}'",
      "1");
}

TEST_F(NestedReferencesTest, ListsAndJsonArriveWithTheirIds) {
  ASSERT_THAT(CreateSync("albums", "album", "collection", R"pb(
                fields { source: 'name' target: 'name' }
                fields { source: 'picks' target: 'picks' }
                fields { source: 'tags' target: 'tags' }
                transforms { decode { field: 'picks' encoding: ENCODING_JSON } }
                transforms { reference { field: 'picks' path: 'best[*].post' source_model: 'public.posts' } }
                transforms { split { field: 'tags' separator: ',' into: 'tags' } }
                transforms { reference { field: 'tags' source_model: 'public.posts' } })pb"),
              IsOk());
  Run("INSERT INTO album (name, picks, tags) VALUES "
      "('a', '{\"best\": [{\"post\": 7, \"why\": \"x\"}, {\"post\": 9}]}', '9,7')");
  Run("INSERT INTO posts VALUES (7, 'seven'), (9, 'nine')");
  ExpectTarget("SELECT count(*) FROM collection", "1");
  const std::string seven = NumberOf("seven"), nine = NumberOf("nine");
  EXPECT_EQ(Ask(*target_, "SELECT picks::text FROM collection"),
            absl::StrCat("{\"best\": [{\"why\": \"x\", \"post\": ", seven, "}, {\"post\": ", nine, "}]}"));
  EXPECT_EQ(Ask(*target_, "SELECT tags::text FROM collection"), absl::StrCat("{", nine, ",", seven, "}"));
  Run("UPDATE album SET tags = NULL, picks = '{\"best\": []}'");
  ExpectTarget("SELECT coalesce(tags::text, 'none ') || picks::text FROM collection", "none {\"best\": []}");
  Run("UPDATE album SET tags = '7', picks = NULL");
  ExpectTarget("SELECT tags::text || coalesce(picks::text, ' none') FROM collection",
               absl::StrCat("{", seven, "} none"));
}

}  // namespace
}  // namespace cognate
