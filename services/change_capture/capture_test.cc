#include <thread>

#include "absl/time/clock.h"
#include "services/change_capture/test_capture.h"

namespace cognate::change_capture {
namespace {

using ::testing::HasSubstr;

using CaptureTest = CaptureFixture;
using CaptureFaultTest = FaultFixture;

TEST_F(CaptureTest, NumbersChangesInTheirOrderAndPutsThemOnTheStream) {
  ASSERT_OK_AND_ASSIGN(const v1::CaptureResponse response,
                       Capture({Item("a", 1, "one"), Item("b", 2, "two")}));
  ASSERT_EQ(response.results_size(), 2);
  EXPECT_EQ(response.results(0).version(), 1);
  EXPECT_EQ(response.results(1).version(), 2);
  EXPECT_EQ(response.results(1).change_id(), "b");
  ASSERT_TRUE(Eventually([&] { return OnStream().size() == 1; }));
  const bus::v1::ChangeBatch batch = OnStream().front();
  ASSERT_EQ(batch.changes_size(), 2);
  EXPECT_EQ(batch.models(0).platform(), "shop");
  EXPECT_EQ(batch.models(batch.changes(1).model_index()).model(), "item");
  EXPECT_EQ(batch.changes(1).version(), 2);
  EXPECT_EQ(batch.changes(1).local_id(), "2");
  v1::Fields fields;
  ASSERT_TRUE(fields.ParseFromString(batch.changes(0).fields()));
  EXPECT_EQ(fields.fields(1).value().text_value(), "one");
}

TEST_F(CaptureTest, StampsBatchesWithTheRulesThatItKnows) {
  int sent = 0;
  EXPECT_TRUE(Eventually([&] {
    ++sent;
    if (!Capture({Item(absl::StrCat("a", sent), sent, "one")}).ok()) return false;
    const std::vector<bus::v1::ChangeBatch> batches = OnStream();
    return !batches.empty() && batches.back().rules_revision() > 0;
  }));
}

TEST_F(CaptureTest, AnswersAKnownChangeIdWithItsFirstVersion) {
  ASSERT_OK(Capture({Item("a", 1, "one"), Item("b", 2, "two")}));
  ASSERT_OK_AND_ASSIGN(
      const v1::CaptureResponse again,
      Capture({Item("b", 2, "two"), Item("c", 3, "three"), Item("a", 1, "one"), Item("c", 3, "three")}));
  EXPECT_EQ(again.results(0).version(), 2);
  EXPECT_EQ(again.results(1).version(), 3);
  EXPECT_EQ(again.results(2).version(), 1);
  EXPECT_EQ(again.results(3).version(), 3);
  EXPECT_EQ(Number("SELECT count(*) FROM change_capture.changes"), 3);
}

TEST_F(CaptureTest, RefusesAChangeIdThatComesWithOtherContentAndTakesTheRest) {
  ASSERT_OK(Capture({Item("a", 1, "one")}));
  ASSERT_OK_AND_ASSIGN(const v1::CaptureResponse response,
                       Capture({Item("a", 1, "other"), Item("b", 2, "two"), Item("b", 2, "TWO")}));
  EXPECT_EQ(response.results(0).error().reason(), "CHANGE_ID_REUSED");
  EXPECT_THAT(response.results(0).error().message(), HasSubstr("version 1"));
  EXPECT_EQ(response.results(0).version(), 0);
  EXPECT_EQ(response.results(1).version(), 2);
  EXPECT_EQ(response.results(2).error().reason(), "CHANGE_ID_REUSED");
}

TEST_F(CaptureTest, LeavesNoGapsWhereKnownChangesWereSentAgain) {
  for (int round = 0; round < 3; ++round) {
    std::vector<v1::Change> changes;
    for (int i = 0; i < 10 * (round + 1); ++i) changes.push_back(Item(absl::StrCat("c", i), i, "same"));
    ASSERT_OK(Capture(std::move(changes)));
  }
  EXPECT_EQ(Number("SELECT count(*) FROM change_capture.changes"), 30);
  EXPECT_EQ(Number("SELECT max(version) FROM change_capture.changes"), 30);
}

TEST_F(CaptureTest, RefusesBatchesThatAreWrongAsAWhole) {
  v1::CaptureRequest request = Request({Item("a", 1, "one")});
  for (int i = 0; i < 10'000; ++i) *request.add_changes() = request.changes(0);
  absl::Status status = Capture(request).status();
  EXPECT_THAT(status, HasReason("BATCH_TOO_LARGE"));
  EXPECT_THAT(Violations(status).front().description, HasSubstr("got 10001, want at most 10000"));
  EXPECT_THAT(Capture(Request({})), HasReason("INVALID_FIELD"));
  request = Request({Item("a", 1, "one")});
  request.set_platform("nowhere");
  EXPECT_THAT(Capture(request), HasReason("PLATFORM_NOT_FOUND"));
  request.clear_platform();
  EXPECT_THAT(Capture(request), HasReason("INVALID_FIELD"));
  EXPECT_EQ(Number("SELECT count(*) FROM change_capture.changes"), 0);
}

TEST_F(CaptureTest, TakesAFieldThatTheCatalogueHasGotMeanwhile) {
  ASSERT_OK(Capture({Item("a", 1, "one")}));
  auto models = ParseProto<v1::PutModelsRequest>(kItemModel);
  v1::ModelField& size = *models.mutable_models(0)->add_fields();
  size.set_name("size");
  size.set_type(v1::FIELD_TYPE_TEXT);
  size.set_nullable(true);
  ASSERT_OK(grpc_support::Call(*registry_stub_, &v1::PlatformRegistryService::Stub::PutModels, models));
  int tries = 0;
  EXPECT_TRUE(Eventually([&] {
    v1::Change change = Item(absl::StrCat("b", ++tries), 1, "one");
    change.add_fields()->set_name("size");
    change.mutable_fields(2)->mutable_value()->set_text_value("L");
    return Capture({change})->results(0).version() > 0;
  }));
}

TEST_F(CaptureTest, GoesOnWithoutTheRegistryForWhatItKnows) {
  ASSERT_OK(Capture({Item("a", 1, "one")}));
  registry_stub_.reset();
  registry_.reset();
  EXPECT_OK(Capture({Item("b", 2, "two")}));
  v1::CaptureRequest request = Request({Item("c", 3, "three")});
  request.set_platform("vault");
  EXPECT_THAT(Capture(request), test_support::StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(CaptureTest, TwoProcessesShareOneOrderWithoutGaps) {
  Running other;
  other.Start<Server>("change_capture", MakeConfig());
  const auto other_stub = v1::ChangeCaptureService::NewStub(grpc_support::MakeChannel(other.address()));
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 6; ++caller) {
    callers.emplace_back([&, caller] {
      for (int i = 0; i < 100; ++i) {
        // Half of the changes come through both, as when a client does not know whether the first has taken
        // them.
        const std::string change_id =
            i % 2 == 0 ? absl::StrCat("both-", caller / 2, "-", i) : absl::StrCat(caller, "-", i);
        const v1::CaptureRequest request = Request({Item(change_id, i, "x")});
        const auto response = grpc_support::Call(caller % 2 == 0 ? *stub_ : *other_stub,
                                                 &v1::ChangeCaptureService::Stub::Capture, request);
        ASSERT_OK(response);
        EXPECT_GT(response->results(0).version(), 0) << response->DebugString();
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(Number("SELECT count(*) FROM change_capture.changes"), 300 + 150);
  EXPECT_EQ(Number("SELECT max(version) FROM change_capture.changes"), 300 + 150);
  EXPECT_EQ(Number("SELECT sum(last_version - first_version + 1) FROM change_capture.batches"), 300 + 150);
}

// Many callers, each waiting for its answer.
struct Load {
  std::atomic<int64_t> acknowledged{0};
  std::vector<std::thread> callers;
};

TEST_F(CaptureTest, ManyCallersShareCommits) {
  constexpr int kCallers = 32;
  constexpr int kCalls = 60;
  ASSERT_OK(Capture({Item("warm", 0, "up")}));
  const int64_t before = Number("SELECT count(*) FROM change_capture.batches");
  Load load;
  const absl::Time start = absl::Now();
  for (int caller = 0; caller < kCallers; ++caller) {
    load.callers.emplace_back([&, caller] {
      for (int i = 0; i < kCalls; ++i) {
        const auto response = Capture({Item(absl::StrCat(caller, "-", i), caller, absl::StrCat("name ", i))});
        if (response.ok() && response->results(0).version() > 0) ++load.acknowledged;
      }
    });
  }
  for (std::thread& caller : load.callers) caller.join();
  const double seconds = absl::ToDoubleSeconds(absl::Now() - start);
  const int64_t commits = Number("SELECT count(*) FROM change_capture.batches") - before;
  EXPECT_EQ(load.acknowledged, kCallers * kCalls);
  EXPECT_EQ(Number("SELECT max(version) FROM change_capture.changes"), kCallers * kCalls + 1);
  EXPECT_LT(commits, kCallers * kCalls / 2);
  std::printf("figure capture.group_commit callers=%d commits=%ld changes=%d changes_per_second=%.0f\n",
              kCallers, static_cast<long>(commits), kCallers * kCalls, kCallers * kCalls / seconds);
}

TEST_F(CaptureTest, CommitsLargeBatchesAndCutsTheirEntries) {
  constexpr int kRounds = 100;
  const std::string payload(440, 'x');
  absl::Duration fastest = absl::InfiniteDuration();
  std::vector<v1::CaptureRequest> requests;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<v1::Change> changes;
    for (int i = 0; i < 100; ++i)
      changes.push_back(Item(absl::StrCat(round, "-", i), round * 100 + i, payload));
    requests.push_back(Request(std::move(changes)));
  }
  const absl::Time start = absl::Now();
  for (const v1::CaptureRequest& request : requests) {
    const absl::Time sent = absl::Now();
    ASSERT_OK(Capture(request));
    fastest = std::min(fastest, absl::Now() - sent);
  }
  const double seconds = absl::ToDoubleSeconds(absl::Now() - start);
  std::printf("figure capture.batches_of_100 changes=%d changes_per_second=%.0f fastest_batch_ms=%.2f\n",
              kRounds * 100, kRounds * 100 / seconds, absl::ToDoubleMilliseconds(fastest));
  v1::CaptureRequest large = Request({});
  for (int i = 0; i < 5000; ++i) *large.add_changes() = Item(absl::StrCat("large-", i), i, payload);
  ASSERT_OK(Capture(large));
  ASSERT_TRUE(Eventually([&] { return OnStream().size() == kRounds + 5; }));
  for (const bus::v1::ChangeBatch& batch : OnStream()) EXPECT_LE(batch.changes_size(), 1000);
}

TEST_F(CaptureTest, TellsTheLatestChangeOfARecord) {
  v1::Change change = Item("a", 7, "seven");
  change.mutable_source_time()->set_seconds(1'700'000'000);
  ASSERT_OK(Capture({Item("z", 7, "older"), change}));
  v1::GetLatestChangeRequest request;
  request.mutable_record()->set_platform("shop");
  request.mutable_record()->set_model("item");
  request.mutable_record()->set_local_id("7");
  ASSERT_OK_AND_ASSIGN(v1::GetLatestChangeResponse latest,
                       Call(&v1::ChangeCaptureService::Stub::GetLatestChange, request));
  EXPECT_GT(latest.change().capture_time().seconds(), 1'700'000'000);
  latest.mutable_change()->clear_capture_time();
  change.set_version(2);
  EXPECT_THAT(latest.change(), test_support::EqualsProto(change));
  request.mutable_record()->set_local_id("8");
  EXPECT_THAT(Call(&v1::ChangeCaptureService::Stub::GetLatestChange, request), HasReason("RECORD_UNKNOWN"));
}

TEST_F(CaptureFaultTest, RefusesNothingThatItCannotCommitAndForgetsNothingThatItHas) {
  ASSERT_OK(Capture({Item("a", 1, "one")}));
  postgres().Stop(PostgresServer::Mode::kImmediate);
  v1::CaptureResponse response;
  EXPECT_THAT(
      grpc_support::Call(*stub_, &v1::ChangeCaptureService::Stub::Capture, Request({Item("b", 2, "two")})),
      test_support::StatusIs(absl::StatusCode::kUnavailable));
  postgres().StartAgain();
  ASSERT_TRUE(Eventually([&] { return Capture({Item("b", 2, "two")}).ok(); }));
  EXPECT_EQ(Number("SELECT count(*) FROM change_capture.changes"), 2);
  EXPECT_EQ(Number("SELECT max(version) FROM change_capture.changes"), 2);
}

class FewReadersTest : public CaptureFixture {
 protected:
  void Adjust(Config& config) override { config.postgres.pool_size = 2; }
};

TEST_F(FewReadersTest, CapturesWhileEveryConnectionForReadingIsHeld) {
  ASSERT_OK(Capture({Item("a", 1, "one")}));
  auto blocker = ValueOrDie(postgres::Connection::Open(database_));
  ASSERT_OK(blocker->Execute("BEGIN; LOCK TABLE change_capture.runs"));
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back(
        [&] { EXPECT_OK(Call(&v1::ChangeCaptureService::Stub::ListRuns, v1::ListRunsRequest())); });
  }
  EXPECT_TRUE(Eventually([&] {
    return Number(
               "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = "
               "current_database() AND application_name = 'cognate-change-capture'") == 2;
  }));
  EXPECT_OK(Capture({Item("b", 2, "two")}));
  ASSERT_OK(blocker->Execute("ROLLBACK"));
  for (std::thread& reader : readers) reader.join();
}

class OverloadTest : public CaptureFixture {
 protected:
  void Adjust(Config& config) override { config.appender.max_queued_changes = 1; }
};

TEST_F(OverloadTest, RefusesWithADelayWhenTheBacklogIsFull) {
  ASSERT_OK(Capture({Item("warm", 0, "up")}));
  // A lock on the counter keeps the appender in its commit.
  auto blocker = ValueOrDie(postgres::Connection::Open(database_));
  ASSERT_OK(blocker->Execute("BEGIN; UPDATE change_capture.version_counter SET version = version"));
  std::vector<std::thread> callers;
  std::atomic<int> refused{0};
  absl::Status refusal;
  Mutex mutex;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&, i] {
      const auto response = grpc_support::Call(*stub_, &v1::ChangeCaptureService::Stub::Capture,
                                               Request({Item(absl::StrCat("c", i), i, "x")}));
      if (response.ok()) return;
      MutexLock lock(&mutex);
      refusal = response.status();
      ++refused;
    });
  }
  EXPECT_TRUE(Eventually([&] { return refused >= 5; }));
  ASSERT_OK(blocker->Execute("COMMIT"));
  for (std::thread& caller : callers) caller.join();
  EXPECT_THAT(refusal, HasReason("CAPTURE_OVERLOADED"));
  EXPECT_TRUE(RetryDelay(refusal).has_value());
}

}  // namespace
}  // namespace cognate::change_capture
