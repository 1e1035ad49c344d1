#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/platform_registry/registry_fixture.h"

namespace cognate::platform_registry {
namespace {

using test_support::HasReason;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;

constexpr char kNews[] = R"sql(
    CREATE TYPE state AS ENUM ('draft', 'published', 'hidden');
    CREATE TABLE writer (id int PRIMARY KEY, name text);
    CREATE TABLE article (id int PRIMARY KEY, title text, price double precision, seen timestamp, day date,
                          status state NOT NULL, writer_id int REFERENCES writer, code varchar(5) NOT NULL,
                          shout text GENERATED ALWAYS AS (upper(title)) STORED);
    CREATE TABLE diary (line text);
)sql";

constexpr char kBlog[] = R"sql(
    CREATE TYPE state AS ENUM ('draft', 'published');
    CREATE TABLE author (no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text);
    CREATE TABLE post (no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, title varchar(60) NOT NULL, price numeric(8, 2),
                       seen_at timestamptz, day timestamptz, status state, author_no bigint REFERENCES author,
                       slug text UNIQUE, gone_at timestamptz, number int,
                       loud text GENERATED ALWAYS AS (upper(title)) STORED);
    CREATE TABLE pile (line text);
)sql";

constexpr char kWay[] =
    "name: 'syncs/posts' source_platform: 'news' source_model: 'public.article' target_platform: 'blog' "
    "target_model: 'public.post' ";
constexpr char kTitle[] = "fields { source: 'title' target: 'title' } ";

class LintTest : public RegistryTest {
 protected:
  void SetUp() override {
    Prepare("news", kNews, "capture_mode: CAPTURE_MODE_REPLICATION");
    Prepare("blog", kBlog, "capture_mode: CAPTURE_MODE_REPLICATION");
  }
  void Prepare(const std::string& platform, const char* schema, const std::string& more) {
    const std::string uri = test_support::PostgresServer::Shared().CreateDatabase();
    ASSERT_OK(test_support::ValueOrDie(postgres::Connection::Open(uri))->Execute(schema));
    AddPostgres(platform, uri, more);
    ASSERT_OK(Call(&RegistryStub::AnalyzeModels, "platform: 'platforms/" + platform + "'"));
  }
  v1::LintSyncResponse Lint(const std::string& sync, const std::string& more = "") {
    return test_support::ValueOrDie(Call(&RegistryStub::LintSync, "sync { " + sync + " } " + more));
  }
  // `REASON path`, of those of this severity.
  static std::vector<std::string> Of(v1::FindingSeverity severity, const v1::LintSyncResponse& response) {
    std::vector<std::string> found;
    for (const v1::SyncFinding& finding : response.findings()) {
      EXPECT_FALSE(finding.message().empty() || finding.reason().empty()) << finding.ShortDebugString();
      if (finding.severity() == severity) found.push_back(finding.reason() + " " + finding.field());
    }
    return found;
  }
  static std::vector<std::string> Errors(const v1::LintSyncResponse& response) {
    return Of(v1::FINDING_SEVERITY_ERROR, response);
  }
  static std::vector<std::string> Warnings(const v1::LintSyncResponse& response) {
    return Of(v1::FINDING_SEVERITY_WARNING, response);
  }
  static std::set<std::string> Messages(const v1::LintSyncResponse& response, v1::FindingSeverity severity) {
    std::set<std::string> messages;
    for (const v1::SyncFinding& finding : response.findings()) {
      if (finding.severity() == severity) messages.insert(finding.message());
    }
    return messages;
  }
};

// Whole syncs, and what is to be said of them, good and bad.
std::vector<std::string> Syncs() {
  const std::string way = kWay, title = kTitle;
  return {
      way + title,
      way + title + "all_fields: true",
      way + "all_fields: true",
      way,
      way + "fields { source: 'titel' target: 'title' }",
      way + title + title,
      way + title + "fields { source: 'price' target: 'loud' }",
      way + title + "fields { source: 'shout' target: 'slug' }",
      way + title + "fields { source: 'price' target: 'number' }",
      way + title + "fields { source: 'status' target: 'status' }",
      way + title + "fields { source: 'code' target: 'slug' reference { source_model: 'public.nobody' } }",
      way + title + "status: SYNC_STATUS_PAUSED",
      way + title + "status: 7",
      "name: 'posts' source_platform: 'news' source_model: 'public.article' target_platform: 'blog' "
      "target_model: 'public.post' " +
          title,
      "",
      "name: 'syncs/x' source_platform: 'mars' source_model: 'm' target_platform: 'mars' target_model: 'm'",
      "name: 'syncs/x' source_platform: 'news' source_model: 'public.diary' target_platform: 'blog' "
      "target_model: "
      "'public.author' fields { source: 'line' target: 'name' }",
      "name: 'syncs/x' source_platform: 'news' source_model: 'public.writer' target_platform: 'blog' "
      "target_model: "
      "'public.pile' fields { source: 'name' target: 'line' }",
      "name: 'syncs/x' source_platform: 'news' source_model: 'public.writer' target_platform: 'news' "
      "target_model: "
      "'public.article' all_fields: true",
      way + title + "filter: 'status = \"published\"'",
      way + title + "filter: 'status = '",
      way + title + "filter: 'state = 1'",
      way + title + "leave { action: LEAVE_ACTION_DETACH }",
      way + title + "filter: 'price > 1' leave { action: LEAVE_ACTION_KEEP }",
      way + title + "leave { }",
      way + title + "leave { action: LEAVE_ACTION_UNPUBLISH }",
      way + title +
          "leave { action: LEAVE_ACTION_UNPUBLISH values { name: 'status' value { text_value: 'hidden' } } }",
      way + title +
          "leave { action: LEAVE_ACTION_UNPUBLISH values { name: 'status' value { text_value: 'draft' } } }",
      way + title + "on_delete { action: LEAVE_ACTION_SOFT_DELETE time_field: 'gone_at' }",
      way + title + "on_delete { action: LEAVE_ACTION_SOFT_DELETE time_field: 'title' }",
      way + title + "transforms { truncate { field: 'title' max_characters: 60 } }",
      way + title + "transforms { truncate { field: 'titel' max_characters: 60 } }",
      way + title + "transforms { truncate { field: 'title' } } transforms { slug { } } transforms { }",
      way + title + "transforms { slug { field: 'title' into: 'slug' } when: 'price > 1' } " +
          "fields { source: 'slug' target: 'slug' }",
      way + title + "transforms { script { source: 'record.title = record.title' } }",
      way + title + "transforms { script { source: 'record.title = ' } }",
      way + title + "transforms { drop { fields: 'title' } }",
      way + "fields { source: 'title' target: 'title' } fields { source: 'code' target: 'nowhere' } " +
          "fields { source: 'nothing' target: 'slug' } filter: 'x =' on_delete { action: "
          "LEAVE_ACTION_UNPUBLISH }",
  };
}

TEST_F(LintTest, SaysErrorExactlyWhereCreateRefuses) {
  int good = 0, bad = 0;
  for (const std::string& text : Syncs()) {
    const v1::LintSyncResponse lint = Lint(text);
    const auto created = Call(&RegistryStub::CreateSync, "sync { " + text + " }");
    EXPECT_EQ(Errors(lint).empty(), created.ok()) << text << "\n" << lint.DebugString() << created.status();
    if (created.ok()) {
      ++good;
      EXPECT_EQ(lint.title(), created->sync().title());
      EXPECT_FALSE(lint.is_known());
      EXPECT_EQ(Messages(lint, v1::FINDING_SEVERITY_WARNING),
                std::set<std::string>(created->warnings().begin(), created->warnings().end()));
      // As its own replacement it is judged the same.
      EXPECT_TRUE(Lint(text).is_known());
      EXPECT_THAT(Errors(Lint(text)), IsEmpty()) << text;
      ASSERT_OK(Call(&RegistryStub::DeleteSync, "name: '" + created->sync().name() + "'"));
    } else {
      ++bad;
      EXPECT_EQ(lint.findings(0).reason(), ErrorReason(created.status())) << text;
      for (const FieldViolation& violation : Violations(created.status())) {
        EXPECT_THAT(Errors(lint), Contains(ErrorReason(created.status()) + " " + violation.field)) << text;
      }
    }
  }
  EXPECT_GE(good, 12);
  EXPECT_GE(bad, 18);
}

TEST_F(LintTest, SaysErrorExactlyWhereUpdateRefuses) {
  ASSERT_OK(Call(&RegistryStub::CreateSync, absl::StrCat("sync { ", kWay, kTitle, " }")));
  for (const std::string& text : Syncs()) {
    if (!absl::StartsWith(text, kWay)) continue;
    const bool is_wrong = !Errors(Lint(text)).empty();
    const auto updated = Call(
        &RegistryStub::UpdateSync,
        "sync { " + text +
            " } update_mask { paths: 'status' paths: 'fields' paths: 'all_fields' paths: 'filter' paths: "
            "'leave' paths: 'on_delete' paths: 'transforms' }");
    EXPECT_EQ(!is_wrong, updated.ok()) << text << updated.status();
  }
}

TEST_F(LintTest, TellsEverythingThatIsWrongAtOnce) {
  const v1::LintSyncResponse lint = Lint(Syncs().back());
  EXPECT_THAT(Errors(lint),
              ElementsAre("INVALID_FIELD sync.fields[1].target", "INVALID_FIELD sync.fields[2].source",
                          "INVALID_FIELD sync.filter", "INVALID_FIELD sync.on_delete.values"));
  EXPECT_THAT(Warnings(lint), Contains("NULL_INTO_NOT_NULL sync.fields[0].source"));
  EXPECT_EQ(lint.title(), "public.article on news to public.post on blog (partially, mapped)");
  const v1::LintSyncResponse chain = Lint(
      absl::StrCat(kWay, "transforms { truncate { field: 'titel' } } fields { source: 'x' target: 'y' }"));
  EXPECT_THAT(Errors(chain),
              IsSupersetOf({"INVALID_FIELD sync.transforms[0].truncate.field",
                            "INVALID_FIELD sync.fields[0].target", "INVALID_FIELD sync.fields"}));
}

TEST_F(LintTest, WarnsOfWhatMayLoseOrRefuseData) {
  const std::string all = absl::StrCat(
      kWay, kTitle,
      "fields { source: 'price' target: 'price' } fields { source: 'seen' target: 'seen_at' } fields { "
      "source: "
      "'day' target: 'day' } fields { source: 'status' target: 'status' } fields { source: 'writer_id' "
      "target: "
      "'author_no' } fields { source: 'code' target: 'slug' } status: SYNC_STATUS_PAUSED leave { action: "
      "LEAVE_ACTION_DETACH } transforms { script { source: 'skip(\"no\")' } when: 'price > 100' }");
  EXPECT_THAT(Errors(Lint(all)), IsEmpty());
  EXPECT_THAT(
      Warnings(Lint(all)),
      ElementsAre("SYNC_PAUSED sync.status", "MAY_NOT_FIT sync.fields[0].source",
                  "NULL_INTO_NOT_NULL sync.fields[0].source", "MAY_NOT_FIT sync.fields[1].source",
                  "TIME_ZONE_ASSUMED sync.fields[2].source", "TIME_ZONE_ASSUMED sync.fields[3].source",
                  "ENUM_LABELS_MISSING sync.fields[4].source", "REFERENCE_NOT_BROUGHT sync.fields[5].source",
                  "NOT_UNIQUE sync.fields[6].source",
                  "SCRIPT_WRITES_NOTHING sync.transforms[0].script.writes"));
  EXPECT_THAT(Warnings(Lint(absl::StrCat(kWay, kTitle, "leave { action: LEAVE_ACTION_DETACH }"))),
              Contains("NOTHING_LEAVES sync.leave"));
  // A step that may be passed over leaves its field out.
  EXPECT_THAT(Warnings(Lint(absl::StrCat(
                  kWay,
                  "transforms { constant { into: 'headline' value { text_value: 'x' } } when: 'price > 1' } "
                  "fields { source: 'headline' target: 'title' }"))),
              Contains("NULL_INTO_NOT_NULL sync.fields[0].source"));
  EXPECT_THAT(
      Warnings(Lint(absl::StrCat(kWay,
                                 "transforms { constant { into: 'headline' value { text_value: 'x' } } } "
                                 "fields { source: 'headline' target: 'title' }"))),
      IsEmpty());
  EXPECT_THAT(Warnings(Lint(absl::StrCat(kWay, kTitle, "fields { source: 'price' target: 'author_no' }"))),
              Not(Contains("REFERENCE_NOT_DECLARED sync.fields[1].source")))
      << "it is an error already";
  EXPECT_THAT(Warnings(Lint(absl::StrCat(kWay, kTitle, "fields { source: 'id' target: 'author_no' }"))),
              Contains("REFERENCE_NOT_DECLARED sync.fields[1].source"));
}

TEST_F(LintTest, WarnsOfFilesThatStayBehindWhereTheyCouldTravel) {
  Prepare("shop", "CREATE TABLE item (id int PRIMARY KEY, name text, photo_path text)",
          "capture_mode: CAPTURE_MODE_REPLICATION");
  Prepare("mart", "CREATE TABLE good (id int PRIMARY KEY, name text, picture text)", "");
  const auto warnings = [&](const char* file) {
    return Warnings(Lint(absl::StrCat(
        "name: 'syncs/items' source_platform: 'shop' source_model: 'public.item' target_platform: 'mart' "
        "target_model: 'public.good' fields { source: 'name' target: 'name' } fields { source: 'photo_path' "
        "target: 'picture' ",
        file, " }")));
  };
  EXPECT_THAT(warnings(""), IsEmpty()) << "nobody has files";
  for (const char* platform : {"shop", "mart"}) {
    ASSERT_OK(Call(&RegistryStub::UpdatePlatform,
                   absl::StrCat("platform { name: 'platforms/", platform, "' files { directory: '/srv/",
                                platform, "' } } update_mask { paths: 'files' }")));
  }
  EXPECT_THAT(warnings(""), ElementsAre("FILE_LEFT_BEHIND sync.fields[1].source"));
  EXPECT_THAT(warnings("file {}"), IsEmpty());
}

TEST_F(LintTest, WarnsOfWaysBackThatDecideOtherwise) {
  const std::string back =
      "name: 'syncs/back' source_platform: 'blog' source_model: 'public.post' target_platform: 'news' "
      "target_model: 'public.article' fields { source: 'status' target: 'status' } fields { source: 'slug' "
      "target: 'code' } ";
  const auto warnings = [&](const std::string& field, const std::string& sync, const std::string& back_field,
                            const std::string& back_sync) {
    const std::string there =
        absl::StrCat(kWay, kTitle, "fields { source: 'status' target: 'status' ", field, " } ", sync);
    const std::string returned =
        absl::StrCat(back, "fields { source: 'title' target: 'title' ", back_field, " } ", back_sync);
    std::vector<std::string> found;
    const v1::LintSyncResponse lint = Lint(there, "beside { " + returned + " }");
    for (const v1::SyncFinding& finding : lint.findings()) {
      if (finding.reason() == "CONFLICT_POLICIES_DISAGREE") found.push_back(finding.field());
    }
    return found;
  };
  const auto policy = [](const char* word) {
    return absl::StrCat("conflict_policy: CONFLICT_POLICY_", word, " ");
  };
  EXPECT_THAT(warnings("", "", "", ""), IsEmpty());
  EXPECT_THAT(warnings("", "", "", policy("NEWEST")), IsEmpty());
  EXPECT_THAT(warnings("", policy("SOURCE"), "", policy("TARGET")), IsEmpty());
  EXPECT_THAT(warnings("", policy("TARGET"), "", policy("SOURCE")), IsEmpty());
  EXPECT_THAT(warnings("", policy("MANUAL"), "", policy("MANUAL")), IsEmpty());
  // Once, not for each field.
  EXPECT_THAT(warnings("", policy("SOURCE"), "", policy("SOURCE")), ElementsAre("sync.conflict_policy"));
  EXPECT_THAT(warnings("", policy("SOURCE"), "", ""), ElementsAre("sync.conflict_policy"));
  EXPECT_THAT(warnings("", "", "", policy("MANUAL")), ElementsAre("sync.conflict_policy"));
  EXPECT_THAT(warnings(policy("SOURCE"), "", "", ""), ElementsAre("sync.fields[1].conflict_policy"));
  EXPECT_THAT(warnings("", "", policy("SOURCE"), ""), ElementsAre("sync.fields[0].conflict_policy"));
  EXPECT_THAT(warnings(policy("TARGET"), policy("SOURCE"), "", policy("TARGET")),
              ElementsAre("sync.fields[1].conflict_policy"));
}

TEST_F(LintTest, JudgesWithinWhatIsToBe) {
  const std::string writers =
      "name: 'syncs/writers' source_platform: 'news' source_model: 'public.writer' target_platform: 'blog' "
      "target_model: 'public.author' fields { source: 'name' target: 'name' }";
  const std::string posts = absl::StrCat(kWay, kTitle, "fields { source: 'writer_id' target: 'author_no' }");
  EXPECT_THAT(Warnings(Lint(posts)), Contains("REFERENCE_NOT_BROUGHT sync.fields[1].source"));
  EXPECT_THAT(Warnings(Lint(posts, "beside { " + writers + " }")),
              Not(Contains("REFERENCE_NOT_BROUGHT sync.fields[1].source")));
  ASSERT_OK(Call(&RegistryStub::CreateSync, "sync { " + posts + " }"));
  const std::string other = absl::StrCat(
      "name: 'syncs/other' source_platform: 'news' source_model: 'public.article' target_platform: 'blog' "
      "target_model: 'public.post' ",
      kTitle);
  EXPECT_THAT(Errors(Lint(other)), ElementsAre("FIELD_WRITTEN_TWICE sync.fields[0].target"));
  EXPECT_THAT(Errors(Lint(other, "without: 'syncs/posts'")), IsEmpty());
  const v1::LintSyncResponse moved = Lint(
      "name: 'syncs/posts' source_platform: 'news' source_model: 'public.writer' target_platform: 'blog' "
      "target_model: 'public.author' fields { source: 'name' target: 'name' }");
  EXPECT_THAT(Errors(moved),
              ElementsAre("INVALID_FIELD sync.source_model", "INVALID_FIELD sync.target_model"));
  EXPECT_THAT(moved.findings(0).message(), HasSubstr("immutable"));
  EXPECT_EQ(test_support::ValueOrDie(Call(&RegistryStub::ListSyncs, "")).syncs_size(), 1)
      << "nothing is stored";
}

}  // namespace
}  // namespace cognate::platform_registry
