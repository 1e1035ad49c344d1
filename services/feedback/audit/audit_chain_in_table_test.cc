// The chain in a real table: appended by many at once, killed on the way, manipulated, and verified by
// others.
#include <atomic>
#include <cstdio>
#include <fstream>
#include <random>
#include <thread>

#include "absl/strings/escaping.h"
#include "absl/strings/str_replace.h"
#include "common/process/process.h"
#include "services/feedback/audit/audit_fixture.h"
#include "tests/support/eventually.h"
#include "tests/support/temp_dir.h"

namespace cognate::feedback {
namespace {

using test_support::Eventually;
using ::testing::HasSubstr;

constexpr char kColumns[] =
    "sequence, created_at, phase, principal, principal_display_name, address, method, target, request_id, "
    "code, request, "
    "previous_hash, hash";

class AuditChainInTableTest : public AuditTest {
 protected:
  // `calls` appends of 1 to 4 entries each, by several processes of two threads each. Says how many entries
  // were acknowledged.
  int64_t AppendAtOnce(int processes, int calls) { return AppendAtOnce(MakePools(processes), calls); }
  int64_t AppendAtOnce(const std::vector<std::unique_ptr<postgres::Pool>>& pools, int calls) {
    std::vector<std::thread> threads;
    std::atomic<int64_t> acknowledged = 0;
    for (size_t i = 0; i < pools.size() * 2; ++i) {
      threads.emplace_back([&, i] {
        AuditStore store(*pools[i / 2]);
        for (int call = 0; call < calls; ++call) {
          std::vector<v1::AuditEntry> entries(1 + (i + static_cast<size_t>(call)) % 4, Entry());
          for (v1::AuditEntry& entry : entries) entry.set_request_id(absl::StrCat(i, "-", call));
          if (store.Append(absl::MakeSpan(entries), clock_.Now()).ok())
            acknowledged += static_cast<int64_t>(entries.size());
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    return acknowledged;
  }
  std::vector<std::unique_ptr<postgres::Pool>> MakePools(int count) {
    std::vector<std::unique_ptr<postgres::Pool>> pools;
    for (int i = 0; i < count; ++i) pools.push_back(MakePool());
    return pools;
  }
  std::string What(const std::string& head = "") {
    const std::optional<access::AuditFault> fault = Verify(head);
    return fault ? fault->what : "";
  }
};

TEST_F(AuditChainInTableTest, ManyAppendersMakeOneChainWithoutAGap) {
  const int64_t acknowledged = AppendAtOnce(4, 250);
  access::AuditVerifier verifier;
  for (const v1::AuditEntry& entry : List()) verifier.Add(entry);
  EXPECT_EQ(verifier.Finish(), std::nullopt);
  EXPECT_EQ(verifier.count(), acknowledged);
  EXPECT_EQ(verifier.count(), 4 * 2 * 250 * 5 / 2);
  std::printf("figure audit.chain entries=%lld broken=%d bytes_per_entry=%lld\n",
              static_cast<long long>(verifier.count()), verifier.fault() ? 1 : 0,
              static_cast<long long>(Number("SELECT pg_total_relation_size('feedback.audit_entries')") /
                                     verifier.count()));
}

TEST_F(AuditChainInTableTest, WhatIsKilledOnTheWayLeavesNothing) {
  EXPECT_OK(Append({Entry()}));
  const auto killed = test_support::ValueOrDie(postgres::Connection::Open(uri_));
  EXPECT_OK(
      killed->Execute("BEGIN; SELECT * FROM feedback.audit_head FOR UPDATE;"
                      "INSERT INTO feedback.audit_entries SELECT 2, created_at, phase, principal, "
                      "principal_display_name, address, method,"
                      " target, request_id, code, request, hash, hash FROM feedback.audit_entries;"
                      "UPDATE feedback.audit_head SET last_sequence = 2"));
  std::atomic<bool> done = false;
  std::thread next([&] {
    EXPECT_OK(Append({Entry("DeleteSync")}));
    done = true;
  });
  EXPECT_TRUE(Eventually([&] {
    return Number("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == 1;
  })) << "it waits for its turn";
  EXPECT_FALSE(done);
  EXPECT_OK(database_->Execute(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'"));
  next.join();
  EXPECT_EQ(List().size(), 2u);
  EXPECT_EQ(Verify(), std::nullopt);
}

TEST_F(AuditChainInTableTest, KillsAmongManyAppendersBreakNothing) {
  const unsigned seed = std::random_device{}();
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);
  std::atomic<bool> ended = false;
  int64_t acknowledged = 0;
  const auto pools = MakePools(3);  // before anything is killed
  std::thread appenders([&] {
    acknowledged = AppendAtOnce(pools, 150);
    ended = true;
  });
  int kills = 0;
  while (!ended) {
    kills +=
        static_cast<int>(Number(absl::StrCat("SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM "
                                             "pg_stat_activity WHERE application_name ="
                                             " 'appender' AND state <> 'idle' ORDER BY hashint4(pid + ",
                                             random() % 1000, ") LIMIT 1) one")));
  }
  appenders.join();
  pool_ = MakePool();
  AuditStore store(*pool_);
  access::AuditVerifier verifier;
  AuditQuery query;
  query.limit = 100'000;
  for (const v1::AuditEntry& entry : test_support::ValueOrDie(store.List(query))) verifier.Add(entry);
  EXPECT_EQ(verifier.Finish(), std::nullopt);
  EXPECT_GE(verifier.count(), acknowledged) << "what was acknowledged is there";
  EXPECT_GT(kills, 0);
  std::printf("%d kills, %lld of %lld entries acknowledged\n", kills, static_cast<long long>(acknowledged),
              static_cast<long long>(verifier.count()));
}

TEST_F(AuditChainInTableTest, NobodyChangesAnEntryByMistake) {
  EXPECT_OK(Append({Entry(), Entry()}));
  const std::string attempts[] = {
      "UPDATE feedback.audit_entries SET target = 'other' WHERE sequence = 1",
      "DELETE FROM feedback.audit_entries WHERE sequence = 2",
      "TRUNCATE feedback.audit_entries",
      absl::StrCat("INSERT INTO feedback.audit_entries (", kColumns, ") SELECT ", kColumns,
                   " FROM feedback.audit_entries ON CONFLICT (sequence) DO UPDATE SET target = 'other'"),
      "DELETE FROM feedback.audit_head",
      "TRUNCATE feedback.audit_head"};
  for (const std::string role : {"origin", "replica"}) {  // As replication and some restores have it.
    EXPECT_OK(database_->Execute(absl::StrCat("SET session_replication_role = ", role)));
    for (const std::string& attempt : attempts) {
      EXPECT_FALSE(database_->Execute(attempt).ok()) << attempt;
      EXPECT_OK(
          database_->Execute(absl::StrCat("DO $do$ BEGIN ", attempt,
                                          "; EXCEPTION WHEN restrict_violation THEN"
                                          " PERFORM set_config('test.said', SQLERRM, false); END $do$")));
      const auto said = test_support::ValueOrDie(database_->QueryOnce(
          "SELECT current_setting('test.said'), set_config('test.said', '', false)", {}));
      EXPECT_THAT(std::string(said.GetText(0, 0)), HasSubstr("only ever added: ")) << attempt;
    }
  }
  EXPECT_EQ(List().size(), 2u);
  EXPECT_EQ(Verify(), std::nullopt);
}

TEST_F(AuditChainInTableTest, EachManipulationByASuperuserIsFound) {
  for (int i = 0; i < 50; ++i) EXPECT_OK(Append(std::vector<v1::AuditEntry>(50, Entry())));
  EXPECT_EQ(What(), "");
  const std::string head = List().back().hash();
  EXPECT_EQ(What(head), "");
  EXPECT_OK(database_->Execute("CREATE TABLE kept AS SELECT * FROM feedback.audit_entries"));
  const std::string insert = absl::StrCat("INSERT INTO feedback.audit_entries (", kColumns, ") SELECT ");
  struct Manipulation {
    std::string sql;
    std::string found;
    bool by_head_alone = false;
  };
  const std::vector<Manipulation> manipulations = {
      {"UPDATE feedback.audit_entries SET target = 'syncs/other' WHERE sequence = 1234",
       "entry 1234 was changed"},
      {"UPDATE feedback.audit_entries SET created_at = created_at + interval '1 microsecond' WHERE sequence "
       "= 7",
       "entry 7 was changed"},
      {"UPDATE feedback.audit_entries SET principal = 'keys/bob' WHERE sequence = 1", "entry 1 was changed"},
      {"DELETE FROM feedback.audit_entries WHERE sequence = 1000", "entry 1000 is missing"},
      {"DELETE FROM feedback.audit_entries WHERE sequence <= 10", "entries 1 to 10 are missing"},
      {"UPDATE feedback.audit_entries SET sequence = -sequence WHERE sequence IN (500, 501);"
       "UPDATE feedback.audit_entries SET sequence = 1001 + sequence WHERE sequence IN (-500, -501)",
       "entry 500 was changed"},
      // A forged one with a hash of its own, in the place of another and at the end.
      {"UPDATE feedback.audit_entries SET target = 'forged', hash = sha256('forged') WHERE sequence = 2000",
       "entry 2000 was changed"},
      {insert + "2501, created_at, phase, 'keys/bob', '', address, method, target, request_id, code, "
                "request, hash,"
                " sha256('forged') FROM feedback.audit_entries WHERE sequence = 2500",
       "entry 2501 was changed"},
      {"DELETE FROM feedback.audit_entries WHERE sequence > 2400", "cut off", true},
      {"DELETE FROM feedback.audit_entries", "cut off", true}};
  int found = 0;
  for (const Manipulation& manipulation : manipulations) {
    SCOPED_TRACE(manipulation.sql);
    EXPECT_OK(AsSuperuser(manipulation.sql));
    if (manipulation.by_head_alone) {
      EXPECT_EQ(What(), "");
    }
    const std::string what = What(manipulation.by_head_alone ? head : "");
    EXPECT_THAT(what, HasSubstr(manipulation.found));
    found += what.empty() ? 0 : 1;
    EXPECT_OK(
        AsSuperuser(absl::StrCat("DELETE FROM feedback.audit_entries; ", insert, kColumns, " FROM kept")));
    ASSERT_EQ(What(head), "");
  }
  // After a cut the next entry shows it.
  EXPECT_OK(AsSuperuser("DELETE FROM feedback.audit_entries WHERE sequence > 2400"));
  EXPECT_OK(Append({Entry()}));
  EXPECT_EQ(What(), "entries 2401 to 2500 are missing");
  std::printf("figure audit.manipulations tried=%zu found=%d\n", manipulations.size(), found);
}

TEST_F(AuditChainInTableTest, ThePythonOfTheDocsVerifiesIt) {
  process::Command check;
  check.argv = {"/usr/bin/python3", "-c", "import psycopg2"};
  check.log_file = "/dev/null";
  if (!process::RunToEnd(check, absl::Seconds(30)).ok()) GTEST_SKIP() << "no python3 with psycopg2";
  std::ifstream file("docs/audit.md");
  const std::string page(std::istreambuf_iterator<char>(file), {});
  const size_t begin = page.find("```python\n");
  ASSERT_NE(begin, std::string::npos);
  const size_t code = begin + sizeof("```python\n") - 1;
  const test_support::TempDir directory;
  std::ofstream(directory.File("verify.py")) << page.substr(code, page.find("```", code) - code);
  const auto run = [&](int* exit_code) {
    std::ofstream(directory.File("out"), std::ios::trunc).close();
    process::Command verify;
    verify.argv = {"/usr/bin/python3", directory.File("verify.py"), uri_};
    verify.log_file = directory.File("out");
    process::Process python = test_support::ValueOrDie(process::Process::Spawn(verify));
    *exit_code = python.Wait(absl::Seconds(60)).value_or(-1);
    std::ifstream out(directory.File("out"));
    return std::string(std::istreambuf_iterator<char>(out), {});
  };
  clock_.Advance(absl::Microseconds(123'457));
  for (int i = 0; i < 30; ++i) EXPECT_OK(Append(std::vector<v1::AuditEntry>(100, Entry())));
  int exit_code = -1;
  EXPECT_EQ(run(&exit_code),
            absl::StrCat("3000 entries, head ", absl::BytesToHexString(List().back().hash()), "\n"));
  EXPECT_EQ(exit_code, 0);
  EXPECT_OK(AsSuperuser("UPDATE feedback.audit_entries SET request = '' WHERE sequence = 1717"));
  EXPECT_EQ(run(&exit_code), "entry 1717 was changed\n");
  EXPECT_EQ(exit_code, 1);
  EXPECT_OK(AsSuperuser("DELETE FROM feedback.audit_entries WHERE sequence = 5"));
  EXPECT_EQ(run(&exit_code), "entry 5 is missing\n");
}

}  // namespace
}  // namespace cognate::feedback
