// Against a feedback service that is away, takes events and does not say so, and takes them.
#include "services/change_capture/telling/teller.h"

#include "cognate/v1/event_service.grpc.pb.h"
#include "common/config/postgres_options.h"
#include "common/grpc/host.h"
#include "common/sync/mutex.h"
#include "gmock/gmock.h"
#include "services/change_capture/server.h"
#include "tests/support/eventually.h"
#include "tests/support/postgres_server.h"
#include "tests/support/status_matchers.h"

namespace cognate::change_capture {
namespace {

using test_support::Eventually;
using ::testing::Each;
using ::testing::ElementsAre;

class FakeFeedback final : public v1::EventService::Service {
 public:
  grpc::Status TellEvents(grpc::ServerContext*, const v1::TellEventsRequest* request,
                          v1::TellEventsResponse*) override {
    MutexLock lock(&mutex_);
    if (is_down_) return {grpc::StatusCode::UNAVAILABLE, "down"};
    for (const v1::Event& event : request->events()) {
      if (event.run() == refused_) return {grpc::StatusCode::INVALID_ARGUMENT, "refused"};
    }
    for (const v1::Event& event : request->events()) told_.push_back(event);
    return loses_answers_ ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "lost") : grpc::Status::OK;
  }
  void SetDown(bool down) {
    MutexLock lock(&mutex_);
    is_down_ = down;
  }
  void Refuse(const std::string& run) {
    MutexLock lock(&mutex_);
    refused_ = run;
  }
  void LoseAnswers(bool lose) {
    MutexLock lock(&mutex_);
    loses_answers_ = lose;
  }
  std::vector<v1::Event> told() {
    MutexLock lock(&mutex_);
    return told_;
  }

 private:
  Mutex mutex_;
  bool is_down_ ABSL_GUARDED_BY(mutex_) = false;
  std::string refused_ ABSL_GUARDED_BY(mutex_) = "none";
  bool loses_answers_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<v1::Event> told_ ABSL_GUARDED_BY(mutex_);
};

class TellerTest : public ::testing::Test {
 protected:
  TellerTest() {
    config_.postgres.uri = test_support::PostgresServer::Shared().CreateDatabase();
    EXPECT_OK(Migrate(config_));
    pool_ = test_support::ValueOrDie(
        postgres::Pool::Create(config::PostgresOptions(config_.postgres, "change_capture")));
    host_ = test_support::ValueOrDie(grpc_support::Host::Start({}, {&feedback_}));
    Restart();
  }
  ~TellerTest() override {
    teller_.reset();
    host_->Shutdown(absl::Seconds(1));
  }

  void Restart() {
    teller_ = std::make_unique<Teller>(*pool_, host_->address(), absl::Milliseconds(10));
    teller_->Start();
  }
  void Execute(const std::string& sql) {
    EXPECT_OK(
        pool_->Run("test", [&](postgres::Transaction& transaction) { return transaction.Execute(sql); }));
  }
  void AddRun(const std::string& digit, v1::RunKind kind, v1::RunState state) {
    Execute(absl::StrCat(
        "INSERT INTO runs (run_id, kind, sync, source_platform, source_model, target_platform, state, error) "
        "VALUES "
        "('00000000-0000-7000-8000-00000000000",
        digit, "', ", kind, ", 'syncs/nations', 'atlas', 'public.country', 'shop', ", state, ", 'why')"));
  }
  std::vector<std::string> Ids() {
    std::vector<std::string> ids;
    for (const v1::Event& event : feedback_.told()) ids.push_back(event.event_id());
    return ids;
  }

  Config config_;
  std::unique_ptr<postgres::Pool> pool_;
  FakeFeedback feedback_;
  std::unique_ptr<grpc_support::Host> host_;
  std::unique_ptr<Teller> teller_;
};

constexpr char kRun1[] = "runs/00000000-0000-7000-8000-000000000001";

TEST_F(TellerTest, TellsEachEndOnceAlsoAfterARestart) {
  AddRun("1", v1::RUN_KIND_BACKFILL, v1::RUN_STATE_RUNNING);
  AddRun("2", v1::RUN_KIND_SCHEDULED, v1::RUN_STATE_DONE);
  Execute("UPDATE runs SET state = 6 WHERE state = 2");
  EXPECT_TRUE(Eventually([&] { return Ids().size() == 1; }));
  Restart();
  Execute("UPDATE runs SET state = 3 WHERE state = 6");
  EXPECT_TRUE(Eventually([&] { return Ids().size() == 2; }));
  EXPECT_THAT(Ids(), ElementsAre(absl::StrCat(kRun1, "/HELD"), absl::StrCat(kRun1, "/DONE")));
  const v1::Event held = feedback_.told()[0];
  EXPECT_EQ(held.kind(), v1::EVENT_KIND_RUN_FINISHED);
  EXPECT_EQ(held.target().platform(), "shop");
  EXPECT_EQ(held.sync(), "syncs/nations");
  EXPECT_EQ(held.error().reason(), "RUN_HELD");
}

TEST_F(TellerTest, NothingIsLostWhileFeedbackIsAway) {
  feedback_.SetDown(true);
  AddRun("1", v1::RUN_KIND_BACKFILL, v1::RUN_STATE_FAILED);
  Restart();
  EXPECT_TRUE(Ids().empty());
  feedback_.SetDown(false);
  EXPECT_TRUE(Eventually([&] { return Ids().size() == 1; }));
  EXPECT_EQ(feedback_.told()[0].error().reason(), "RUN_FAILED");
}

TEST_F(TellerTest, WhatWasToldAndNotAnsweredComesUnderTheSameId) {
  feedback_.LoseAnswers(true);
  AddRun("1", v1::RUN_KIND_BACKFILL, v1::RUN_STATE_DONE);
  EXPECT_TRUE(Eventually([&] { return Ids().size() >= 2; }));
  feedback_.LoseAnswers(false);
  Restart();
  EXPECT_THAT(Ids(), Each(absl::StrCat(kRun1, "/DONE")));
}

TEST_F(TellerTest, WhatIsRefusedKeepsBackNoOther) {
  feedback_.SetDown(true);
  feedback_.Refuse(kRun1);
  AddRun("1", v1::RUN_KIND_BACKFILL, v1::RUN_STATE_DONE);
  AddRun("2", v1::RUN_KIND_BACKFILL, v1::RUN_STATE_DONE);
  feedback_.SetDown(false);
  EXPECT_TRUE(Eventually([&] { return Ids().size() == 1; }));
  EXPECT_EQ(feedback_.told()[0].run(), "runs/00000000-0000-7000-8000-000000000002");
}

TEST_F(TellerTest, TellsThatAConflictWasFoundAndThatItIsResolved) {
  Execute(
      "INSERT INTO conflicts (conflict_id, model_id, local_id, state, content) VALUES "
      "('00000000-0000-7000-8000-000000000001', 1, '7', 2, '')");
  EXPECT_TRUE(Eventually([&] { return Ids().size() == 1; }));
  Execute("UPDATE conflicts SET state = 3");
  EXPECT_TRUE(Eventually([&] { return Ids().size() == 2; }));
  EXPECT_EQ(feedback_.told()[0].kind(), v1::EVENT_KIND_CONFLICT);
  EXPECT_EQ(feedback_.told()[1].kind(), v1::EVENT_KIND_CONFLICT_RESOLVED);
}

}  // namespace
}  // namespace cognate::change_capture
