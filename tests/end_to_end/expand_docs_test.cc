// docs/expand.md is what happens: its tables, models, syncs and rows, by the `cognate` command.
#include <fstream>
#include <map>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "tests/end_to_end/two_databases.h"

namespace cognate {
namespace {

using test_support::IsOk;
using ::testing::AllOf;
using ::testing::HasSubstr;

class ExpandPageTest : public TwoDatabases {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(ReadPage());
    ASSERT_EQ(sql_["magazine"].size(), 2u);
    Build(sql_["magazine"][0], sql_["blog"][0]);
  }
  void ReadPage() {
    std::ifstream page("docs/expand.md");
    ASSERT_TRUE(page.good()) << "run the test in the repository's root";
    std::string block, name;
    for (std::string line; std::getline(page, line);) {
      if (absl::StartsWith(line, "```")) {
        block = line.substr(3);
      } else if (block == "yaml" && absl::StartsWith(line, "# ")) {
        name = line.substr(2);
      } else if (block == "yaml") {
        absl::StrAppend(&files_[name], line, "\n");
      } else if (block == "sql" && absl::StartsWith(line, "-- ")) {
        name = line.substr(3);
        sql_[name].emplace_back();
      } else if (block == "sql") {
        absl::StrAppend(&sql_[name].back(), line, "\n");
      }
    }
  }

  void Apply(const std::string& kind, const std::string& name) {
    const std::string path = absl::StrCat(cluster_.directory(), "/", name);
    std::ofstream(path) << files_[name];
    const auto ran = cluster_.Run({kind, "apply", path});
    EXPECT_EQ(ran.code, 0) << ran.output;
  }

  std::map<std::string, std::vector<std::string>> sql_;  // every block, by platform
  std::map<std::string, std::string> files_;             // YAML, by name
};

TEST_F(ExpandPageTest, TheExampleDoesWhatThePageSays) {
  Apply("model", "models.yaml");
  Apply("sync", "syncs.yaml");
  Run(sql_["magazine"][1]);
  const std::string texts =
      "SELECT coalesce(string_agg(concat_ws(' ', a.slug, lang, heading), '; ' ORDER BY lang), '') FROM "
      "article_text t "
      "JOIN article a ON a.no = t.article_no";
  ExpectTarget(texts, "moon de Mond; moon en Moon");
  // What `show` writes can be applied again, and changes nothing.
  files_["shown.yaml"] = cluster_.Run({"model", "show", "magazine", "public.post_translations"}).output;
  EXPECT_THAT(files_["shown.yaml"], AllOf(HasSubstr("expansion:"), HasSubstr("key_fields: [post_id, locale]"),
                                          HasSubstr("foreign_keys:")));
  const auto revision = [&] { return Do(*registry_, &RegistryStub::GetRules, "")->revision(); };
  const int64_t before = revision();
  Apply("model", "shown.yaml");
  EXPECT_EQ(revision(), before);
  EXPECT_THAT(cluster_.Run({"model", "list", "magazine"}).output,
              AllOf(HasSubstr("public.post_translations"), HasSubstr("post_id, locale")));
  EXPECT_THAT(cluster_.Run({"model", "refused", "magazine"}).output,
              HasSubstr("Every record has come to its parts."));

  Apply("model", "tags.yaml");
  ASSERT_THAT(
      CreateSync(
          "tags", "post_tags", "article_tag",
          "fields { source: 'post_id' target: 'article_no' } fields { source: 'value' target: 'tag' }"),
      IsOk());
  Run("UPDATE post SET slug = 'luna'");
  ExpectTarget("SELECT string_agg(tag, ' ' ORDER BY tag) FROM article_tag", "night sky");
  ExpectTarget(texts, "luna de Mond; luna en Moon");
  // Wrong files are told with what is wrong.
  files_["wrong.yaml"] =
      "name: platforms/magazine/models/x\nfields:\n  - {name: a, type: FIELD_TYPE_TEXT}\n"
      "expansion: {model: public.post, field: nothing}\n";
  const std::string path = absl::StrCat(cluster_.directory(), "/wrong.yaml");
  std::ofstream(path) << files_["wrong.yaml"];
  const auto wrong = cluster_.Run({"model", "apply", path});
  EXPECT_EQ(wrong.code, 1);
  EXPECT_THAT(wrong.output, AllOf(HasSubstr("models[0].expansion.field: got \"nothing\""),
                                  HasSubstr("models[0].expansion.parent_fields: got none for id")));
}

}  // namespace
}  // namespace cognate
