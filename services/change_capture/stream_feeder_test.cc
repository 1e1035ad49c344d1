#include <regex>
#include <thread>

#include "absl/strings/match.h"
#include "cognate/v1/conflict.pb.h"
#include "services/change_capture/test_capture.h"

namespace cognate::change_capture {
namespace {

using test_support::Stays;
using ::testing::Each;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr char kUnacknowledged[] = "SELECT count(*) FROM change_capture.batches";

template <typename Fixture>
class FeederFixture : public Fixture {
 protected:
  // What is younger than the grace time is found lost only when the stream has moved on past it.
  bool WaitForGrace() {
    return Eventually([&] {
      return this->Number(
                 "SELECT count(*) FROM change_capture.batches WHERE queued_at > now() - interval '0.4 s'") ==
             0;
    });
  }
};
using StreamFeederTest = FeederFixture<CaptureFixture>;
using StreamFeederFaultTest = FeederFixture<FaultFixture>;

TEST_F(StreamFeederTest, AfterAnEmptiedRedisWhatIsNotAcknowledgedComesAgainAndTheRestDoesNot) {
  for (int i = 0; i < 50; ++i) ASSERT_OK(Capture({Item(absl::StrCat("a", i), i, "x")}));
  ASSERT_TRUE(Eventually([&] { return BatchesOnStream().size() == 50; }));
  std::vector<int64_t> acknowledged;
  std::map<int64_t, int> wanted;
  for (const auto& [batch_id, count] : BatchesOnStream()) {
    if (acknowledged.size() < 20) {
      acknowledged.push_back(batch_id);
    } else {
      wanted[batch_id] = 1;
    }
  }
  ASSERT_OK(Acknowledge(acknowledged));
  ASSERT_TRUE(WaitForGrace());
  auto client = ValueOrDie(redis::Client::Connect(redis().address()));
  ASSERT_OK(client->Del(bus::ChangesStream(prefix_)));
  EXPECT_TRUE(Eventually([&] { return BatchesOnStream() == wanted; }));
  for (const bus::v1::ChangeBatch& batch : OnStream()) {
    ASSERT_EQ(batch.changes_size(), 1);
    EXPECT_GT(batch.changes(0).fields().size(), 0u);
    EXPECT_EQ(batch.models(0).model(), "item");
  }
  EXPECT_EQ(Number(kUnacknowledged), 30);
}

TEST_F(StreamFeederTest, ABatchThatStaysOnTheStreamIsNotPutThereTwice) {
  ASSERT_OK(Capture({Item("a", 1, "x")}));
  ASSERT_OK(Capture({Item("b", 2, "x")}));
  ASSERT_TRUE(Eventually([&] { return BatchesOnStream().size() == 2; }));
  // Many sweeps later, and long after the grace time.
  const int64_t looks = 3 * (absl::ToInt64Milliseconds(MakeConfig().feeder.grace) / 50);
  for (int64_t look = 0; look < looks; ++look) {
    ASSERT_OK(Capture({Item(absl::StrCat("c", look), look, "x")}));
    EXPECT_TRUE(Stays([&] { return BatchesOnStream().begin()->second <= 1; }, absl::Milliseconds(50)));
  }
  EXPECT_THAT(BatchesOnStream(), Each(Pair(testing::_, 1)));
}

TEST_F(StreamFeederFaultTest, CapturesWithoutRedisAndFeedsItWhenItIsBack) {
  ASSERT_OK(Capture({Item("a", 0, "x")}));
  ASSERT_TRUE(Eventually([&] { return BatchesOnStream().size() == 1; }));
  ASSERT_TRUE(WaitForGrace());
  redis().Stop();
  for (int i = 1; i <= 40; ++i) ASSERT_OK(Capture({Item(absl::StrCat("a", i), i, "x")}));
  EXPECT_EQ(Number("SELECT max(version) FROM change_capture.changes"), 41);
  redis().StartAgain();
  EXPECT_TRUE(Eventually([&] { return BatchesOnStream().size() == 41; }));
  // Live again, and not by way of the log.
  ASSERT_OK(Capture({Item("b", 0, "x")}));
  EXPECT_TRUE(Eventually([&] { return BatchesOnStream().size() == 42; }));
}

TEST_F(StreamFeederFaultTest, WhatWaitsInTheLogIsSeenToAgeWhileRedisIsAway) {
  redis().Stop();
  ASSERT_OK(Capture({Item("a", 0, "x")}));
  EXPECT_TRUE(Eventually([&] {
    return std::regex_search(
        capture_->MetricsText(),
        std::regex("cognate_oldest_pending_seconds\\{platform=\"\",stage=\"log\"\\} 0*[1-9.]"));
  }));
}

TEST_F(StreamFeederTest, RunsAndConflictsThatWaitForAPersonAreToldFromThoseThatGoOn) {
  const auto add_run = [&](v1::RunState state) {
    return absl::StrCat(
        "INSERT INTO change_capture.runs (run_id, kind, sync, source_platform, source_model, "
        "target_platform, state, created_at) "
        "VALUES (gen_random_uuid(), 1, 'syncs/none', 'atlas', 'item', 'vault', ",
        state, ", now() - interval '1 hour')");
  };
  auto sql = ValueOrDie(postgres::Connection::Open(database_));
  ASSERT_OK(Capture({Item("a", 0, "x")}));
  ASSERT_OK(sql->Execute(add_run(v1::RUN_STATE_HELD)));
  ASSERT_OK(sql->Execute(
      absl::StrCat("INSERT INTO change_capture.conflicts (conflict_id, model_id, local_id, state, content) "
                   "SELECT gen_random_uuid(), model_id, 'a', ",
                   v1::CONFLICT_STATE_OPEN, ", '' FROM change_capture.models LIMIT 1")));
  EXPECT_TRUE(Eventually([&] {
    const std::string text = capture_->MetricsText();
    return absl::StrContains(text, "cognate_runs_unfinished{platform=\"vault\",state=\"held\"} 1\n") &&
           absl::StrContains(text,
                             "cognate_oldest_pending_seconds{platform=\"vault\",stage=\"held_run\"} 36") &&
           std::regex_search(text, std::regex("cognate_conflicts_open\\{platform=\"[a-z]+\"\\} 1\n"));
  })) << capture_->MetricsText();
  EXPECT_THAT(capture_->MetricsText(), testing::Not(testing::HasSubstr("state=\"running\"} 1")));
  ASSERT_OK(sql->Execute("DELETE FROM change_capture.conflicts; DELETE FROM change_capture.runs"));
  EXPECT_TRUE(Eventually([&] {
    const std::string text = capture_->MetricsText();
    return absl::StrContains(text, "cognate_runs_unfinished{platform=\"vault\",state=\"held\"} 0\n") &&
           std::regex_search(text, std::regex("cognate_conflicts_open\\{platform=\"[a-z]+\"\\} 0\n"));
  })) << capture_->MetricsText();
}

TEST_F(StreamFeederTest, WhatTheNewestMirrorRunOfASyncHasFoundIsShownUntilItIsRemoved) {
  auto sql = ValueOrDie(postgres::Connection::Open(database_));
  // To those who do runs they have ended, and all is told.
  const auto add_run = [&](int number, v1::RunState state, int extra, int removed) {
    return sql->Execute(absl::StrCat(
        "INSERT INTO change_capture.runs (run_id, kind, sync, source_platform, source_model, "
        "target_platform, "
        "state, told, extra_count, replayed_count, finished_at) VALUES ('00000000-0000-7000-8000-00000000000",
        number, "', ", v1::RUN_KIND_MIRROR, ", 'syncs/goods', 'atlas', 'item', 'vault', ", state, ", ", state,
        ", ", extra, ", ", removed, ", now())"));
  };
  const auto shows = [&](absl::string_view line) {
    return Eventually([&] { return absl::StrContains(capture_->MetricsText(), line); });
  };
  ASSERT_OK(Capture({Item("a", 0, "x")}));
  ASSERT_OK(add_run(1, v1::RUN_STATE_DONE, 9, 9));
  EXPECT_TRUE(shows("cognate_drift_records{sync=\"goods\"} 0\n"));
  ASSERT_OK(add_run(2, v1::RUN_STATE_HELD, 7, 0));
  EXPECT_TRUE(shows("cognate_drift_records{sync=\"goods\"} 7\n"));
  // One that still counts, and one that could not, say nothing.
  ASSERT_OK(add_run(3, v1::RUN_STATE_COUNTING, 1, 0));
  ASSERT_OK(add_run(4, v1::RUN_STATE_FAILED, 0, 0));
  ASSERT_OK(add_run(5, v1::RUN_STATE_RUNNING, 7, 3));
  EXPECT_TRUE(shows("cognate_drift_records{sync=\"goods\"} 4\n"));
  ASSERT_OK(sql->Execute("UPDATE change_capture.runs SET created_at = now() - interval '40 days'"));
  EXPECT_TRUE(Eventually(
      [&] { return !absl::StrContains(capture_->MetricsText(), "cognate_drift_records{sync=\"goods\"}"); }));
}

TEST_F(StreamFeederFaultTest, ARestartedServiceFindsWhatWasCommittedButNotOnTheStream) {
  ASSERT_OK(Capture({Item("a", 0, "x")}));
  redis().Stop();
  for (int i = 1; i <= 5; ++i) ASSERT_OK(Capture({Item(absl::StrCat("a", i), i, "x")}));
  stub_.reset();
  capture_.reset();
  redis().StartAgain();
  // As if the process had ended between a commit and the stream: queued in the books, nowhere else.
  ASSERT_OK(ValueOrDie(postgres::Connection::Open(database_))
                ->Execute("UPDATE change_capture.batches SET queued_at = now()"));
  StartCapture();
  EXPECT_TRUE(Eventually([&] { return BatchesOnStream().size() == 6; }));
}

TEST_F(StreamFeederTest, WhatAProcessLeftInTheLogForGoodIsFedByAnother) {
  ASSERT_OK(Capture({Item("a", 1, "x")}));
  ASSERT_TRUE(Eventually([&] { return BatchesOnStream().size() == 1; }));
  {
    Config config = MakeConfig();
    config.redis.address = "unix:/nowhere";
    Running other;
    other.Start<Server>("change_capture", config);
    const auto stub = v1::ChangeCaptureService::NewStub(grpc_support::MakeChannel(other.address()));
    for (int i = 0; i < 3; ++i) {
      ASSERT_OK(grpc_support::Call(*stub, &v1::ChangeCaptureService::Stub::Capture,
                                   Request({Item(absl::StrCat("b", i), i, "x")})));
    }
  }
  EXPECT_TRUE(Eventually([&] { return BatchesOnStream().size() == 4; }));
}

TEST_F(StreamFeederTest, WhatWasOfferedIsOnTheStreamAfterAStop) {
  postgres::Options options;
  options.uri = database_;
  options.search_path = "change_capture";
  const auto pool = ValueOrDie(postgres::Pool::Create(options));
  ChangeLog log(*pool);
  BatchStore batches(*pool);
  StreamFeederOptions feeder_options;
  feeder_options.stream = prefix_ + "stopped";
  constexpr int kStops = 20;
  for (int i = 1; i <= kStops; ++i) {
    metrics::Registry metrics;
    StreamFeeder feeder({redis().address()}, batches, log, Clock::Real(), metrics, feeder_options);
    feeder.Offer({{i, "payload", Clock::Real().Now()}});
    feeder.Start();
    feeder.Stop();
  }
  auto client = ValueOrDie(redis::Client::Connect(redis().address()));
  EXPECT_EQ(*client->Length(feeder_options.stream), kStops);
}

TEST_F(StreamFeederFaultTest, WhatCannotBePutOnTheStreamAtAStopWaitsInTheLog) {
  ASSERT_OK(Capture({Item("a", 0, "x")}));
  ASSERT_TRUE(Eventually([&] { return BatchesOnStream().size() == 1; }));
  redis().Stop();
  for (int i = 1; i <= 3; ++i) ASSERT_OK(Capture({Item(absl::StrCat("a", i), i, "x")}));
  stub_.reset();
  capture_.reset();
  EXPECT_EQ(Number("SELECT count(*) FROM change_capture.batches WHERE queued_at IS NULL"), 3);
}

class FullStreamTest : public CaptureFixture {
 protected:
  void Adjust(Config& config) override { config.feeder.max_entries = 20; }
};

TEST_F(FullStreamTest, BeyondItsBoundChangesWaitInTheLogAndFollowAsTheStreamDrains) {
  constexpr int kCaptures = 200;
  for (int i = 0; i < kCaptures; ++i) ASSERT_OK(Capture({Item(absl::StrCat("a", i), i, "x")}));
  EXPECT_LE(OnStream().size(), 30u);  // those that were committed while the twentieth was put there
  auto client = ValueOrDie(redis::Client::Connect(redis().address()));
  const std::string stream = bus::ChangesStream(prefix_);
  ASSERT_OK(client->EnsureGroup(stream, "transformer"));
  std::vector<int64_t> seen;
  std::vector<int64_t> versions;
  const bool all = Eventually([&] {
    auto entries = ValueOrDie(client->ReadGroup(stream, "transformer", "one", 5, absl::ZeroDuration()));
    EXPECT_LE(*client->Length(stream), 30);
    std::vector<std::string> ids;
    std::vector<int64_t> batch_ids;
    for (const redis::Entry& entry : entries) {
      bus::v1::ChangeBatch batch;
      EXPECT_TRUE(batch.ParseFromString(entry.payload));
      ids.push_back(entry.id);
      batch_ids.push_back(batch.batch_id());
      versions.push_back(batch.changes(0).version());
    }
    if (!ids.empty()) {
      EXPECT_OK(Acknowledge(batch_ids));
      EXPECT_OK(client->AckAndDelete(stream, "transformer", ids));
    }
    return versions.size() >= kCaptures;
  });
  EXPECT_TRUE(all);
  EXPECT_TRUE(std::is_sorted(versions.begin(), versions.end()));
  EXPECT_THAT(versions, SizeIs(kCaptures));
  EXPECT_EQ(Number(kUnacknowledged), 0);
}

TEST_F(StreamFeederFaultTest, NothingIsLostWhenRedisIsEmptiedAgainAndAgain) {
  constexpr int kCaptures = 300;
  std::atomic<bool> done{false};
  std::map<int64_t, int> planned;  // versions
  std::thread transformer([&] {
    auto client = ValueOrDie(redis::Client::Connect(redis().address()));
    const std::string stream = bus::ChangesStream(prefix_);
    while (!done) {
      auto entries = client->ReadGroup(stream, "transformer", "one", 10, absl::Milliseconds(20));
      if (!entries.ok()) continue;
      for (const redis::Entry& entry : *entries) {
        bus::v1::ChangeBatch batch;
        EXPECT_TRUE(batch.ParseFromString(entry.payload));
        for (const auto& change : batch.changes()) ++planned[change.version()];
        EXPECT_OK(Acknowledge({batch.batch_id()}));
        client->AckAndDelete(stream, "transformer", {&entry.id, 1}).IgnoreError();
      }
    }
  });
  for (int i = 0; i < kCaptures; ++i) {
    ASSERT_OK(Capture({Item(absl::StrCat("a", i), i, "x"), Item(absl::StrCat("b", i), i, "y")}));
    if (i % 60 == 30) redis().FlushAll();
  }
  EXPECT_TRUE(Eventually([&] { return Number(kUnacknowledged) == 0; }));
  done = true;
  transformer.join();
  EXPECT_THAT(planned, SizeIs(2 * kCaptures));
  std::printf("figure capture.redis_flush flushes=5 changes=%d lost=%d\n", 2 * kCaptures,
              2 * kCaptures - static_cast<int>(planned.size()));
}

}  // namespace
}  // namespace cognate::change_capture
