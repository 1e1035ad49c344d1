// A backup that is restored once more, or after another one, and what a restore leaves alone.
#include "common/redis/client.h"
#include "tests/end_to_end/backup_fixture.h"

namespace cognate {
namespace {

using test_support::Eventually;
using test_support::IsOk;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

using BackupAgainTest = Backup;

constexpr char kHighestVersion[] = "SELECT max(version)::text FROM cognate.inbox";
constexpr char kCounters[] =
    "SELECT version || ' ' || (SELECT last_sequence FROM feedback.event_counter) FROM "
    "change_capture.version_counter";

std::pair<int64_t, int64_t> Two(const std::string& text) {
  std::istringstream in(text);
  std::pair<int64_t, int64_t> two{-1, -1};
  in >> two.first >> two.second;
  return two;
}

TEST_F(BackupAgainTest, RestoredTwiceTheSameFileGivesNoVersionTwice) {
  BuildBoth();
  AddArticles(1, 50);
  ExpectSame();
  ASSERT_EQ(BackUp("same.backup").code, 0);
  LoseEverything();
  ASSERT_EQ(RestoreFrom("same.backup").code, 0);
  StartServices();
  for (int round = 0; round < 3; ++round) {
    Run(absl::StrCat("UPDATE article SET title = 'First life ", round, "'"));
    ExpectSame();
  }
  StopServices();
  const auto first = Two(Ask(*OwnDatabase(), kCounters));
  const auto highest = Two(Ask(*target_, kHighestVersion)).first;
  EXPECT_GT(first.first, 0);

  cluster_.postgres().CreateDatabase("cognate");
  ASSERT_EQ(RestoreFrom("same.backup").code, 0);
  const auto second = Two(Ask(*OwnDatabase(), kCounters));
  EXPECT_GT(second.first, first.first);
  EXPECT_GT(second.first, highest);
  EXPECT_GT(second.second, first.second);
  EXPECT_LT(second.first, int64_t{1} << 53);
  StartServices();
  Run("UPDATE article SET title = 'Second life' WHERE id = 7");
  ExpectSame();
  Expect(*target_, "SELECT title FROM post WHERE slug = 'article-7'", "Second life");
}

TEST_F(BackupAgainTest, AfterAnOlderFileANewerOneBringsWhatWasSoThen) {
  BuildBoth();
  AddArticles(1, 30);
  ExpectSame();
  ASSERT_EQ(BackUp("older.backup").code, 0);
  Run("UPDATE article SET title = 'Newer' WHERE id <= 10; DELETE FROM article WHERE id BETWEEN 11 AND 15");
  AddArticles(31, 35);
  ExpectSame();
  auto own = OwnDatabase();
  EXPECT_TRUE(Eventually([&] {
    return Ask(*own,
               "SELECT count(*) FILTER (WHERE deleted) || ' ' || count(*) FILTER (WHERE applied_version < "
               "desired_version) "
               "FROM platform_registry.replicas") == "10 0";
  }));
  StopServices();
  ASSERT_EQ(BackUp("newer.backup").code, 0);
  const std::string replicas =
      "SELECT string_agg(r::text, E'\n' ORDER BY entity_id, model_id) FROM platform_registry.replicas r";
  const std::string was = Ask(*own, replicas);
  own.reset();
  cluster_.postgres().CreateDatabase("cognate");
  ASSERT_EQ(RestoreFrom("older.backup").code, 0);
  own = OwnDatabase();
  EXPECT_NE(Ask(*own, replicas), was);
  // One side further in what is due, the other in what was applied.
  const std::string mixed =
      "sync_id IS NOT NULL AND entity_id = (SELECT entity_id FROM platform_registry.replicas WHERE local_id "
      "= "
      "'9' AND sync_id IS NULL)";
  const auto set = [&](const std::string& what) {
    EXPECT_THAT(own->Execute(absl::StrCat("UPDATE platform_registry.replicas SET ", what, " WHERE ", mixed)),
                IsOk());
  };
  set("desired_version = desired_version + 1000000");
  const nlohmann::json restored = JsonOf(RestoreFrom("newer.backup", {"--json"}));
  EXPECT_EQ(restored["conflicts"], 0) << restored.dump(2);
  EXPECT_EQ(Ask(*own, absl::StrCat("SELECT count(*)::text FROM platform_registry.replicas WHERE ", mixed,
                                   " AND desired_version > 1000000 AND applied_version < 1000000 AND "
                                   "fingerprint IS NULL")),
            "1");
  set("desired_version = 0, applied_version = 0");
  ASSERT_EQ(RestoreFrom("newer.backup").code, 0);
  EXPECT_EQ(Ask(*own, replicas), was);
}

TEST_F(BackupAgainTest, ADrillLeavesTheTargetsAlone) {
  BuildBoth();
  AddArticles(1, 20);
  ExpectSame();
  ASSERT_EQ(BackUp("drill.backup").code, 0);
  AddArticles(21, 25);
  ExpectSame();
  const std::string inbox = "SELECT string_agg(i::text, ';' ORDER BY entity_id, model) FROM cognate.inbox i";
  LoseEverything();
  const std::string was = Ask(*target_, inbox);
  const auto drill = RestoreFrom("drill.backup");
  EXPECT_EQ(drill.code, 0);
  EXPECT_THAT(drill.output,
              AllOf(HasSubstr("on blog"), HasSubstr("--forget-lost-identities"), HasSubstr("drill")));
  EXPECT_EQ(Ask(*target_, inbox), was);
  // One that this cluster cannot know, of before the backup: another cluster's.
  ASSERT_THAT(
      target_->Execute(
          "INSERT INTO cognate.inbox (entity_id, model, local_id, version, complete, deleted, written_at) "
          "VALUES ('01900000-0000-7000-8000-000000000002', 'public.post', '1', 1, true, false, "
          "now() - interval '1 day')"),
      IsOk());
  const auto again = RestoreFrom("drill.backup", {"--forget-lost-identities"});
  EXPECT_EQ(again.code, 0);
  EXPECT_THAT(again.output, HasSubstr("5 records on targets were made since the backup"));
  EXPECT_EQ(Ask(*target_, "SELECT count(*) FILTER (WHERE deleted) || ' ' || count(*) FROM cognate.inbox"),
            "5 26");
}

TEST_F(BackupAgainTest, WhatLiesInRedisGoesOnlyWithARestoreThatCounts) {
  BuildBoth();
  AddArticles(1, 5);
  ExpectSame();
  ASSERT_EQ(BackUp("five.backup").code, 0);
  StopServices();
  auto redis = *redis::Client::Connect(Redis());
  for (const char* key : {"cognate:lane:{gone}", "cognate:lane:{gone}:closed", "other:lane:{gone}"})
    ASSERT_THAT(redis->Set(key, "1"), IsOk());
  const auto there = [&](const char* key) { return redis->Get(key)->has_value(); };
  auto own = OwnDatabase();
  ASSERT_THAT(own->Execute("UPDATE change_capture.changes SET fields = 'other'"), IsOk());
  EXPECT_THAT(RestoreFrom("five.backup").output, HasSubstr("BACKUP_OF_ANOTHER_CLUSTER"));
  EXPECT_TRUE(there("cognate:lane:{gone}"));
  own.reset();
  cluster_.postgres().CreateDatabase("cognate");
  // It wants no password, and refuses who comes with one: nothing was written by then.
  std::ofstream(File("password")) << "wrong\n";
  EXPECT_NE(RestoreFrom("five.backup", {"--redis-password-file", File("password")}).code, 0);
  EXPECT_EQ(Ask(*OwnDatabase(), "SELECT count(*)::text FROM change_capture.changes"), "0");
  ASSERT_EQ(RestoreFrom("five.backup").code, 0);
  EXPECT_FALSE(there("cognate:lane:{gone}"));
  EXPECT_FALSE(there("cognate:lane:{gone}:closed"));
  EXPECT_TRUE(there("other:lane:{gone}"));
}

TEST_F(BackupAgainTest, ItNamesKeysThatAreGoodAgainAndSaysWhatOfTheAuditStaysOut) {
  BuildBoth();
  auto own = OwnDatabase();
  const auto add_key = [&](const std::string& id, const std::string& more) {
    ASSERT_THAT(
        own->Execute(absl::StrCat(
            "INSERT INTO platform_registry.keys (key_id, secret_hash, role, platform, scopes, display_name, "
            "allowed_addresses, max_rate, revoke_time) VALUES ('",
            id, "', '\\x00', ", more)),
        IsOk());
  };
  add_key("one", "'ROLE_PLATFORM', 'blog', '{}', E'The \\x1b[31mred one', '{}', 0, NULL)");
  add_key("two", "'ROLE_OPERATOR', NULL, '{}', '', '{}', 0, now())");
  StopServices();
  const std::string audited = Ask(*own, "SELECT count(*)::text FROM feedback.audit_entries");
  ASSERT_NE(audited, "0");
  ASSERT_EQ(BackUp("keys.backup").code, 0);
  ASSERT_THAT(own->Execute("DELETE FROM platform_registry.keys WHERE key_id IN ('one', 'two')"), IsOk());
  const auto restored = RestoreFrom("keys.backup");
  EXPECT_THAT(restored.output, AllOf(HasSubstr("key one (The  [31mred one, platform of blog) came"),
                                     Not(HasSubstr("key two"))));
  EXPECT_THAT(restored.output, AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("audit stay out"))));
  ASSERT_THAT(own->Execute("ALTER TABLE feedback.audit_entries DISABLE TRIGGER USER; "
                           "UPDATE feedback.audit_entries SET hash = 'of another chain'"),
              IsOk());
  EXPECT_THAT(RestoreFrom("keys.backup").output,
              AllOf(HasSubstr(audited + " entries of the file's audit stay out"), Not(HasSubstr("key one"))));
}

TEST_F(BackupAgainTest, WhatBelongsToOneKindOfRestoreIsRefusedByTheOther) {
  BuildBoth();
  ASSERT_EQ(BackUp("a.backup").code, 0);
  StopServices();
  const auto own = OwnDatabase();
  EXPECT_THAT(RestoreFrom("a.backup", {"--at", "2026-11-22"}).output,
              HasSubstr("belong to --platform or --record"));
  EXPECT_THAT(RestoreFrom("a.backup", {"--approve", "1"}).output,
              HasSubstr("belong to --platform or --record"));
  for (const char* flag : {"--dry-run", "--migrate", "--forget-lost-identities", "--redis-is-empty"}) {
    for (const std::vector<std::string>& what : std::vector<std::vector<std::string>>{
             {"--platform", "magazine"}, {"--record", "magazine/public.article/1"}}) {
      const auto ran = cluster_.Run({"restore", File("a.backup"), what[0], what[1], flag});
      EXPECT_NE(ran.code, 0);
      EXPECT_THAT(ran.output, AllOf(HasSubstr(flag), HasSubstr("excludes")));
    }
  }
  std::vector<std::string> words = RestoreWords("a.backup");
  words.insert(words.end(), {"--dry-run", "--migrate"});
  EXPECT_THAT(cluster_.Run(words).output, HasSubstr("excludes"));
  // Delivery alone is still there.
  postgres::ConnectionOptions options;
  options.uri = cluster_.uri();
  options.application_name = "cognate-delivery";
  const auto delivery = *postgres::Connection::Open(options);
  ASSERT_THAT(own->Execute("DROP SCHEMA file_transfer CASCADE"), IsOk());
  EXPECT_THAT(RestoreFrom("a.backup").output,
              AllOf(HasSubstr("SERVICES_RUNNING"), HasSubstr("cognate-delivery")));
  EXPECT_EQ(Ask(*own, "SELECT to_regnamespace('file_transfer') IS NULL"), "t") << "nothing was migrated";
}

}  // namespace
}  // namespace cognate
