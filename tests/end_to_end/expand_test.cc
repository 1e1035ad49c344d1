// Expansions: one record becomes many, through the front doors.
#include "absl/strings/match.h"
#include "tests/end_to_end/expand_fixture.h"

namespace cognate {
namespace {

using test_support::IsOk;
using ::testing::AllOf;
using ::testing::HasSubstr;

class ExpandTest : public ExpandFixture {};

constexpr char kTwoPosts[] = R"sql(
    INSERT INTO post (slug, translations) VALUES
      ('one', '[{"locale": "de", "title": "Eins"}, {"locale": "en", "title": "One"}]'),
      ('two', '[{"locale": "en", "title": "Two"}]')
)sql";
constexpr char kTwoPostsTexts[] = "one one de Eins; one one en One; two two en Two";

TEST_F(ExpandTest, EachTranslationIsARowOfItsOwnAndFollowsItsPost) {
  ASSERT_THAT(PutTranslations(), IsOk());
  ASSERT_THAT(SyncPosts(), IsOk());
  ASSERT_THAT(SyncTranslations(), IsOk());
  Run(kTwoPosts);
  ExpectTarget(kTexts, kTwoPostsTexts);
  EXPECT_EQ(Writes(), "insert:de insert:en insert:en");

  // One element is edited: one row is written.
  Run("UPDATE post SET translations = jsonb_set(translations, '{1,title}', '\"The one\"') WHERE slug = "
      "'one'");
  ExpectTarget(kTexts, "one one de Eins; one one en The one; two two en Two");
  EXPECT_EQ(Writes(), "update:en");
  // One comes, one goes, one stays.
  Run("UPDATE post SET translations = '[{\"locale\": \"fr\", \"title\": \"Un\"}, "
      "{\"locale\": \"en\", \"title\": \"The one\"}]' WHERE slug = 'one'");
  ExpectTarget(kTexts, "one one en The one; one one fr Un; two two en Two");
  EXPECT_EQ(Writes(), "delete:de insert:fr");
  // What is the post's is in all of them.
  Run("UPDATE post SET slug = 'uno' WHERE slug = 'one'");
  ExpectTarget(kTexts, "two two en Two; uno uno en The one; uno uno fr Un");
  EXPECT_EQ(Writes(), "update:en update:fr");
  // What is of no concern to the parts writes nothing.
  Run("UPDATE post SET tags = 'x' WHERE slug = 'uno'");
  Run("UPDATE post SET translations = NULL WHERE slug = 'two'");
  ExpectTarget(kTexts, "uno uno en The one; uno uno fr Un");
  EXPECT_EQ(Writes(), "delete:en");

  Run("DELETE FROM post WHERE slug = 'uno'");
  ExpectTarget("SELECT count(*) FROM article_text", "0");
  ExpectTarget("SELECT string_agg(slug, ' ') FROM article", "two");
  // A part is a record: it has a history, and an explanation.
  EXPECT_THAT(StateOf("post_translations", "1,fr"), HasSubstr("was deleted"));
}

TEST_F(ExpandTest, TheSourceReadsThePostsWhenOnlyTheirPartsAreSynced) {
  Run(kTwoPosts);
  ASSERT_THAT(target_->Execute("ALTER TABLE article_text DROP CONSTRAINT article_text_article_no_fkey"),
              IsOk());
  ASSERT_THAT(Do(*registry_, &RegistryStub::AnalyzeModels, "platform: 'platforms/blog'"), IsOk());
  ASSERT_THAT(PutTranslations(), IsOk());
  ASSERT_THAT(SyncTranslations(), IsOk());
  ExpectTarget(
      "SELECT string_agg(concat_ws(' ', article_no, lang, heading), '; ' ORDER BY article_no, lang) FROM "
      "article_text",
      "1 de Eins; 1 en One; 2 en Two");
  EXPECT_EQ(Ask(*source_, "SELECT string_agg(tablename, ' ') FROM pg_publication_tables"), "post");
  // An analysis finds no table of that name, and breaks nothing.
  const auto analyzed = Do(*registry_, &RegistryStub::AnalyzeModels, "platform: 'platforms/magazine'");
  ASSERT_THAT(analyzed, IsOk());
  EXPECT_EQ(analyzed->drifts_size(), 0);
}

TEST_F(ExpandTest, AScriptFansOut) {
  ASSERT_THAT(
      PutModel("public.post_tags", R"pb(
        fields { name: 'post_id' type: FIELD_TYPE_INTEGER size_bits: 32 }
        fields { name: 'place' type: FIELD_TYPE_INTEGER size_bits: 32 }
        fields { name: 'value' type: FIELD_TYPE_TEXT }
        expansion {
          model: 'public.post'
          transforms {
            script {
              source: 'local tags = {} if record.tags ~= null then for tag in record.tags:gmatch("[^,]+") do table.insert(tags, tag) end end if tags[1] == "draft" then skip("not yet") end record.list = tags'
              writes { field: 'list' kind: 'list' }
            }
          }
          field: 'list'
          parent_fields { field: 'id' into: 'post_id' }
        })pb"),
      IsOk());
  ASSERT_THAT(SyncPosts(), IsOk());
  ASSERT_THAT(CreateSync("tags", "post_tags", "article_tag", R"pb(
                fields { source: 'post_id' target: 'article_no' }
                fields { source: 'place' target: 'place' }
                fields { source: 'value' target: 'tag' }
              )pb"),
              IsOk());
  const std::string tags =
      "SELECT coalesce(string_agg(concat_ws(' ', a.slug, place, tag), '; ' ORDER BY a.slug, place), '') "
      "FROM article_tag JOIN article a ON a.no = article_no";
  Run("INSERT INTO post (slug, tags) VALUES ('one', 'red,green,blue'), ('two', NULL)");
  ExpectTarget(tags, "one 0 red; one 1 green; one 2 blue");
  Run("UPDATE post SET tags = 'red,blue'");
  ExpectTarget(tags, "one 0 red; one 1 blue; two 0 red; two 1 blue");
  // What a script passes over stays as it is.
  Run("UPDATE post SET tags = 'draft,yellow' WHERE slug = 'one'");
  Run("UPDATE post SET tags = 'black' WHERE slug = 'two'");
  ExpectTarget(tags, "one 0 red; one 1 blue; two 0 black");
}

TEST_F(ExpandTest, ASyncThatComesAfterTheDataAndAnExpansionThatIsChanged) {
  ASSERT_THAT(SyncPosts(), IsOk());
  Run(kTwoPosts);
  ExpectTarget("SELECT count(*) FROM article", "2");
  ASSERT_THAT(PutTranslations(), IsOk());
  ASSERT_THAT(SyncTranslations(), IsOk());
  ASSERT_THAT(Backfill("translations"), IsOk());
  ExpectTarget(kTexts, kTwoPostsTexts);
  EXPECT_EQ(Writes(), "insert:de insert:en insert:en");

  // A script that fails: the parts stay, and the errors say why. JSON is a text before it is decoded.
  ASSERT_THAT(PutTranslations(R"pb(
                transforms {
                  script {
                    source: 'record.translations = {record.translations[1].title}'
                    writes { field: 'translations' kind: 'list' }
                  }
                })pb"),
              IsOk());
  EXPECT_TRUE(test_support::Eventually([&] { return PartSets("only_refused: true").sets_size() == 2; }));
  // German titles in upper case: what differs is delivered, nothing else.
  ASSERT_THAT(
      PutTranslations(R"pb(
        transforms { decode { field: 'translations' encoding: ENCODING_JSON } }
        transforms {
          script {
            source: 'local all = {} for _, one in ipairs(record.translations) do if one.locale == "de" then one.title = one.title:upper() end table.insert(all, one) end record.translations = all'
            writes { field: 'translations' kind: 'list' }
          }
        })pb"),
      IsOk());
  ExpectTarget(kTexts, "one one de EINS; one one en One; two two en Two");
  EXPECT_TRUE(test_support::Eventually([&] { return PartSets("only_refused: true").sets_size() == 0; }));
  EXPECT_EQ(Writes(), "update:de");
  // Changed back, and a backfill of all: what differs, and nothing.
  ASSERT_THAT(PutTranslations(), IsOk());
  ExpectTarget(kTexts, kTwoPostsTexts);
  ASSERT_THAT(Backfill("translations"), IsOk());
  absl::SleepFor(absl::Seconds(1));
  EXPECT_EQ(Writes(), "update:de");
}

TEST_F(ExpandTest, ARecordThatCannotBeExpandedKeepsItsPartsAndSaysWhy) {
  ASSERT_THAT(PutTranslations(), IsOk());
  ASSERT_THAT(SyncPosts(), IsOk());
  ASSERT_THAT(SyncTranslations(), IsOk());
  Run(kTwoPosts);
  ExpectTarget(kTexts, kTwoPostsTexts);
  Run("UPDATE post SET translations = translations || '[{\"locale\": \"de\", \"title\": \"Noch eins\"}]' "
      "WHERE slug = 'one'");
  EXPECT_TRUE(test_support::Eventually([&] { return PartSets("only_refused: true").sets_size() == 1; }));
  const v1::PartSet refused = PartSets("only_refused: true").sets(0);
  EXPECT_EQ(refused.parent().local_id(), "1");
  EXPECT_EQ(refused.error().reason(), "PART_KEY_TWICE");
  EXPECT_EQ(refused.error().field(), "translations[2]");
  EXPECT_EQ(refused.parts_size(), 2);
  EXPECT_THAT(
      cluster_.Run({"explain", "magazine", "public.post", "1"}).output,
      AllOf(HasSubstr("Its parts in public.post_translations: 1,de; 1,en"), HasSubstr("translations[2]")));
  EXPECT_THAT(cluster_.Run({"model", "refused", "magazine"}).output, HasSubstr("PART_KEY_TWICE"));
  EXPECT_THAT(Preview("post", "1").ShortDebugString(), HasSubstr("stay as they are: translations[2]"));
  EXPECT_THAT(Preview("post", "2").ShortDebugString(),
              HasSubstr("It has 1 part in public.post_translations: 2,en."));
  ExpectTarget(kTexts, kTwoPostsTexts);
  // Mended.
  Run("UPDATE post SET translations = '[{\"locale\": \"de\", \"title\": \"Noch eins\"}]' WHERE slug = 'one'");
  ExpectTarget(kTexts, "one one de Noch eins; two two en Two");
  EXPECT_EQ(PartSets("only_refused: true").sets_size(), 0);
}

TEST_F(ExpandTest, DriftOfThePostsPausesTheSyncOfTheirParts) {
  ASSERT_THAT(PutTranslations(), IsOk());
  ASSERT_THAT(SyncPosts(), IsOk());
  ASSERT_THAT(SyncTranslations(), IsOk());
  Run(kTwoPosts);
  ExpectTarget(kTexts, kTwoPostsTexts);
  Run("ALTER TABLE post RENAME translations TO texts");
  const auto analyzed = Do(*registry_, &RegistryStub::AnalyzeModels, "platform: 'platforms/magazine'");
  ASSERT_THAT(analyzed, IsOk());
  ASSERT_EQ(analyzed->drifts_size(), 1);
  EXPECT_EQ(analyzed->drifts(0).sync(), "syncs/translations");
  EXPECT_THAT(analyzed->drifts(0).broken(),
              AllOf(HasSubstr("expansion.field: got \"translations\", want a field of public.post"),
                    HasSubstr("texts")));
  Run("UPDATE post SET texts = '[]'");
  Run("INSERT INTO post (slug) VALUES ('three')");
  ExpectTarget("SELECT count(*) FROM article", "3");
  ExpectTarget(kTexts, kTwoPostsTexts);
  // Back again: a backfill brings what was captured in between.
  Run("ALTER TABLE post RENAME texts TO translations");
  Run("UPDATE post SET slug = slug");  // the source is told of new columns by a change
  ASSERT_THAT(Do(*registry_, &RegistryStub::AnalyzeModels, "platform: 'platforms/magazine'"), IsOk());
  ASSERT_THAT(Backfill("translations"), IsOk());
  ExpectTarget(kTexts, "");
}

class ExpandMirrorTest : public ExpandFixture {
 protected:
  bool TargetIsCaptured() const override { return true; }
  absl::StatusOr<v1::CreateRunResponse> Mirror() {
    return Do(*capture_, &v1::ChangeCaptureService::Stub::CreateRun,
              "run { kind: RUN_KIND_MIRROR sync: 'syncs/translations' }");
  }
};

TEST_F(ExpandMirrorTest, RemovesWhatIsNoPartAndIsRefusedWhileAParentHasNone) {
  Run("INSERT INTO post (slug, translations) SELECT 'p' || i, '[{\"locale\": \"de\"}, {\"locale\": \"en\"}]' "
      "FROM "
      "generate_series(1, 10) AS i");
  ASSERT_THAT(PutTranslations(), IsOk());
  ASSERT_THAT(SyncPosts(), IsOk());
  ASSERT_THAT(SyncTranslations(" mirror: true"), IsOk());
  ExpectTarget("SELECT count(*) FROM article_text", "20");
  ASSERT_THAT(
      target_->Execute(
          "INSERT INTO article_text (article_no, lang, slug) SELECT min(no), 'xx', 'own' FROM article"),
      IsOk());
  // A post without parts may have those of the target.
  Run("UPDATE post SET translations = '5' WHERE slug = 'p1'");
  EXPECT_TRUE(test_support::Eventually([&] { return PartSets("only_refused: true").sets_size() == 1; }));
  EXPECT_TRUE(test_support::Eventually([&] {
    return absl::StrContains(Mirror().status().message(), "public.post 1 on magazine cannot be expanded");
  })) << Mirror().status();
  Run("UPDATE post SET translations = '[{\"locale\": \"de\"}]' WHERE slug = 'p1'");
  EXPECT_TRUE(test_support::Eventually([&] { return Mirror().ok(); }));
  ExpectTarget("SELECT count(*) FROM article_text", "19");
  ExpectTarget("SELECT count(*) FROM article_text WHERE lang = 'xx'", "0");
}

}  // namespace
}  // namespace cognate
