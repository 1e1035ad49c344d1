// Which records a sync takes, what its chain makes of them, and how they are left: through the front doors,
// from a real source database into a real target.
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "cognate/v1/feedback_service.grpc.pb.h"
#include "cognate/v1/platform_registry_service.grpc.pb.h"
#include "cognate/v1/transformer_service.grpc.pb.h"
#include "common/grpc/channel.h"
#include "common/postgres/connection.h"
#include "common/status/error.h"
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
using RegistryStub = v1::PlatformRegistryService::Stub;

constexpr char kSource[] = R"sql(
    CREATE TABLE writer (id serial PRIMARY KEY, name text NOT NULL);
    CREATE TABLE article (id serial PRIMARY KEY, title text NOT NULL, status text NOT NULL, tags text,
                          writer_ref text, price_cents int, published_on text);
    INSERT INTO writer (name) VALUES ('Ada'), ('Bo');
)sql";

constexpr char kTarget[] = R"sql(
    CREATE TABLE author (no bigint GENERATED ALWAYS AS IDENTITY (START WITH 700) PRIMARY KEY, name text NOT NULL);
    CREATE TABLE post (no bigint GENERATED ALWAYS AS IDENTITY (START WITH 50) PRIMARY KEY, title text NOT NULL,
                       slug text NOT NULL, visible boolean NOT NULL, tags jsonb, author_no bigint REFERENCES author,
                       price numeric(8, 2), day date, deleted_at timestamptz);
)sql";

constexpr char kTransforms[] = R"pb(
  transforms { trim { field: 'title' } }
  transforms { slug { field: 'title' into: 'slug' max_characters: 30 } }
  transforms {
    constant {
      into: 'visible'
      value { bool_value: true }
    }
  }
  transforms { split { field: 'tags' separator: ',' into: 'tags' trim: true } }
  transforms { reference { field: 'writer_ref' source_model: 'public.writer' } }
  transforms { to_decimal { field: 'price_cents' into: 'price' } }
  transforms {
    change_time {
      field: 'published_on'
      into: 'day'
      from { format: '%d.%m.%Y' }
      to { date: true }
    }
  }
)pb";

constexpr char kFields[] = R"pb(
  fields { source: 'title' target: 'title' }
  fields { source: 'slug' target: 'slug' }
  fields { source: 'visible' target: 'visible' }
  fields { source: 'tags' target: 'tags' }
  fields { source: 'writer_ref' target: 'author_no' }
  fields { source: 'price' target: 'price' }
  fields { source: 'day' target: 'day' }
)pb";

// Each field violation on a line of its own.
std::string WhatIsWrong(const absl::StatusOr<v1::CreateSyncResponse>& refused) {
  std::string lines;
  for (const FieldViolation& violation : Violations(refused.status())) {
    absl::StrAppend(&lines, violation.field, ": ", violation.description, "\n");
  }
  return lines;
}

class ScopeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(cluster_.WaitUntilServing());
    registry_ = v1::PlatformRegistryService::NewStub(cluster_.ChannelTo("platform-registry"));
    feedback_ = v1::FeedbackService::NewStub(cluster_.ChannelTo("feedback"));
    transformer_ = v1::TransformerService::NewStub(cluster_.ChannelTo("transformer"));
    source_ = AddPlatform("magazine", kSource, "capture_mode: CAPTURE_MODE_REPLICATION");
    target_ = AddPlatform("blog", kTarget, "");
    ASSERT_THAT(CreateSync("writers", "writer", "author", "fields { source: 'name' target: 'name' }"),
                IsOk());
  }

  std::unique_ptr<postgres::Connection> AddPlatform(const std::string& id, const std::string& tables,
                                                    const std::string& more) {
    const std::string uri = cluster_.postgres().CreateDatabase(id);
    auto connection = *postgres::Connection::Open(uri);
    EXPECT_THAT(connection->Execute(tables), IsOk());
    EXPECT_THAT(Do(*registry_, &RegistryStub::CreatePlatform,
                   absl::StrCat("platform { name: 'platforms/", id,
                                "' kind: PLATFORM_KIND_POSTGRES database { uri: '", uri, "' } ", more, " }")),
                IsOk());
    EXPECT_THAT(Do(*registry_, &RegistryStub::AnalyzeModels, absl::StrCat("platform: 'platforms/", id, "'")),
                IsOk());
    return connection;
  }

  absl::StatusOr<v1::CreateSyncResponse> CreateSync(const std::string& id, const std::string& from,
                                                    const std::string& to, const std::string& more) {
    return Do(*registry_, &RegistryStub::CreateSync,
              absl::StrCat("sync { name: 'syncs/", id, "' source_platform: 'magazine' source_model: 'public.",
                           from, "' target_platform: 'blog' target_model: 'public.", to, "' ", more, " }"));
  }
  absl::StatusOr<v1::CreateSyncResponse> CreateArticles(const std::string& more) {
    return CreateSync("articles", "article", "post", absl::StrCat(kTransforms, kFields, more));
  }

  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Do(Stub& stub,
                              grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                              const std::string& text) {
    return grpc_support::Call(stub, method, ParseProto<Request>(text), {.timeout = test_support::kPatience});
  }

  static std::string Ask(postgres::Connection& connection, const std::string& sql) {
    const auto rows = connection.QueryText(sql);
    if (!rows.ok()) return rows.status().ToString();
    return rows->empty() ? "" : std::string(rows->GetText(0, 0));
  }
  // What the target has, one post after the other: `No, slug, visible, tags, author, price, day`.
  std::string Posts() {
    return Ask(*target_,
               "SELECT coalesce(string_agg(concat_ws(' ', p.title || ':', p.slug, p.visible, p.tags, a.name, "
               "p.price, "
               "p.day, CASE WHEN deleted_at IS NOT NULL THEN 'deleted' END), '; ' ORDER BY p.title), '') "
               "FROM post p LEFT JOIN author a ON a.no = p.author_no");
  }
  void Run(const std::string& sql) { ASSERT_THAT(source_->Execute(sql), IsOk()); }
  void ExpectPosts(const std::string& wanted) {
    EXPECT_TRUE(Eventually([&] { return Posts() == wanted; })) << "got:  " << Posts() << "\nwant: " << wanted;
  }
  // The state of article `id` on the blog, as Explain says.
  std::string StateOf(const std::string& id) {
    const auto explained =
        Do(*feedback_, &v1::FeedbackService::Stub::Explain,
           absl::StrCat("record { platform: 'magazine' model: 'public.article' local_id: '", id,
                        "' } target_platform: 'blog'"));
    return explained.ok() ? explained->ShortDebugString() : explained.status().ToString();
  }
  v1::PreviewResponse Preview(const std::string& id) {
    const auto previewed =
        Do(*transformer_, &v1::TransformerService::Stub::Preview,
           absl::StrCat("record { platform: 'magazine' model: 'public.article' local_id: '", id, "' }"));
    EXPECT_THAT(previewed, IsOk());
    return previewed.ok() ? *previewed : v1::PreviewResponse();
  }

  cluster::Cluster cluster_{cluster::Shape::kOneProcess};
  std::unique_ptr<RegistryStub> registry_;
  std::unique_ptr<v1::FeedbackService::Stub> feedback_;
  std::unique_ptr<v1::TransformerService::Stub> transformer_;
  std::unique_ptr<postgres::Connection> source_, target_;
};

constexpr char kPublished[] = "filter: 'status = \"published\"'";

TEST_F(ScopeTest, TheChainMakesTheTargetsFields) {
  ASSERT_THAT(CreateArticles(""), IsOk());
  Run("INSERT INTO article (title, status, tags, writer_ref, price_cents, published_on) "
      "VALUES ('  Crème brûlée! ', 'published', 'sweet, french', '2', 1250, '07.03.2026')");
  ExpectPosts("Crème brûlée!: creme-brulee t [\"sweet\", \"french\"] Bo 1250.00 2026-03-07");
  const v1::PreviewResponse preview = Preview("1");
  ASSERT_EQ(preview.records_size(), 1);
  ASSERT_EQ(preview.records(0).transforms_size(), 7);
  EXPECT_EQ(preview.records(0).transforms(0).word(), "trim");
  EXPECT_EQ(preview.records(0).transforms(0).before(0).value().text_value(), "  Crème brûlée! ");
  EXPECT_EQ(preview.records(0).transforms(0).after(0).value().text_value(), "Crème brûlée!");
}

TEST_F(ScopeTest, AStepThatCannotDoItsWorkRefusesItsRecordAlone) {
  ASSERT_THAT(CreateArticles(""), IsOk());
  Run("INSERT INTO article (title, status, published_on) VALUES ('bad', 'published', 'yesterday'), "
      "('good', 'published', '01.02.2026')");
  ExpectPosts("good: good t 2026-02-01");
  EXPECT_TRUE(Eventually([&] { return absl::StrContains(StateOf("1"), "REPLICA_STATE_DEAD"); }))
      << StateOf("1");
  EXPECT_THAT(StateOf("1"), AllOf(HasSubstr("transforms[6]"), HasSubstr("yesterday")));
  Run("UPDATE article SET published_on = '02.02.2026' WHERE id = 1");
  ExpectPosts("bad: bad t 2026-02-02; good: good t 2026-02-01");
}

TEST_F(ScopeTest, ADraftIsCreatedWhenItIsPublishedAndDeletedWhenItIsWithdrawn) {
  ASSERT_THAT(CreateArticles(kPublished), IsOk());
  Run("INSERT INTO article (title, status) VALUES ('one', 'draft'), ('two', 'published')");
  ExpectPosts("two: two t");
  Run("UPDATE article SET status = 'published' WHERE id = 1");
  ExpectPosts("one: one t; two: two t");
  Run("UPDATE article SET status = 'draft', title = 'zwei' WHERE id = 2");
  ExpectPosts("one: one t");
  Run("UPDATE article SET status = 'published' WHERE id = 2");
  ExpectPosts("one: one t; zwei: zwei t");
  Run("DELETE FROM article");
  ExpectPosts("");
}

TEST_F(ScopeTest, AWithdrawnRecordIsUnpublishedInPlace) {
  ASSERT_THAT(
      CreateArticles(absl::StrCat(kPublished,
                                  " leave { action: LEAVE_ACTION_UNPUBLISH values { name: 'visible' value { "
                                  "bool_value: false } } }")),
      IsOk());
  Run("INSERT INTO article (title, status) VALUES ('one', 'published'), ('two', 'draft')");
  ExpectPosts("one: one t");
  const std::string number = Ask(*target_, "SELECT no FROM post");
  Run("UPDATE article SET status = 'draft', title = 'eins'");
  ExpectPosts("one: one f");
  Run("UPDATE article SET status = 'published' WHERE id = 1");
  ExpectPosts("eins: eins t");
  EXPECT_EQ(Ask(*target_, "SELECT no FROM post"), number);
}

TEST_F(ScopeTest, ADeletedRecordIsMarkedAndComesBackUnmarked) {
  ASSERT_THAT(CreateArticles("on_delete { action: LEAVE_ACTION_SOFT_DELETE time_field: 'deleted_at' }"),
              IsOk());
  Run("INSERT INTO article (title, status) VALUES ('one', 'published')");
  ExpectPosts("one: one t");
  Run("DELETE FROM article");
  ExpectPosts("one: one t deleted");
  Run("INSERT INTO article (id, title, status) VALUES (1, 'one again', 'published')");
  ExpectPosts("one again: one-again t");
}

TEST_F(ScopeTest, AKeptRecordStaysAsItIsUntilItComesBack) {
  ASSERT_THAT(CreateArticles(absl::StrCat(kPublished, " leave { action: LEAVE_ACTION_KEEP }")), IsOk());
  Run("INSERT INTO article (title, status) VALUES ('one', 'published')");
  ExpectPosts("one: one t");
  Run("UPDATE article SET status = 'draft', title = 'eins'");
  EXPECT_TRUE(Eventually([&] { return absl::StrContains(StateOf("1"), "DETACHED"); })) << StateOf("1");
  EXPECT_EQ(Posts(), "one: one t");
  Run("UPDATE article SET status = 'published'");
  ExpectPosts("eins: eins t");
  Run("DELETE FROM article");
  ExpectPosts("");
}

TEST_F(ScopeTest, ADetachedRecordIsTheTargetsOwn) {
  ASSERT_THAT(CreateArticles(absl::StrCat(kPublished, " leave { action: LEAVE_ACTION_DETACH }")), IsOk());
  Run("INSERT INTO article (title, status) VALUES ('one', 'published'), ('two', 'published')");
  ExpectPosts("one: one t; two: two t");
  Run("UPDATE article SET status = 'draft' WHERE id = 1");
  Run("DELETE FROM article WHERE id = 1");
  Run("UPDATE article SET title = 'zwei' WHERE id = 2");
  ExpectPosts("one: one t; zwei: zwei t");
}

TEST_F(ScopeTest, RulesThatCannotWorkAreRefusedWithAllThatIsWrong) {
  const auto refused = CreateArticles(
      "filter: 'state = 1' transforms { truncate { field: 'titel' max_characters: 5 } } "
      "leave { action: LEAVE_ACTION_UNPUBLISH } on_delete { action: LEAVE_ACTION_SOFT_DELETE time_field: "
      "'title' }");
  EXPECT_THAT(WhatIsWrong(refused), AllOf(HasSubstr("sync.filter: column 1: got \"state\""),
                                          HasSubstr("sync.transforms[7].truncate.field: got \"titel\"")));
  const auto leaving = CreateArticles(
      "leave { action: LEAVE_ACTION_UNPUBLISH } on_delete { action: LEAVE_ACTION_SOFT_DELETE time_field: "
      "'title' }");
  EXPECT_THAT(WhatIsWrong(leaving),
              AllOf(HasSubstr("sync.leave.values: "), HasSubstr("sync.on_delete.time_field: ")));
}

}  // namespace
}  // namespace cognate
