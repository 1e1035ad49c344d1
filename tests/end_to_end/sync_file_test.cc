// Syncs as files, through the `cognate` command: lint, plan, apply, export, describe, preview.
#include <fstream>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "cognate/v1/platform_registry_service.grpc.pb.h"
#include "common/grpc/channel.h"
#include "common/postgres/connection.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cluster/cluster.h"
#include "tests/support/eventually.h"
#include "tests/support/proto_matchers.h"
#include "tests/support/status_matchers.h"

namespace cognate {
namespace {

using test_support::Eventually;
using test_support::IsOk;
using test_support::ParseProto;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using RegistryStub = v1::PlatformRegistryService::Stub;

constexpr char kSource[] = R"sql(
    CREATE TABLE writer (id serial PRIMARY KEY, name text NOT NULL, mail text);
    CREATE TABLE article (id serial PRIMARY KEY, title text NOT NULL, status text NOT NULL, writer_id int REFERENCES writer);
    INSERT INTO writer (name) VALUES ('Ada');
)sql";

constexpr char kTarget[] = R"sql(
    CREATE TABLE author (no bigint GENERATED ALWAYS AS IDENTITY (START WITH 700) PRIMARY KEY, name text, mail text);
    CREATE TABLE post (no bigint GENERATED ALWAYS AS IDENTITY (START WITH 50) PRIMARY KEY, title varchar(80) NOT NULL,
                       slug text, visible boolean, author_no bigint REFERENCES author);
)sql";

constexpr char kArticles[] = R"(# what the blog gets
name: syncs/articles
source_platform: magazine
source_model: public.article
target_platform: blog
target_model: public.post
filter: status = "published"
leave:
  action: LEAVE_ACTION_UNPUBLISH
  values:
    - {name: visible, value: {bool_value: false}}
transforms:
  - slug: {field: title, into: slug, max_characters: 30}
  - constant: {into: visible, value: {bool_value: true}}
fields:
  - {source: title, target: title}
  - {source: slug, target: slug}
  - {source: visible, target: visible}
  - {source: writer_id, target: author_no}
)";

using Ran = cluster::Cluster::Ran;

class SyncFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(cluster_.WaitUntilServing());
    registry_ = v1::PlatformRegistryService::NewStub(cluster_.ChannelTo("platform-registry"));
    source_ = AddPlatform("magazine", kSource, "capture_mode: CAPTURE_MODE_REPLICATION");
    target_ = AddPlatform("blog", kTarget, "");
  }

  std::unique_ptr<postgres::Connection> AddPlatform(const std::string& id, const std::string& tables,
                                                    const std::string& more) {
    const std::string uri = cluster_.postgres().CreateDatabase(id);
    auto connection = *postgres::Connection::Open(uri);
    EXPECT_THAT(connection->Execute(tables), IsOk());
    EXPECT_THAT(Do(&RegistryStub::CreatePlatform,
                   absl::StrCat("platform { name: 'platforms/", id,
                                "' kind: PLATFORM_KIND_POSTGRES database { uri: '", uri, "' } ", more, " }")),
                IsOk());
    EXPECT_THAT(Do(&RegistryStub::AnalyzeModels, absl::StrCat("platform: 'platforms/", id, "'")), IsOk());
    return connection;
  }

  template <typename Request, typename Response>
  absl::StatusOr<Response> Do(grpc::Status (RegistryStub::*method)(grpc::ClientContext*, const Request&,
                                                                   Response*),
                              const std::string& text) {
    return grpc_support::Call(*registry_, method, ParseProto<Request>(text),
                              {.timeout = test_support::kPatience});
  }

  // `cognate sync …`
  Ran Sync(std::vector<std::string> words) {
    words.insert(words.begin(), "sync");
    return cluster_.Run(std::move(words));
  }
  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(directory_.File(name)) << text;
    return directory_.File(name);
  }
  std::string Posts() {
    const auto rows = target_->QueryText(
        "SELECT coalesce(string_agg(concat_ws(' ', p.title || ':', p.slug, p.visible, a.name), '; ' ORDER BY "
        "p.title), '') "
        "FROM post p LEFT JOIN author a ON a.no = p.author_no");
    return rows.ok() ? std::string(rows->GetText(0, 0)) : rows.status().ToString();
  }

  test_support::TempDir directory_{"cgsf"};
  cluster::Cluster cluster_{cluster::Shape::kOneProcess};
  std::unique_ptr<RegistryStub> registry_;
  std::unique_ptr<postgres::Connection> source_, target_;
};

TEST_F(SyncFileTest, IsLintedPlannedAppliedExportedAndChanged) {
  ASSERT_EQ(Sync({"create", "writers", "--from=magazine:public.writer", "--to=blog:public.author",
                  "--map=name=name", "--filter", "name != \"\"", "--on-delete=keep"})
                .code,
            0);
  const std::string file = Write("articles.yaml", kArticles);
  EXPECT_EQ(Sync({"lint", file}).code, 0);
  const Ran plan = Sync({"plan", file});
  EXPECT_EQ(plan.code, 0);
  EXPECT_THAT(plan.output,
              AllOf(HasSubstr("+ syncs/articles (create)"),
                    HasSubstr("+ transforms[0]: {slug: {field: title, into: slug, max_characters: 30}}"),
                    HasSubstr("1 to create.")));
  EXPECT_THAT(Sync({"list"}).output, Not(HasSubstr("articles")));
  const Ran applied = Sync({"apply", file});
  EXPECT_EQ(applied.code, 0);
  EXPECT_THAT(applied.output, HasSubstr("syncs/articles created"));
  const Ran again = Sync({"apply", file});
  EXPECT_EQ(again.code, 0);
  EXPECT_THAT(again.output, HasSubstr("Nothing to change: 1 sync is as the file says."));

  ASSERT_OK(
      source_->Execute("UPDATE writer SET name = 'Ada B.'; INSERT INTO article (title, status, writer_id) "
                       "VALUES ('Crème brûlée for "
                       "two', 'published', 1), ('Draft', 'draft', 1)"));
  EXPECT_TRUE(Eventually([&] { return Posts() == "Crème brûlée for two: creme-brulee-for-two t Ada B."; }))
      << Posts();

  // What is exported is what was applied; edited, the difference is told, applied once, and acts.
  const Ran exported = Sync({"export", "--all"});
  EXPECT_EQ(exported.code, 0);
  EXPECT_THAT(exported.output,
              AllOf(HasSubstr("name: syncs/articles\n"), HasSubstr("---\nname: syncs/writers\n"),
                    Not(HasSubstr("revision")), Not(HasSubstr("title: public"))));
  EXPECT_EQ(Sync({"export", "--all"}).output, exported.output);
  const std::string all = Write("all.yaml", exported.output);
  EXPECT_THAT(Sync({"apply", all}).output, HasSubstr("Nothing to change: 2 syncs are as the file says."));
  Write("all.yaml", absl::StrReplaceAll(exported.output, {{"max_characters: 30", "max_characters: 12"}}));
  EXPECT_THAT(
      Sync({"plan", all}).output,
      AllOf(HasSubstr("~ syncs/articles (update)\n    ~ transforms[0].slug.max_characters: 30 → 12\n"),
            HasSubstr("= syncs/writers (unchanged)"), HasSubstr("1 to update, 1 unchanged.")));
  EXPECT_THAT(Sync({"apply", all}).output, HasSubstr("syncs/articles updated"));
  EXPECT_THAT(Sync({"apply", all}).output, HasSubstr("Nothing to change"));
  ASSERT_OK(source_->Execute("UPDATE article SET title = 'Crème brûlée for three' WHERE id = 1"));
  EXPECT_TRUE(Eventually([&] { return Posts() == "Crème brûlée for three: creme-brulee t Ada B."; }))
      << Posts();

  const Ran described = Sync({"describe", "articles"});
  EXPECT_THAT(
      described.output,
      AllOf(
          HasSubstr("for which this holds: status = \"published\""),
          HasSubstr("When a record leaves this scope, the target's record stays, and gets visible = false."),
          HasSubstr("slug"), HasSubstr("public.writer → public.author")));
  const Ran preview = Sync({"preview", "articles", "1"});
  EXPECT_EQ(preview.code, 0);
  EXPECT_THAT(
      preview.output,
      AllOf(HasSubstr("→ blog public.post: "), HasSubstr("before  title = \"Crème brûlée for three\""),
            HasSubstr("slug = \"creme-brulee\""), HasSubstr("700 (public.writer 1)")));
}

TEST_F(SyncFileTest, RefusesWhatIsWrongAndSaysWhere) {
  const std::string file =
      Write("wrong.yaml",
            absl::StrReplaceAll(kArticles, {{"field: title", "field: titel"}, {"= \"published\"", "= 1"}}));
  const Ran lint = Sync({"lint", file});
  EXPECT_EQ(lint.code, 1);
  EXPECT_THAT(lint.output, AllOf(HasSubstr("wrong.yaml:13  sync.transforms[0].slug.field  got \"titel\""),
                                 HasSubstr("wrong.yaml:7 "), HasSubstr("2 errors")));
  const Ran json = Sync({"lint", file, "--json"});
  EXPECT_EQ(json.code, 1);
  const auto line = nlohmann::json::parse(json.output.substr(0, json.output.find('\n')), nullptr, false);
  ASSERT_FALSE(line.is_discarded()) << json.output;
  EXPECT_EQ(line["sync"], "syncs/articles");
  EXPECT_EQ(line["findings"][0]["reason"], "INVALID_FIELD");
  for (const char* const act : {"plan", "apply"}) {
    const Ran refused = Sync({act, file});
    EXPECT_EQ(refused.code, 1) << act;
    EXPECT_THAT(refused.output, HasSubstr("got \"titel\""));
  }
  EXPECT_THAT(Sync({"list"}).output, HasSubstr("No syncs yet"));
  const Ran unread = Sync({"apply", Write("unread.yaml", "name: syncs/a\nfilte: x\n")});
  EXPECT_EQ(unread.code, 1);
  EXPECT_THAT(unread.output,
              AllOf(HasSubstr("unread.yaml:2:1: filte: got \"filte\""), HasSubstr("INVALID_FILE")));
}

TEST_F(SyncFileTest, AsksBeforeItDeletesAndNoticesForeignChanges) {
  const std::string file = Write("articles.yaml", kArticles);
  ASSERT_EQ(Sync({"apply", file}).code, 0);
  // Somebody else has changed it since the file was made.
  const Ran stale =
      Sync({"apply", Write("stale.yaml", absl::StrCat(kArticles, "all_fields: true\netag: \"1\"\n"))});
  EXPECT_EQ(stale.code, 1);
  EXPECT_THAT(stale.output, HasSubstr("ETAG_MISMATCH"));
  const Ran moved = Sync(
      {"apply", Write("moved.yaml", absl::StrReplaceAll(kArticles, {{"public.post", "public.author"}}))});
  EXPECT_EQ(moved.code, 1);
  EXPECT_THAT(moved.output, AllOf(HasSubstr("! syncs/articles (impossible"), HasSubstr("immutable"),
                                  HasSubstr("~ target_model: public.post → public.author")));

  // A field goes from one sync to another in one go, although the one that is to get it stands first.
  const std::string way =
      "source_platform: magazine\nsource_model: public.writer\ntarget_platform: blog\n"
      "target_model: public.author\nfields:\n";
  const std::string name = "  - {source: name, target: name}\n", mail = "  - {source: mail, target: mail}\n";
  const std::string both = absl::StrCat("name: syncs/names\n", way, name, mail);
  ASSERT_EQ(Sync({"apply", Write("both.yaml", both)}).code, 0);
  const std::string mails = absl::StrCat("name: syncs/mails\n", way, mail, "---\n");
  const Ran twice = Sync({"apply", Write("twice.yaml", mails + both)});
  EXPECT_EQ(twice.code, 1);
  EXPECT_THAT(twice.output, HasSubstr("FIELD_WRITTEN_TWICE"));
  const Ran apart =
      Sync({"apply", Write("apart.yaml", absl::StrCat(mails, "name: syncs/names\n", way, name))});
  EXPECT_EQ(apart.code, 0);
  EXPECT_THAT(apart.output, HasSubstr("syncs/names updated\nsyncs/mails created\n"));

  const std::string more = Write(
      "more.yaml",
      absl::StrCat(
          "name: syncs/authors\nsource_platform: magazine\nsource_model: public.writer\n"
          "target_platform: blog\ntarget_model: public.author\nfields: [{source: name, target: name}]\n"));
  const Ran unasked = Sync({"apply", more, "--prune"});
  EXPECT_EQ(unasked.code, 1);
  EXPECT_THAT(unasked.output, AllOf(HasSubstr("- syncs/articles (delete; what it brought stays)"),
                                    HasSubstr("CONFIRMATION_NEEDED")));
  EXPECT_THAT(Sync({"list"}).output, AllOf(HasSubstr("articles"), Not(HasSubstr("authors"))));
  const Ran pruned = Sync({"apply", more, "--prune", "--yes"});
  EXPECT_EQ(pruned.code, 0);
  EXPECT_THAT(Sync({"list"}).output, AllOf(HasSubstr("authors"), Not(HasSubstr("articles"))));

  ASSERT_EQ(
      Sync({"update", "authors", "--filter", "name != \"x\"", "--on-delete", "unpublish:name=gone"}).code, 0);
  EXPECT_THAT(Sync({"describe", "authors"}).output,
              AllOf(HasSubstr("name != \"x\""), HasSubstr("gets name = \"gone\"")));
  ASSERT_EQ(Sync({"update", "authors", "--filter", "", "--on-delete", ""}).code, 0);
  EXPECT_THAT(
      Sync({"describe", "authors"}).output,
      AllOf(HasSubstr("every record"), HasSubstr("deleted at the source, the target's record is deleted")));
  const Ran unknown = Sync({"update", "authors", "--leave", "forget"});
  EXPECT_EQ(unknown.code, 1);
  EXPECT_THAT(unknown.output, HasSubstr("--leave: got \"forget\", want delete, keep, detach"));
}

}  // namespace
}  // namespace cognate
