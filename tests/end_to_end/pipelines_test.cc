// Pipelines: chains that stand by themselves, named by syncs.
#include <fstream>

#include "absl/strings/match.h"
#include "cognate/v1/pipeline_service.grpc.pb.h"
#include "tests/end_to_end/two_databases.h"

namespace cognate {
namespace {

using test_support::IsOk;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kSource[] = R"sql(
    CREATE TABLE article (id serial PRIMARY KEY, title text NOT NULL, status text NOT NULL, notes text);
    CREATE TABLE page (id serial PRIMARY KEY, title text NOT NULL, notes text);
)sql";
constexpr char kTarget[] = R"sql(
    CREATE TABLE post (no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, title text NOT NULL, site text, notes text,
                       writes int NOT NULL DEFAULT 0);
    CREATE TABLE leaf (no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, title text NOT NULL, site text);
    CREATE FUNCTION count_writes() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN NEW.writes := OLD.writes + 1; RETURN NEW; END $$;
    CREATE TRIGGER counted BEFORE UPDATE ON post FOR EACH ROW EXECUTE FUNCTION count_writes();
)sql";
constexpr char kSite[] = R"pb(
  pipeline {
    name: 'pipelines/site'
    description: 'What every sync of the magazine does'
    transforms { trim { field: 'title' } }
    transforms {
      constant {
        into: 'site'
        value { text_value: 'mag' }
      }
    }
  })pb";
constexpr char kArticle[] = R"pb(
  fields { source: 'title' target: 'title' }
  fields { source: 'site' target: 'site' }
)pb";
constexpr char kPosts[] =
    "SELECT string_agg(concat_ws(' ', title || ':', site, notes), '; ' ORDER BY title) FROM post";

class PipelinesTest : public TwoDatabases {
 protected:
  using PipelineStub = v1::PipelineService::Stub;
  void SetUp() override {
    Build(kSource, kTarget);
    pipelines_ = v1::PipelineService::NewStub(cluster_.ChannelTo("platform-registry"));
  }
  absl::StatusOr<v1::CreatePipelineResponse> Create(const std::string& text) {
    return Do(*pipelines_, &PipelineStub::CreatePipeline, text);
  }
  absl::StatusOr<v1::UpdatePipelineResponse> UpdateSite(const std::string& transforms) {
    return Do(*pipelines_, &PipelineStub::UpdatePipeline,
              absl::StrCat("pipeline { name: 'pipelines/site' ", transforms,
                           " } update_mask { paths: 'transforms' }"));
  }

  std::unique_ptr<PipelineStub> pipelines_;
};

TEST_F(PipelinesTest, RunBeforeAndAfterTheSyncsOwnChain) {
  ASSERT_THAT(Create(kSite), IsOk());
  ASSERT_THAT(Create(R"pb(pipeline {
                            name: 'pipelines/shout'
                            transforms { change_case { field: 'title' letter_case: LETTER_CASE_UPPER } }
                          })pb"),
              IsOk());
  ASSERT_THAT(CreateSync("articles", "article", "post", absl::StrCat(kArticle, R"pb(
                           before: 'pipelines/site'
                           transforms { template { template: '{title} of {site}' into: 'title' } }
                           after: 'pipelines/shout')pb")),
              IsOk());
  Run("INSERT INTO article (title, status) VALUES ('  one ', 'published')");
  ExpectTarget(kPosts, "ONE OF MAG: mag");
  const v1::PreviewResponse preview = Preview("article", "1");
  ASSERT_EQ(preview.records_size(), 1);
  ASSERT_EQ(preview.records(0).transforms_size(), 4);
  EXPECT_EQ(preview.records(0).transforms(1).pipeline(), "pipelines/site");
  EXPECT_EQ(preview.records(0).transforms(1).step(), 1);
  EXPECT_EQ(preview.records(0).transforms(2).pipeline(), "");
  EXPECT_EQ(preview.records(0).transforms(2).step(), 0);
  EXPECT_EQ(preview.records(0).transforms(3).pipeline(), "pipelines/shout");
}

TEST_F(PipelinesTest, AnUpdateDeliversAgainWhatComesOutOtherwiseInEverySync) {
  ASSERT_THAT(Create(kSite), IsOk());
  ASSERT_THAT(CreateSync("articles", "article", "post", absl::StrCat(kArticle, "before: 'pipelines/site'")),
              IsOk());
  ASSERT_THAT(CreateSync("pages", "page", "leaf", absl::StrCat(kArticle, "after: 'pipelines/site'")), IsOk());
  Run("INSERT INTO article (title, status) VALUES ('one', 'x'), ('two', 'y')");
  Run("INSERT INTO page (title) VALUES ('leaf')");
  ExpectTarget(kPosts, "one: mag; two: mag");
  ExpectTarget("SELECT site FROM leaf", "mag");
  // One article comes out as before, and is not written.
  ASSERT_THAT(UpdateSite(R"pb(
                transforms {
                  constant {
                    into: 'site'
                    value { text_value: 'paper' }
                  }
                }
                transforms {
                  constant {
                    into: 'site'
                    value { text_value: 'mag' }
                  }
                  when: 'title = "two"'
                })pb"),
              IsOk());
  ExpectTarget(kPosts, "one: paper; two: mag");
  ExpectTarget("SELECT site FROM leaf", "paper");
  cluster_.Kill("cognate");
  cluster_.Start("cognate");
  ASSERT_TRUE(cluster_.WaitUntilServing());
  Run("UPDATE article SET title = 'three' WHERE id = 1");
  ExpectTarget(kPosts, "three: paper; two: mag");
  EXPECT_EQ(Ask(*target_, "SELECT writes FROM post WHERE title = 'two'"), "0");
}

TEST_F(PipelinesTest, AnUpdateThatWouldBreakASyncIsRefusedAndOneInUseStays) {
  ASSERT_THAT(Create(kSite), IsOk());
  ASSERT_THAT(CreateSync("articles", "article", "post", absl::StrCat(kArticle, "before: 'pipelines/site'")),
              IsOk());
  const auto without_site = UpdateSite("transforms { trim { field: 'title' } }");
  EXPECT_THAT(
      WhatIsWrong(without_site.status()),
      AllOf(HasSubstr("pipeline.transforms: in syncs/articles: sync.fields[1].source: got \"site\"")));
  const auto misspelt = UpdateSite("transforms { trim { field: 'titel' } }");
  EXPECT_THAT(WhatIsWrong(misspelt.status()),
              HasSubstr("pipeline.transforms[0].trim.field: in syncs/articles: got \"titel\""));
  EXPECT_EQ(ErrorReason(Do(*pipelines_, &PipelineStub::DeletePipeline, "name: 'pipelines/site'").status()),
            "PIPELINE_IN_USE");
  ASSERT_THAT(Do(*registry_, &RegistryStub::DeleteSync, "name: 'syncs/articles'"), IsOk());
  EXPECT_THAT(Do(*pipelines_, &PipelineStub::DeletePipeline, "name: 'pipelines/site'"), IsOk());
  EXPECT_EQ(ErrorReason(Do(*pipelines_, &PipelineStub::GetPipeline, "name: 'pipelines/site'").status()),
            "PIPELINE_NOT_FOUND");
}

TEST_F(PipelinesTest, AnErrorSaysThePipelineAndTheStep) {
  ASSERT_THAT(Create(R"pb(pipeline {
                            name: 'pipelines/strict'
                            transforms { trim { field: 'title' } }
                            transforms { to_integer { field: 'notes' } }
                          })pb"),
              IsOk());
  const auto wrong = CreateSync("articles", "article", "post", R"pb(
    fields { source: 'title' target: 'title' }
    before: 'pipelines/strict'
    before: 'pipelines/nobody'
    transforms { trim { field: 'notes' } })pb");
  EXPECT_THAT(WhatIsWrong(wrong.status()), AllOf(HasSubstr("sync.before[1]: got \"pipelines/nobody\""),
                                                 HasSubstr("sync.transforms[0].trim.field: got notes")));
  ASSERT_THAT(CreateSync("articles", "article", "post",
                         "fields { source: 'title' target: 'title' } before: 'pipelines/strict'"),
              IsOk());
  Run("INSERT INTO article (title, status, notes) VALUES ('one', 'x', 'many')");
  EXPECT_TRUE(test_support::Eventually([&] {
    return absl::StrContains(StateOf("article", "1"), "pipelines/strict.transforms[1] (to_integer)");
  })) << StateOf("article", "1");
}

TEST_F(PipelinesTest, ACreateIsDoneOnceAndAnOldEtagIsRefused) {
  const std::string request = absl::StrCat(kSite, " request_id: '0190a5b8-7a1e-7c3e-9d67-2f6d3b0c1a11'");
  const auto first = Create(request);
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(Create(request), IsOk());
  EXPECT_EQ(ErrorReason(Create(kSite).status()), "PIPELINE_ALREADY_EXISTS");
  ASSERT_THAT(UpdateSite("transforms { trim { field: 'title' } }"), IsOk());
  EXPECT_EQ(ErrorReason(UpdateSite(absl::StrCat("transforms { drop { fields: 'x' } } etag: '",
                                                first->pipeline().etag(), "'"))
                            .status()),
            "ETAG_MISMATCH");
  const auto listed = Do(*pipelines_, &PipelineStub::ListPipelines, "");
  ASSERT_THAT(listed, IsOk());
  ASSERT_EQ(listed->pipelines_size(), 1);
  EXPECT_EQ(listed->pipelines(0).transforms_size(), 1);
}

TEST_F(PipelinesTest, TheCommandAppliesFilesAndWritesThem) {
  const std::string file = cluster_.directory() + "/pipelines.yaml";
  std::ofstream(file) << "name: pipelines/site\ntransforms:\n  - trim: {field: title}\n---\n"
                         "name: pipelines/loud\ntransforms:\n  - change_case: {field: title, letter_case: "
                         "LETTER_CASE_UPPER}\n";
  const auto applied = cluster_.Run({"pipeline", "apply", file});
  EXPECT_THAT(applied.output,
              AllOf(HasSubstr("pipelines/site created"), HasSubstr("pipelines/loud created")));
  ASSERT_EQ(cluster_
                .Run({"sync", "create", "articles", "--from", "magazine:public.article", "--to",
                      "blog:public.post", "--map", "title=title", "--before", "site", "--after", "loud"})
                .code,
            0);
  EXPECT_THAT(cluster_.Run({"sync", "describe", "articles"}).output, HasSubstr("pipelines/loud 0"));
  std::ofstream(file) << "name: pipelines/site\ntransforms:\n  - trim: {field: title, characters: x}\n";
  EXPECT_THAT(cluster_.Run({"pipeline", "apply", file}).output,
              AllOf(HasSubstr("pipelines/site updated"), HasSubstr("characters")));
  EXPECT_THAT(cluster_.Run({"pipeline", "apply", file}).output,
              HasSubstr("pipelines/site is as the file says"));
  EXPECT_THAT(cluster_.Run({"pipeline", "export", "site"}).output, HasSubstr("characters: x"));
  EXPECT_THAT(cluster_.Run({"pipeline", "delete", "site"}).output, HasSubstr("syncs/articles"));
}

}  // namespace
}  // namespace cognate
