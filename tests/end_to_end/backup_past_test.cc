// Records and platforms come back to a time, while everything runs.
#include "tests/end_to_end/backup_fixture.h"

namespace cognate {
namespace {

using test_support::IsOk;
using ::testing::HasSubstr;

using BackupPastTest = Backup;

TEST_F(BackupPastTest, ARecordAndAPlatformComeBackToATimeAsNewVersions) {
  Build(kSource, kTarget, /*target_is_captured=*/true);
  const std::string fields =
      "natural_keys { fields: 'slug' } fields { source: 'title' target: 'title' } fields { source: 'slug' "
      "target: "
      "'slug' } fields { source: 'body' target: 'body' }";
  ASSERT_THAT(CreateSync("articles", "article", "post", fields), IsOk());
  ASSERT_THAT(
      Do(*registry_, &RegistryStub::CreateSync,
         absl::StrCat("sync { name: 'syncs/posts' source_platform: 'blog' source_model: 'public.post' "
                      "target_platform: 'magazine' target_model: 'public.article' ",
                      fields, " }")),
      IsOk());
  AddArticles(1, 5);
  ExpectSame();
  ASSERT_EQ(BackUp("five.backup").code, 0);
  const std::string then =
      Ask(*OwnDatabase(),
          "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')");
  Run("UPDATE article SET title = 'Broken' WHERE id IN (3, 4); INSERT INTO article (id, title, slug) VALUES "
      "(6, 'Six', 'six'); "
      "DELETE FROM article WHERE id = 1");
  ExpectSame();
  std::vector<std::string> words = {"restore", "--record", "magazine/public.article/3", "--at", then};
  const auto shown = cluster_.Run(words);
  EXPECT_EQ(shown.code, 0);
  std::smatch word;
  ASSERT_TRUE(std::regex_search(shown.output, word, std::regex("--approve ([0-9a-f]{12}-[0-9]+)\n")))
      << shown.output;
  EXPECT_THAT(shown.output, HasSubstr("magazine public.article 3: title"));
  EXPECT_EQ(Ask(*source_, "SELECT title FROM article WHERE id = 3"), "Broken") << "it was only shown";
  words.insert(words.end(), {"--approve", word[1]});
  const auto approved = cluster_.Run(words);
  EXPECT_EQ(approved.code, 0) << approved.output;
  Expect(*source_, "SELECT title FROM article WHERE id = 3", "Article 3");
  ExpectSame();
  // The rest of the platform; what was made since stays, what was deleted stays away.
  words = {"restore", "--platform", "magazine", "--at", then, "--json"};
  const nlohmann::json rest = JsonOf(cluster_.Run(words));
  EXPECT_EQ(rest["changed"], 1) << rest.dump(2);
  EXPECT_EQ(rest["made_since"], 1);
  EXPECT_EQ(rest["deleted_since"], 1);
  // One record, as before, but another one than was looked at.
  Run("UPDATE article SET title = 'Mended by hand' WHERE id = 4");
  ExpectSame();
  words.insert(words.end(), {"--approve", rest["approve"]});
  const nlohmann::json late = JsonOf(cluster_.Run(words));
  EXPECT_EQ(late["restored"], 0) << late.dump(2);
  EXPECT_EQ(late["changed_meanwhile"], 1);
  EXPECT_EQ(Ask(*source_, "SELECT title FROM article WHERE id = 4"), "Mended by hand");
  // Nor does the word stand for another question.
  EXPECT_THAT(
      cluster_.Run({"restore", "--platform", "blog", "--at", then, "--approve", rest["approve"]}).output,
      HasSubstr("RESTORE_MOVED_ON"));
  EXPECT_THAT(cluster_.Run({"restore", "--platform", "blog", "--at", then, "--approve", "yes"}).output,
              HasSubstr("want the word that was shown"));
  const std::vector<std::string> look(words.begin(), words.end() - 2);
  words.back() = JsonOf(cluster_.Run(look))["approve"];
  EXPECT_EQ(JsonOf(cluster_.Run(words))["restored"], 1);
  Expect(*source_, "SELECT string_agg(title, ',' ORDER BY id) FROM article",
         "Article 2,Article 3,Article 4,Article 5,Six");
  ExpectSame();
  // And by a file.
  Run("UPDATE article SET title = 'Broken again' WHERE id = 5");
  ExpectSame();
  words = {"restore", File("five.backup"), "--platform", "magazine", "--json"};
  words.insert(words.end(), {"--approve", JsonOf(cluster_.Run(words))["approve"]});
  const auto by_file = cluster_.Run(words);
  EXPECT_EQ(by_file.code, 0) << by_file.output;
  Expect(*source_, "SELECT title FROM article WHERE id = 5", "Article 5");
  ExpectSame();
}

}  // namespace
}  // namespace cognate
