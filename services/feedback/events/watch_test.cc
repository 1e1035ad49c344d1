#include <set>

#include "common/worker/worker.h"
#include "gtest/gtest.h"
#include "services/feedback/events/event_store.h"
#include "services/feedback/testing/feedback_fixture.h"

namespace cognate::feedback {
namespace {

using test_support::Eventually;
using test_support::HasReason;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// One watcher that reads until it has been given what it waits for.
class Watching {
 public:
  Watching(RunningFeedback& feedback, const v1::WatchRequest& request)
      : reader_(feedback.stub().Watch(&context_, request)) {
    v1::WatchResponse first;
    began_ = reader_->Read(&first);
    token_ = first.resume_token();
  }
  ~Watching() { Finish().IgnoreError(); }

  // Events until there are `count`; fewer when the stream ends.
  std::vector<v1::Event> Read(size_t count) {
    std::vector<v1::Event> events;
    v1::WatchResponse response;
    while (events.size() < count && reader_->Read(&response)) {
      for (const v1::Event& event : response.events()) events.push_back(event);
      token_ = response.resume_token();
    }
    return events;
  }
  absl::Status Finish() {
    if (began_) context_.TryCancel();  // Otherwise the server has ended it.
    if (!finished_) status_ = grpc_support::FromGrpcStatus(reader_->Finish());
    finished_ = true;
    return status_;
  }
  bool began() const { return began_; }
  const std::string& token() const { return token_; }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchResponse>> reader_;
  std::string token_;
  bool began_ = false;
  bool finished_ = false;
  absl::Status status_;
};

class WatchTest : public FeedbackTest {
 protected:
  static v1::WatchRequest From(const std::string& token) {
    v1::WatchRequest request;
    request.set_resume_token(token);
    return request;
  }
};

TEST_F(WatchTest, TellsInPlainWords) {
  Start();
  Watching watching(*feedback_, {});
  const Uuid applied = Plan("1", 7);
  v1::Outcome timed = Applied(applied, 7);
  const absl::Time captured = clock_.Now() - absl::Microseconds(3100);
  timed.mutable_capture_time()->set_seconds(absl::ToUnixSeconds(captured));
  timed.mutable_capture_time()->set_nanos(static_cast<int>(absl::ToUnixMicros(captured) % 1'000'000 * 1000));
  v1::Outcome gone = Applied(Plan("2", 8), 8);
  gone.set_operation(v1::OPERATION_DELETE);
  const Uuid waiting = Plan("3", 9);
  EXPECT_OK(Report({timed, gone, Waits(waiting, 9, Plan("4", 1))}));
  EXPECT_OK(Report({Outcome(Plan("5", 10), 10, v1::OUTCOME_STATUS_REJECTED, "TOO_LONG")}));
  v1::ReportRequest down;
  down.set_platform("shop");
  down.add_platform_events()->set_kind(v1::EVENT_KIND_PLATFORM_DOWN);
  down.mutable_platform_events(0)->mutable_error()->set_message("connection refused");
  EXPECT_OK(feedback_->Call(&Stub::Report, down));
  const std::vector<v1::Event> events = watching.Read(5);
  std::vector<std::string> sentences;
  for (const v1::Event& event : events) sentences.push_back(event.sentence());
  EXPECT_THAT(sentences, ElementsAre("public.nations l1 on shop has version 7 (3.1 ms after capture).",
                                     "public.nations l2 on shop is unpublished (version 8).",
                                     "public.nations on shop (public.country 3 on atlas) waits for "
                                     "public.country 4 on atlas (version 9).",
                                     "public.nations on shop (public.country 5 on atlas) was given up "
                                     "(version 10): the message of TOO_LONG.",
                                     "shop cannot be reached: connection refused."));
  EXPECT_EQ(events[0].entity_id(), applied.ToString());
  EXPECT_EQ(events[0].latency_ms(), 3.1);
  EXPECT_EQ(events[3].error().reason(), "TOO_LONG");
}

TEST_F(WatchTest, FiltersByPlatformAndKind) {
  Start();
  v1::WatchRequest dead;
  dead.add_kinds(v1::EVENT_KIND_DEAD);
  v1::WatchRequest elsewhere;
  elsewhere.add_platforms("elsewhere");
  Watching by_kind(*feedback_, dead);
  Watching by_platform(*feedback_, elsewhere);
  EXPECT_OK(Report({Applied(Plan("1", 7), 7), Outcome(Plan("2", 8), 8, v1::OUTCOME_STATUS_REJECTED, "NO")}));
  v1::ReportRequest other;
  other.set_platform("elsewhere");
  *other.add_outcomes() = Applied(Plan("3", 9), 9);
  EXPECT_OK(feedback_->Call(&Stub::Report, other));
  EXPECT_EQ(by_kind.Read(1)[0].version(), 8);
  EXPECT_EQ(by_platform.Read(1)[0].version(), 9);
}

TEST_F(WatchTest, NothingIsMissedOrDoubledOverRestartsAndConcurrentReports) {
  constexpr int kReporters = 4;
  constexpr int kReports = 60;
  constexpr int kOutcomes = 5;
  Start();
  auto watching = std::make_unique<Watching>(*feedback_, v1::WatchRequest());
  RunningFeedback second(config_, clock_);  // Half of the reports go to another server.
  std::vector<std::vector<v1::ReportRequest>> reports(kReporters);
  for (int reporter = 0; reporter < kReporters; ++reporter) {
    for (int i = 0; i < kReports; ++i) {
      v1::ReportRequest request;
      request.set_platform("shop");
      for (int j = 0; j < kOutcomes; ++j) {
        const int64_t version = (reporter * kReports + i) * kOutcomes + j + 1;
        *request.add_outcomes() = Applied(Plan(std::to_string(version), version), version);
      }
      reports[static_cast<size_t>(reporter)].push_back(request);
    }
  }
  std::vector<std::unique_ptr<Worker>> workers;
  for (int reporter = 0; reporter < kReporters; ++reporter) {
    RunningFeedback& target = second;
    workers.push_back(std::make_unique<Worker>("reporter", [&, reporter](StopToken&) {
      for (const v1::ReportRequest& request : reports[static_cast<size_t>(reporter)]) {
        EXPECT_OK(target.Call(&Stub::Report, request));
      }
    }));
  }
  std::multiset<int64_t> seen;
  constexpr size_t kAll = static_cast<size_t>(kReporters) * kReports * kOutcomes;
  int restarts = 0;
  while (seen.size() < kAll) {
    const std::vector<v1::Event> events = watching->Read(std::min<size_t>(200, kAll - seen.size()));
    ASSERT_THAT(events, ::testing::Not(IsEmpty()));
    for (const v1::Event& event : events) seen.insert(event.version());
    const std::string token = watching->token();
    watching.reset();
    Stop();
    Start();
    ++restarts;
    watching = std::make_unique<Watching>(*feedback_, From(token));
  }
  EXPECT_EQ(std::set<int64_t>(seen.begin(), seen.end()).size(), kAll);
  EXPECT_EQ(seen.size(), kAll);
  EXPECT_GE(restarts, 3);
}

TEST_F(WatchTest, GoesOnInTheMiddleOfALargeReport) {
  Start();
  std::vector<v1::Outcome> outcomes;
  for (int i = 1; i <= 2500; ++i) outcomes.push_back(Applied(Plan(std::to_string(i), i), i));
  auto watching = std::make_unique<Watching>(*feedback_, v1::WatchRequest());
  EXPECT_OK(Report(outcomes));
  EXPECT_EQ(watching->Read(1).size(), 1000u);
  const std::string token = watching->token();
  watching = std::make_unique<Watching>(*feedback_, From(token));
  const std::vector<v1::Event> rest = watching->Read(1500);
  EXPECT_EQ(rest.size(), 1500u);
  EXPECT_EQ(rest.front().version(), 1001);
}

TEST_F(WatchTest, WorksWithoutRedis) {
  config_.redis.address = "unix:/tmp/there-is-no-redis-here";
  Start();
  Watching watching(*feedback_, {});
  EXPECT_OK(Report({Applied(Plan("1", 7), 7)}));
  EXPECT_EQ(watching.Read(1).size(), 1u);
}

TEST_F(WatchTest, HearsOfReportsToOtherServers) {
  Start();
  RunningFeedback second(config_, clock_);
  Watching watching(second, {});
  EXPECT_OK(Report({Applied(Plan("1", 7), 7)}));
  EXPECT_EQ(watching.Read(1).size(), 1u);
}

TEST_F(WatchTest, GivesASignOfLife) {
  Start();
  Watching watching(*feedback_, {});
  ASSERT_TRUE(watching.began());
  EXPECT_EQ(watching.token(), "e1.0");
  grpc::ClientContext context;
  auto reader = feedback_->stub().Watch(&context, v1::WatchRequest());
  v1::WatchResponse response;
  ASSERT_TRUE(reader->Read(&response));
  Worker time("time", [&](StopToken& stop) {
    while (!stop.WaitFor(absl::Milliseconds(5))) clock_.Advance(absl::Seconds(1));
  });
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_THAT(response.events(), IsEmpty());
  EXPECT_EQ(response.resume_token(), "e1.0");
  context.TryCancel();
}

TEST_F(WatchTest, RefusesTokensThatAreNoneOrTooOld) {
  Start();
  Watching strange(*feedback_, From("nonsense"));
  EXPECT_THAT(strange.Finish(), HasReason("INVALID_FIELD"));
  Watching future(*feedback_, From("e99.0"));
  EXPECT_THAT(future.Finish(), HasReason("INVALID_FIELD"));
  EXPECT_OK(Report({Applied(Plan("1", 7), 7)}));
  EXPECT_OK(Report({Applied(Plan("2", 8), 8)}));
  Stop();
  clock_.Advance(absl::Hours(24 * 8));
  Start();  // Housekeeping deletes what is older than a week.
  EXPECT_TRUE(Eventually([&] {
    Watching old(*feedback_, From("e1.0"));
    if (old.began()) return false;
    return ErrorReason(old.Finish()) == "RESUME_TOKEN_EXPIRED";
  }));
  Watching next(*feedback_, From("e3.0"));
  EXPECT_TRUE(next.began());
}

TEST_F(WatchTest, HasRoomForSoManyWatchers) {
  config_.max_watchers = 1;
  Start();
  Watching first(*feedback_, {});
  Watching second(*feedback_, {});
  EXPECT_THAT(second.Finish(), HasReason("TOO_MANY_WATCHERS"));
}

TEST_F(WatchTest, SaysPublishedWhereTheTargetHadNoSuchRecord) {
  Start();
  Watching watching(*feedback_, {});
  v1::Outcome created = Applied(Plan("1", 7), 7);
  created.set_created(true);
  created.set_acting_identity("anna");
  EXPECT_OK(Report({created}));
  const v1::Event event = watching.Read(1).at(0);
  EXPECT_EQ(event.kind(), v1::EVENT_KIND_PUBLISHED);
  EXPECT_EQ(event.event_id(), "1.0");
  EXPECT_EQ(event.source().platform(), "atlas");
  EXPECT_EQ(event.source().local_id(), "1");
  EXPECT_EQ(event.acting_identity(), "anna");
}

TEST_F(WatchTest, FiltersBySyncSourceAndActor) {
  v1::Sync nations;
  nations.set_name("syncs/nations");
  nations.set_source_platform("atlas");
  nations.set_source_model("public.country");
  nations.set_target_platform("shop");
  nations.set_target_model("public.nations");
  peers_.SetRules({nations});
  Start();
  v1::WatchRequest by_sync;
  by_sync.mutable_filter()->add_syncs("syncs/nations");
  by_sync.mutable_filter()->add_actors("anna");
  Watching watching(*feedback_, by_sync);
  v1::Outcome other = Applied(Plan("1", 7), 7);
  other.mutable_source()->set_model("public.city");
  other.set_acting_identity("anna");
  v1::Outcome meant = Applied(Plan("2", 8), 8);
  meant.set_acting_identity("anna");
  EXPECT_OK(Report({other, Applied(Plan("3", 9), 9), meant}));
  EXPECT_EQ(watching.Read(1).at(0).version(), 8);
  v1::WatchRequest unknown;
  unknown.mutable_filter()->add_syncs("syncs/unknown");
  Watching none(*feedback_, unknown);
  EXPECT_THAT(none.Finish(), HasReason("SYNC_NOT_FOUND"));
}

TEST_F(WatchTest, ADigestIsNotLostWithItsWatcher) {
  Start();
  v1::WatchRequest request;
  request.mutable_digest()->mutable_interval()->set_seconds(60);
  request.mutable_digest()->set_max_events(2);
  auto watching = std::make_unique<Watching>(*feedback_, request);
  std::vector<v1::Outcome> failed;
  for (int i = 1; i <= 50; ++i) failed.push_back(Failed(Plan(std::to_string(i), i), i));
  EXPECT_OK(Report(failed));
  EXPECT_EQ(watching->Read(2).size(), 2u);
  // It dies in the middle of the interval. What it was told one by one is behind the token, the rest is not.
  request.set_resume_token(watching->token());
  watching.reset();
  Stop();
  Start();
  watching = std::make_unique<Watching>(*feedback_, request);
  std::vector<v1::Event> again = watching->Read(2);
  ASSERT_EQ(again.size(), 2u);
  EXPECT_EQ(again[0].event_id(), "1.2");
  clock_.Advance(absl::Minutes(1));
  const v1::Event digest = watching->Read(1).at(0);
  EXPECT_EQ(digest.kind(), v1::EVENT_KIND_DIGEST);
  EXPECT_EQ(digest.count(), 46);
  EXPECT_EQ(digest.sentence(), "46 more deliveries to shop failed within a minute: the message of BUSY.");
  EXPECT_EQ(watching->token(), "e2.0");
}

TEST_F(WatchTest, TellsHowAChangeStandsOnAllOfItsTargets) {
  Start();
  v1::WatchRequest request;
  request.mutable_filter()->set_aggregate(true);
  Watching watching(*feedback_, request);
  const Uuid entity = Plan("1", 7);
  peers_.AddPlan(entity, "blog", "posts", 7);
  EXPECT_OK(Report({Applied(entity, 7)}));
  const v1::Event event = watching.Read(1).at(0);
  EXPECT_EQ(event.kind(), v1::EVENT_KIND_CHANGE);
  EXPECT_EQ(event.applied_count(), 1);
  EXPECT_EQ(event.target_count(), 2);
  EXPECT_EQ(event.sentence(),
            "public.country 1 of atlas: version 7 is applied on 1 of 2 platforms; blog waits (PENDING).");
}

}  // namespace
}  // namespace cognate::feedback
