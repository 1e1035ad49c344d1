// Processes that die: the lane goes to another, its entries with it, and each record is written once.
#include <algorithm>
#include <map>

#include "absl/strings/numbers.h"
#include "common/process/process.h"
#include "common/value/value.h"
#include "services/delivery/testing/delivery_fixture.h"
#include "tests/support/environment.h"
#include "tests/support/eventually.h"
#include "tests/support/temp_dir.h"

namespace cognate::delivery {
namespace {

using test_support::Eventually;

class TakeoverTest : public DeliveryTest {
 protected:
  process::Process StartProcess(const std::string& name) {
    process::Command command;
    command.argv = {test_support::Program("delivery"),
                    "serve",
                    "--listen=unix:" + directory_.File(name + ".sock"),
                    "--admin=127.0.0.1:0",
                    "--postgres-uri=" + config_.postgres.uri,
                    "--redis-address=" + config_.redis.address,
                    "--registry=" + peers_.address(),
                    "--feedback=" + peers_.address(),
                    "--stream-prefix=" + config_.lanes.stream_prefix,
                    "--lane-lease-duration=1s",
                    "--lane-refill-interval=100ms"};
    command.log_file = directory_.File(name + ".log");
    return test_support::ValueOrDie(process::Process::Spawn(command));
  }
  std::string Lease(absl::string_view column) {
    auto connection = test_support::ValueOrDie(postgres::Connection::Open(config_.postgres.uri));
    return Ask(*connection, absl::StrCat("SELECT ", column, " FROM delivery.lane_leases"));
  }

  static int64_t Newest(postgres::Connection& target) {
    int64_t newest = 0;
    const std::string text = Ask(target, "SELECT coalesce(max(split_part(code, '-', 2)::int), 0) FROM nodes");
    return absl::SimpleAtoi(text, &newest) ? newest : 0;
  }

  test_support::TempDir directory_;
};

TEST_F(TakeoverTest, AProcessThatIsKilledBetweenCommitAndReportLeavesOneRow) {
  auto target = MakeTarget("shop");
  peers_.SetFeedbackDown(true);
  process::Process first = StartProcess("first");
  Put("shop", {{1, 10, "a"}, {2, 11, "b", 1, false}});
  ASSERT_TRUE(Eventually([&] { return Ask(*target, "SELECT count(*) FROM nodes") == "2"; }));
  const std::string fence = Lease("fence");
  first.Kill();
  peers_.SetFeedbackDown(false);
  process::Process second = StartProcess("second");
  ASSERT_TRUE(Applied(2));
  ASSERT_TRUE(Applied(1));
  EXPECT_TRUE(Eventually([&] { return Length("shop") == 0; }));
  EXPECT_EQ(Ask(*target, "SELECT code FROM nodes ORDER BY 1"), "a|b");
  EXPECT_EQ(fence, "1");
  EXPECT_EQ(Lease("fence"), "2");
  EXPECT_EQ(second.Terminate(test_support::kPatience), 0);
  EXPECT_EQ(Lease("owner"), "");  // freed at once
}

TEST_F(TakeoverTest, LanesThatRestGoToAnotherProcessTooAndWakeThere) {
  auto target = MakeTarget("shop");
  auto quiet = MakeTarget("site");
  process::Process first = StartProcess("first");
  Put("shop", {{1, 10, "a"}});
  ASSERT_TRUE(Applied(1));
  ASSERT_TRUE(Eventually([&] { return peers_.due_count() > 2; }));  // somebody rests
  process::Process second = StartProcess("second");
  first.Kill();
  EXPECT_TRUE(Eventually([&] { return Lease("string_agg(fence::text, ' ')") == "2 2"; }));
  Put("site", {{2, 11, "b"}});
  Put("shop", {{3, 12, "c"}});
  EXPECT_TRUE(Applied(2));
  EXPECT_TRUE(Applied(3));
  EXPECT_EQ(second.Terminate(test_support::kPatience), 0);
  EXPECT_EQ(Lease("string_agg(DISTINCT owner, ' ')"), "");
}

// Nobody worked on it, and what was planned meanwhile the ledger alone has.
TEST_F(TakeoverTest, WhatDidNotFitOnALaneThatNobodyHadIsAskedForSoonerThanElse) {
  config_.lanes.refill_grace = absl::Seconds(60);
  config_.lanes.refill_low_batches = 3;
  auto full = MakeTarget("shop");
  auto quiet = MakeTarget("site");
  for (int entity = 1; entity <= 5; ++entity) Put("shop", {{entity, entity, absl::StrCat("e", entity)}});
  Put("site", {{6, 6, "e6"}});
  RunningDelivery delivery(config_);
  const auto asks = [&](const std::string& platform) {
    size_t count = 0;
    for (const v1::RefillRequest& refill : peers_.refills()) count += refill.platform() == platform ? 1 : 0;
    return count;
  };
  // How old a plan must be that is asked for: the least of all questions so far.
  const auto age = [&](const std::string& platform) {
    const absl::Time now = absl::Now();
    absl::Duration least = absl::InfiniteDuration();
    for (const v1::RefillRequest& refill : peers_.refills()) {
      if (refill.platform() != platform) continue;
      least = std::min(least, now - absl::FromUnixMicros(value::MicrosOf(refill.planned_before())));
    }
    return least;
  };
  EXPECT_TRUE(Eventually([&] { return age("shop") < absl::Seconds(60); }));
  EXPECT_TRUE(Eventually([&] { return asks("site") > 1; }));
  EXPECT_GE(age("site"), absl::Seconds(60));
}

// Two processes, of which the owner is killed again and again under load: no version goes backwards, nothing
// is doubled, nothing is lost.
TEST_F(TakeoverTest, OwnersThatAreKilledUnderLoadWriteEachVersionOnceAndInOrder) {
  auto target = MakeTarget("shop");
  ASSERT_OK(
      target->Execute("CREATE TABLE backwards (code text); CREATE FUNCTION watch() RETURNS trigger LANGUAGE "
                      "plpgsql AS $$ BEGIN "
                      "IF split_part(NEW.code, '-', 2)::int < split_part(OLD.code, '-', 2)::int THEN INSERT "
                      "INTO backwards VALUES "
                      "(OLD.code || ' ' || NEW.code); END IF; RETURN NEW; END $$; "
                      "CREATE TRIGGER watch BEFORE UPDATE ON nodes FOR EACH ROW EXECUTE FUNCTION watch()"));
  constexpr int kEntities = 20;
  constexpr int kRounds = 150;
  std::map<std::string, process::Process> processes;
  processes["0"] = StartProcess("0");
  processes["1"] = StartProcess("1");
  int64_t version = 0;
  int64_t killed_at = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<Node> nodes;
    for (int entity = 1; entity <= kEntities; ++entity) {
      ++version;
      nodes.push_back({entity, version, absl::StrCat("e", entity, "-", version)});
    }
    Put("shop", nodes);
    if (round % 50 == 25) {
      // Both, so that whichever owns the lane dies, but not before it has written something.
      ASSERT_TRUE(Eventually([&] { return Newest(*target) > killed_at; }));
      killed_at = version;
      for (auto& [name, process] : processes) process.Kill();
      processes["0"] = StartProcess("0");
      processes["1"] = StartProcess("1");
    }
  }
  ASSERT_TRUE(Eventually(
      [&] { return peers_.OutcomeOf(Entity(kEntities)).version() == version && Length("shop") == 0; }));
  EXPECT_EQ(Ask(*target, "SELECT count(*) FROM nodes"), absl::StrCat(kEntities));
  EXPECT_EQ(Ask(*target, "SELECT count(*) FROM backwards"), "0");
  EXPECT_EQ(Newest(*target), version);
  for (auto& [name, process] : processes) EXPECT_EQ(process.Terminate(test_support::kPatience), 0);
}

}  // namespace
}  // namespace cognate::delivery
