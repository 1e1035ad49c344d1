// The promise of a source under load and faults: nothing lost, nothing doubled.
//
// Every row of the table under test counts its own changes in `rev`, so that the log of a record tells on its
// own whether a change is missing or there twice: after a create each update has the next number.
#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "services/change_capture/postgres_source/test_source.h"
#include "tests/support/environment.h"

namespace cognate::change_capture {
namespace {

struct Faults {
  int64_t missing = 0;
  int64_t doubled = 0;
};

// What the log of one model says about itself. The first create of a record may have any number (it is from
// the snapshot).
Faults Check(const std::vector<LogEntry>& entries) {
  struct Record {
    bool known = false;
    bool live = false;
    int64_t rev = 0;
  };
  std::map<std::string, Record> records;
  Faults faults;
  for (const LogEntry& entry : entries) {
    Record& record = records[entry.local_id];
    const int64_t rev = std::atoll(entry.fields.at("rev").c_str());
    if (entry.operation == v1::OPERATION_CREATE) {
      if (record.live) ++faults.doubled;
      if (record.known && !record.live && rev != 0) ++faults.missing;
    } else if (!record.live) {
      ++(entry.operation == v1::OPERATION_DELETE ? faults.doubled : faults.missing);
    } else if (entry.operation == v1::OPERATION_UPDATE && rev != record.rev + 1) {
      ++(rev <= record.rev ? faults.doubled : faults.missing);
    } else if (entry.operation == v1::OPERATION_DELETE && rev != record.rev) {
      ++faults.missing;
    }
    record = {true, entry.operation != v1::OPERATION_DELETE, rev};
  }
  return faults;
}

class PostgresSourceFaultsTest : public SourceFixture {
 protected:
  PostgresSourceFaultsTest() : server_(ValueOrDie(PostgresServer::Start())), random_(seed_) {}
  PostgresServer& source_server() override { return *server_; }

  void MakeTable(int rows) {
    Sql("CREATE TABLE item (id int PRIMARY KEY, rev int NOT NULL DEFAULT 0, body text)");
    Sql(absl::StrCat("INSERT INTO item SELECT i, 0, 'row ' || i FROM generate_series(1, ", rows, ") i"));
  }

  // Small transactions of inserts, updates, deletes and changes of keys, until told to stop; now and then one
  // is rolled back.
  class Writer {
   public:
    Writer(std::string uri, uint64_t seed, int keys) : uri_(std::move(uri)), random_(seed), keys_(keys) {
      thread_ = std::thread([this] { Run(); });
    }
    ~Writer() { Stop(); }
    int64_t Stop() {
      stop_ = true;
      if (thread_.joinable()) thread_.join();
      return committed_;
    }
    int64_t committed() const { return committed_; }

   private:
    void Run() {
      std::unique_ptr<postgres::Connection> sql;
      while (!stop_) {
        if (sql == nullptr || !sql->Alive()) {
          auto opened = postgres::Connection::Open(uri_);
          if (!opened.ok()) {
            absl::SleepFor(absl::Milliseconds(5));
            continue;
          }
          sql = *std::move(opened);
        }
        std::string script = "BEGIN";
        for (uint64_t count = 1 + random_() % 6; count > 0; --count)
          absl::StrAppend(&script, ";", Statement());
        absl::StrAppend(&script, random_() % 20 == 0 ? "; ROLLBACK" : "; COMMIT");
        if (sql->Execute(script).ok()) ++committed_;
      }
    }
    std::string Statement() {
      const uint64_t id = 1 + random_() % static_cast<uint64_t>(keys_);
      switch (random_() % 10) {
        case 0:
        case 1:
          return absl::StrCat("DELETE FROM item WHERE id = ", id);
        case 2:
        case 3:
        case 4:
          return absl::StrCat("INSERT INTO item VALUES (", id, ", 0, 'new') ON CONFLICT DO NOTHING");
        case 5:
          return absl::StrCat("UPDATE item SET rev = rev + 1, body = repeat('long', ", 600 + random_() % 600,
                              ") WHERE id = ", id);
        default:
          return absl::StrCat("UPDATE item SET rev = rev + 1 WHERE id = ", id);
      }
    }

    const std::string uri_;
    std::mt19937_64 random_;
    const int keys_;
    std::atomic<bool> stop_{false};
    std::atomic<int64_t> committed_{0};
    std::thread thread_;
  };

  // Ends some connection of the source behind its back, or its process in all but name.
  void Disturb() {
    switch (random_() % 4) {
      case 0:
        Ask(absl::StrCat("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active"));
        break;
      case 1: {
        auto log = ValueOrDie(postgres::Connection::Open(log_->uri()));
        EXPECT_OK(
            log->QueryText("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                           "WHERE datname = current_database() AND pid <> pg_backend_pid()"));
        break;
      }
      default:
        StopSource();
        StartSource({"public.item"});
    }
  }

  const uint64_t seed_ = test_support::TestSeed();
  std::unique_ptr<PostgresServer> server_;
  std::mt19937_64 random_;
};

TEST_F(PostgresSourceFaultsTest, HandsOverFromTheSnapshotWithoutLossOrDouble) {
  MakeTable(40'000);
  Sql("CREATE TABLE quiet (id int PRIMARY KEY); INSERT INTO quiet VALUES (1)");
  const absl::Time start = absl::Now();
  Writer first(source_uri_, seed_, 45'000);
  Writer second(source_uri_, seed_ + 1, 45'000);
  StartSource({"public.item", "public.quiet"});
  ASSERT_TRUE(AwaitStreaming()) << State().ShortDebugString();
  const absl::Duration snapshot = absl::Now() - start;
  const int64_t during = first.committed() + second.committed();
  ASSERT_TRUE(Eventually([&] { return first.committed() + second.committed() > during + 500; }));
  const int64_t transactions = first.Stop() + second.Stop();
  const bool equal = AwaitEqual("item", "id");
  const std::vector<LogEntry> entries = Entries("public.item");
  const Faults faults = Check(entries);
  EXPECT_TRUE(equal);
  EXPECT_EQ(faults.missing, 0);
  EXPECT_EQ(faults.doubled, 0);
  std::printf(
      "figure source.handover seed=%llu rows=40000 snapshot_s=%.2f transactions=%lld changes=%zu "
      "missing=%lld "
      "doubled=%lld differing=%d\n",
      static_cast<unsigned long long>(seed_), absl::ToDoubleSeconds(snapshot),
      static_cast<long long>(transactions), entries.size(), static_cast<long long>(faults.missing),
      static_cast<long long>(faults.doubled), equal ? 0 : 1);
}

TEST_F(PostgresSourceFaultsTest, GoesOnWhereItWasAfterEveryEnd) {
  MakeTable(3'000);
  options_.group_changes = 200;
  StartSource({"public.item"});
  ASSERT_TRUE(AwaitStreaming());
  Writer writer(source_uri_, seed_, 4'000);
  int ends = 0;
  const absl::Time end = absl::Now() + absl::Seconds(12);
  while (absl::Now() < end) {
    absl::SleepFor(absl::Milliseconds(static_cast<int64_t>(random_() % 400)));
    Disturb();
    ++ends;
  }
  const int64_t transactions = writer.Stop();
  const bool equal = AwaitEqual("item", "id");
  const std::vector<LogEntry> entries = Entries("public.item");
  const Faults faults = Check(entries);
  EXPECT_TRUE(equal);
  EXPECT_EQ(faults.missing, 0);
  EXPECT_EQ(faults.doubled, 0);
  std::printf(
      "figure source.restart seed=%llu ends=%d transactions=%lld changes=%zu missing=%lld doubled=%lld "
      "differing=%d\n",
      static_cast<unsigned long long>(seed_), ends, static_cast<long long>(transactions), entries.size(),
      static_cast<long long>(faults.missing), static_cast<long long>(faults.doubled), equal ? 0 : 1);
}

TEST_F(PostgresSourceFaultsTest, GoesOnInTheMiddleOfALargeTransaction) {
  MakeTable(10'000);
  options_.group_changes = 100;
  options_.groups_in_flight = 2;
  StartSource({"public.item"});
  ASSERT_TRUE(AwaitStreaming());
  int cut = 0;
  int ends = 0;
  for (int round = 0; round < 3; ++round) {
    const size_t before = Entries("public.item").size();
    Sql(absl::StrCat("BEGIN; INSERT INTO item SELECT i, 0, 'large' FROM generate_series(",
                     20'001 + round * 20'000, ", ", 30'000 + round * 20'000,
                     ") i; UPDATE item SET rev = rev + 1 WHERE id <= 10000; COMMIT"));
    const auto in_log = [&] { return Entries("public.item").size() - before; };
    size_t seen = in_log();
    while (seen < 20'000) {
      // Something of the transaction is in the log now, so that the end is somewhere within.
      const size_t then = seen;
      ASSERT_TRUE(Eventually([&] { return in_log() > then; })) << seen << " " << State().ShortDebugString();
      absl::SleepFor(absl::Milliseconds(static_cast<int64_t>(random_() % 50)));
      Disturb();
      ++ends;
      seen = in_log();
      if (seen < 20'000) ++cut;
    }
    EXPECT_EQ(in_log(), 20'000U);
  }
  const bool equal = AwaitEqual("item", "id");
  const Faults faults = Check(Entries("public.item"));
  EXPECT_TRUE(equal);
  EXPECT_EQ(faults.missing, 0);
  EXPECT_EQ(faults.doubled, 0);
  EXPECT_GT(cut, 0);
  std::printf(
      "figure source.large_transaction seed=%llu rows=20000 rounds=3 ends=%d in_the_middle=%d missing=%lld "
      "doubled=%lld differing=%d\n",
      static_cast<unsigned long long>(seed_), ends, cut, static_cast<long long>(faults.missing),
      static_cast<long long>(faults.doubled), equal ? 0 : 1);
}

TEST_F(PostgresSourceFaultsTest, ReadsATableAnewWhoseSnapshotWasCutOff) {
  MakeTable(60'000);
  options_.group_changes = 500;
  StartSource({"public.item"});
  const LoggedModel* model = nullptr;
  ASSERT_TRUE(Eventually([&] {
    const auto found = log_->log().FindModel(platform_, "public.item");
    model = found.ok() ? *found : nullptr;
    return model != nullptr && !log_->log().LiveRecords(*model, "", 1)->states.empty();
  }));
  StopSource();
  ASSERT_FALSE(SnapshotComplete("public.item"));
  Sql("DELETE FROM item WHERE id % 3 = 0; UPDATE item SET body = 'x' WHERE id % 3 = 1");
  StartSource({"public.item"});
  ASSERT_TRUE(AwaitStreaming());
  Sql("DELETE FROM item WHERE id = 1");
  ASSERT_TRUE(AwaitEqual("item", "id"));
}

TEST_F(PostgresSourceFaultsTest, OutlivesACrashOfTheSourcesServer) {
  MakeTable(1'000);
  StartSource({"public.item"});
  ASSERT_TRUE(AwaitStreaming());
  Writer writer(source_uri_, seed_, 2'000);
  for (int round = 0; round < 3; ++round) {
    const int64_t before = writer.committed();
    ASSERT_TRUE(Eventually([&] { return writer.committed() > before + 200; }));
    server_->Restart(PostgresServer::Mode::kImmediate);
  }
  const int64_t transactions = writer.Stop();
  sql_ = ValueOrDie(postgres::Connection::Open(source_uri_));
  const bool equal = AwaitEqual("item", "id");
  const Faults faults = Check(Entries("public.item"));
  EXPECT_TRUE(equal) << State().ShortDebugString();
  EXPECT_EQ(faults.missing, 0);
  EXPECT_EQ(faults.doubled, 0);
  std::printf(
      "figure source.server_crash seed=%llu crashes=3 transactions=%lld missing=%lld doubled=%lld "
      "differing=%d\n",
      static_cast<unsigned long long>(seed_), static_cast<long long>(transactions),
      static_cast<long long>(faults.missing), static_cast<long long>(faults.doubled), equal ? 0 : 1);
}

TEST_F(PostgresSourceFaultsTest, LetsTheServerShutDown) {
  MakeTable(10);
  options_.idle_interval = absl::Hours(1);
  StartSource({"public.item"});
  ASSERT_TRUE(AwaitStreaming());
  Sql("UPDATE item SET rev = rev + 1");
  ASSERT_TRUE(AwaitEqual("item", "id"));
  sql_.reset();
  const absl::Time start = absl::Now();
  server_->Restart(PostgresServer::Mode::kFast);
  EXPECT_LT(absl::Now() - start, absl::Seconds(55)) << "a server waits until its log is confirmed";
  sql_ = ValueOrDie(postgres::Connection::Open(source_uri_));
  Sql("UPDATE item SET rev = rev + 1");
  ASSERT_TRUE(AwaitEqual("item", "id"));
}

}  // namespace
}  // namespace cognate::change_capture
