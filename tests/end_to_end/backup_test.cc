// A cluster is backed up while changes flow, lost, and restored: into an empty one, and into one that moved
// on.
#include <thread>

#include "tests/end_to_end/backup_fixture.h"
#include "tests/support/environment.h"

namespace cognate {
namespace {

using test_support::Eventually;
using test_support::IsOk;
using test_support::kPatience;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kArticles = 1'500;

using BackupTest = Backup;

// Which entity each record of the blog is, and at which version, as the blog itself knows.
std::map<std::string, std::pair<std::string, int64_t>> Inbox(postgres::Connection& blog) {
  std::map<std::string, std::pair<std::string, int64_t>> inbox;
  const auto rows = blog.QueryText("SELECT local_id, entity_id::text, version::text FROM cognate.inbox");
  EXPECT_THAT(rows.status(), IsOk());
  for (int row = 0; rows.ok() && row < rows->size(); ++row) {
    int64_t version = 0;
    EXPECT_TRUE(absl::SimpleAtoi(rows->GetText(row, 2), &version));
    inbox[std::string(rows->GetText(row, 0))] = {std::string(rows->GetText(row, 1)), version};
  }
  return inbox;
}

TEST_F(BackupTest, TakenWhileChangesFlowItBringsEverythingBackIntoAnEmptyCluster) {
  BuildBoth();
  AddArticles(1, kArticles);
  Run("INSERT INTO article (id, title, slug, body) VALUES (9000, 'Never', 'never', 'refused')");
  ExpectSame();
  ASSERT_TRUE(Eventually([&] { return StateOf("article", "9000").find("DEAD") != std::string::npos; }));
  // Those up to here are left alone from here on.
  const std::map<int, std::string> explained = ExplainAll(1, 300, /*with_versions=*/false);

  std::atomic<bool> ends = false;
  std::thread writer([&] {
    auto connection = *postgres::Connection::Open(cluster_.postgres().Uri("magazine"));
    for (int round = 0; !ends; ++round) {
      EXPECT_THAT(connection->Execute(absl::StrCat(
                      "UPDATE article SET title = 'Round ", round,
                      "' WHERE id BETWEEN 301 AND 600 AND id % 10 = ", round % 10,
                      "; INSERT INTO article (id, title, slug) VALUES (", 10'000 + round, ", 'More', 'more-",
                      round, "'); DELETE FROM article WHERE id = ", 10'000 + round - 40)),
                  IsOk());
    }
  });
  const cluster::Cluster::Ran ran = BackUp("first.backup", {"--json"});
  ends = true;
  writer.join();
  const nlohmann::json saved = JsonOf(ran);
  EXPECT_GT(saved.value("rows", 0), 2 * kArticles);
  const auto checked = cluster_.Run({"backup", File("first.backup"), "--check"});
  EXPECT_EQ(checked.code, 0) << checked.output;
  EXPECT_THAT(checked.output, AllOf(HasSubstr("is whole"), HasSubstr("change_capture.changes")));
  // The target alone will know of this one.
  Run("INSERT INTO article (id, title, slug) VALUES (15000, 'Lost', 'lost')");
  ExpectSame();
  const auto before = Inbox(*target_);
  LoseEverything();
  // What happens in the time without a cluster is told by nobody but the source.
  Run("UPDATE article SET title = 'Meanwhile' WHERE id BETWEEN 601 AND 700");
  Run("DELETE FROM article WHERE id BETWEEN 701 AND 720");
  AddArticles(20'000, 20'050);

  const nlohmann::json restored = JsonOf(RestoreFrom("first.backup", {"--json", "--forget-lost-identities"}));
  EXPECT_EQ(restored.value("conflicts", -1), 0) << restored.dump(2);
  EXPECT_EQ(restored["parts"]["platform_registry.replicas"]["restored"],
            restored["parts"]["platform_registry.replicas"]["in_file"]);
  EXPECT_EQ(restored["parts"]["change_capture.changes"]["restored"],
            restored["parts"]["change_capture.changes"]["in_file"]);
  EXPECT_THAT(restored["notes"].dump(), HasSubstr("magazine goes on from its position"));
  StartServices();
  ExpectSame();

  const auto after = Inbox(*target_);
  int differing = Ask(*source_, kOfSource) == Ask(*target_, kOfTarget) ? 0 : 1;
  for (const auto& [local_id, was] : before) {
    const auto is = after.find(local_id);
    if (is == after.end()) continue;  // Deleted meanwhile.
    EXPECT_GE(is->second.second, was.second) << "post " << local_id << " went back";
    if (is->second.second < was.second) ++differing;
  }
  EXPECT_TRUE(Eventually([&] { return ExplainAll(1, 300, /*with_versions=*/false) == explained; }));
  for (const auto& [id, answer] : ExplainAll(1, 300, /*with_versions=*/false)) {
    if (answer == explained.at(id)) continue;
    if (++differing < 5) ADD_FAILURE() << id << "\nwas: " << explained.at(id) << "\nis:  " << answer;
  }
  EXPECT_TRUE(Eventually([&] { return StateOf("article", "9000").find("DEAD") != std::string::npos; }));
  EXPECT_EQ(Ask(*target_, "SELECT count(*) - count(DISTINCT slug) FROM post"), "0");
  std::cout << "figure backup.restore records=" << Ask(*source_, "SELECT count(*) FROM article")
            << " differing=" << differing << std::endl;
}

TEST_F(BackupTest, WhereNothingHappenedSinceEverythingGoesOnAsIfNothingHadBeen) {
  BuildBoth();
  AddArticles(1, 100);
  Run("INSERT INTO article (id, title, slug, body) VALUES (9000, 'Never', 'never', 'refused')");
  ExpectSame();
  ASSERT_TRUE(Eventually([&] { return StateOf("article", "9000").find("DEAD") != std::string::npos; }));
  const auto explained = ExplainAll(1, 100, /*with_versions=*/true);
  const std::string history = "SELECT sum(applied_count)::text FROM feedback.done_per_minute";
  StopServices();
  const std::string done = Ask(*OwnDatabase(), history);
  ASSERT_EQ(BackUp("quiet.backup").code, 0);
  cluster_.postgres().CreateDatabase("cognate");
  const auto restored = RestoreFrom("quiet.backup");
  ASSERT_EQ(restored.code, 0) << restored.output;
  EXPECT_EQ(Ask(*OwnDatabase(), history), done);
  StartServices();
  EXPECT_EQ(ExplainAll(1, 100, /*with_versions=*/true), explained) << "the slot still stands there";
  EXPECT_THAT(StateOf("article", "9000"), HasSubstr("DEAD"));
  Run("UPDATE article SET title = 'And on' WHERE id = 7");
  ExpectSame();
  EXPECT_EQ(Ask(*target_, "SELECT max(version) > 100000000000000 FROM cognate.inbox"), "t");
}

TEST_F(BackupTest, IntoAClusterThatMovedOnItBringsWhatWasLostAndLeavesWhatIsNewer) {
  BuildBoth();
  AddArticles(1, 200);
  ExpectSame();
  ASSERT_EQ(BackUp("old.backup").code, 0);
  Run("UPDATE article SET title = 'Newer' WHERE id <= 20");
  AddArticles(201, 220);
  ExpectSame();
  StopServices();
  auto own = OwnDatabase();
  // Records 31 to 40 are forgotten; the entity of 50 has become one with that of another.
  ASSERT_THAT(own->Execute(R"sql(
      DELETE FROM change_capture.changes WHERE local_id::int BETWEEN 31 AND 40;
      DELETE FROM platform_registry.replicas WHERE entity_id IN (
          SELECT entity_id FROM platform_registry.replicas r JOIN platform_registry.models m USING (model_id)
          WHERE m.model = 'public.article' AND r.local_id::int BETWEEN 31 AND 40);
      UPDATE platform_registry.replicas SET entity_id = '01900000-0000-7000-8000-000000000001'
      WHERE entity_id = (SELECT entity_id FROM platform_registry.replicas r JOIN platform_registry.models m USING (model_id)
                         WHERE m.model = 'public.article' AND r.local_id = '50');
  )sql"),
              IsOk());
  const std::string all =
      "SELECT string_agg(r::text, ';' ORDER BY entity_id, model_id) FROM platform_registry.replicas r";
  const std::string version = "SELECT version::text FROM change_capture.version_counter";
  const std::string was = Ask(*own, all);
  const std::string counted = Ask(*own, version);

  const nlohmann::json shown = JsonOf(RestoreFrom("old.backup", {"--dry-run", "--json"}));
  EXPECT_EQ(Ask(*own, all), was) << "a dry run changes nothing";
  const nlohmann::json restored = JsonOf(RestoreFrom("old.backup", {"--json"}));
  EXPECT_EQ(shown["parts"], restored["parts"]);
  EXPECT_EQ(restored["parts"]["change_capture.changes"]["restored"], 10);
  EXPECT_EQ(restored["parts"]["platform_registry.replicas"]["restored"], 20);
  EXPECT_EQ(restored["conflicts"], 2) << restored.dump(2);
  EXPECT_THAT(restored["conflict_lines"].dump(), HasSubstr("01900000-0000-7000-8000-000000000001"));
  EXPECT_EQ(Ask(*own, version), counted) << "the cluster's own count goes on";
  EXPECT_EQ(Ask(*own, "SELECT count(*)::text FROM platform_registry.replicas"), "440");
  EXPECT_EQ(
      Ask(*own,
          "SELECT count(*)::text FROM platform_registry.replicas WHERE applied_version < desired_version"),
      "0");
  StartServices();
  Run("UPDATE article SET title = 'And on' WHERE id IN (10, 35, 50)");
  ExpectSame();
  EXPECT_EQ(Ask(*target_, "SELECT count(*)::text FROM post"), "220");
  // Once more it finds nothing to do.
  StopServices();
  const nlohmann::json again = JsonOf(RestoreFrom("old.backup", {"--json"}));
  EXPECT_EQ(again["parts"]["change_capture.changes"]["restored"], 0);
  EXPECT_EQ(again["parts"]["platform_registry.replicas"]["restored"], 0);
}

TEST_F(BackupTest, KilledAtAnyMomentItLeavesAllOrNothingAndCanBeDoneAgain) {
  BuildBoth();
  AddArticles(1, 3'000);
  ExpectSame();
  const auto spawn = [&](std::vector<std::string> words) {
    words.insert(words.begin(), test_support::Program("cognate"));
    auto spawned = process::Process::Spawn({.argv = words, .log_file = "/dev/null"});
    EXPECT_THAT(spawned.status(), IsOk());
    return *std::move(spawned);
  };
  const auto exists = [&](const std::string& name) { return std::ifstream(File(name)).good(); };
  for (int i = 0; i < 3; ++i) {
    process::Process backup =
        spawn({"backup", File("killed.backup"), "--postgres-uri", cluster_.uri(), "--replace"});
    EXPECT_TRUE(Eventually([&] { return exists("killed.backup.part") || !backup.Running(); }));
    backup.Kill();
    if (!exists("killed.backup")) continue;
    EXPECT_EQ(cluster_.Run({"backup", File("killed.backup"), "--check"}).code, 0) << "what is there is whole";
  }
  ASSERT_EQ(BackUp("killed.backup", {"--replace"}).code, 0);
  EXPECT_FALSE(exists("killed.backup.part"));
  LoseEverything();
  auto own = OwnDatabase();
  const std::string counts =
      "SELECT (SELECT count(*) FROM change_capture.changes) || ' ' || (SELECT count(*) FROM "
      "platform_registry.replicas) || ' ' || (SELECT count(*) FROM platform_registry.syncs)";
  const std::string at_work =
      "SELECT count(*)::text FROM pg_stat_activity WHERE application_name = 'cognate-restore' "
      "AND backend_xid IS NOT NULL";
  for (int i = 0; i < 5; ++i) {
    std::vector<std::string> words = RestoreWords("killed.backup");
    words.push_back("--migrate");
    process::Process restore = spawn(words);
    int seen = 0;
    EXPECT_TRUE(Eventually([&] {
      if (Ask(*own, at_work) != "0") ++seen;
      return seen > 10 * i || !restore.Running();
    }));
    restore.Kill();
    EXPECT_TRUE(Eventually([&] { return Ask(*own, at_work) == "0"; }));
    EXPECT_THAT(Ask(*own, counts), ::testing::AnyOf("0 0 0", "3000 6000 1"));
  }
  const auto done = RestoreFrom("killed.backup");
  EXPECT_EQ(done.code, 0) << done.output;
  EXPECT_EQ(Ask(*own, counts), "3000 6000 1");
  StartServices();
  ExpectSame();
}

TEST_F(BackupTest, OfADirectoryTheNewestFilesAreKeptAndNothingElseIsTouched) {
  BuildBoth();
  std::filesystem::create_directory(File("kept"));
  for (const char* name : {"cognate-2020-01-01T000000Z.backup", "cognate-2020-01-02T000000Z.backup",
                           "cognate-before-the-move.backup", "notes.txt"})
    std::ofstream(File("kept") + "/" + name) << "an older one";
  const auto done = BackUp("kept", {"--keep", "2"});
  ASSERT_EQ(done.code, 0) << done.output;
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(File("kept")))
    names.push_back(entry.path().filename());
  EXPECT_THAT(names, ::testing::UnorderedElementsAre("cognate-2020-01-02T000000Z.backup",
                                                     "cognate-before-the-move.backup", "notes.txt",
                                                     ::testing::MatchesRegex("cognate-20[2-9].-.*Z.backup")));
}

TEST_F(BackupTest, WhatCannotBeRestoredIsRefusedWithASentence) {
  BuildBoth();
  AddArticles(1, 50);
  ExpectSame();
  ASSERT_EQ(BackUp("good.backup").code, 0);
  EXPECT_THAT(BackUp("good.backup").output, HasSubstr("BACKUP_EXISTS"));
  EXPECT_THAT(BackUp("good.backup", {"--keep", "2"}).output, HasSubstr("BACKUP_NO_DIRECTORY"));
  EXPECT_THAT(RestoreFrom("good.backup").output,
              AllOf(HasSubstr("SERVICES_RUNNING"), HasSubstr("stop every service")));
  std::ifstream file(File("good.backup"), std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  const std::string whole = content.str();
  const auto write = [&](const std::string& name, const std::string& bytes) {
    std::ofstream(File(name), std::ios::binary) << bytes;
    return name;
  };
  StopServices();
  EXPECT_THAT(RestoreFrom(write("cut", whole.substr(0, whole.size() / 2))).output,
              HasSubstr("BACKUP_DAMAGED"));
  std::string changed = whole;
  changed[whole.size() / 2] = static_cast<char>(changed[whole.size() / 2] ^ 1);
  EXPECT_THAT(RestoreFrom(write("changed", changed)).output, HasSubstr("BACKUP_DAMAGED"));
  EXPECT_THAT(RestoreFrom(write("foreign", "PGDMP and so on")).output, HasSubstr("BACKUP_FOREIGN"));
  EXPECT_THAT(RestoreFrom(write("empty", "")).output, HasSubstr("BACKUP_FOREIGN"));
  EXPECT_THAT(RestoreFrom("nowhere").output, HasSubstr("BACKUP_UNREADABLE"));
  EXPECT_THAT(cluster_.Run({"restore", File("good.backup"), "--postgres-uri", cluster_.uri()}).output,
              HasSubstr("REDIS_NOT_SAID"));
  // Another cluster that has given the same numbers to other things.
  auto own = OwnDatabase();
  ASSERT_THAT(own->Execute("UPDATE change_capture.changes SET fields = 'other'"), IsOk());
  EXPECT_THAT(RestoreFrom("good.backup").output,
              AllOf(HasSubstr("BACKUP_OF_ANOTHER_CLUSTER"), HasSubstr("version 1 is another change")));
  cluster_.postgres().CreateDatabase("cognate");
  EXPECT_THAT(
      cluster_.Run({"restore", File("good.backup"), "--postgres-uri", cluster_.uri(), "--redis-is-empty"})
          .output,
      HasSubstr("NOT_MIGRATED"));
}

}  // namespace
}  // namespace cognate
