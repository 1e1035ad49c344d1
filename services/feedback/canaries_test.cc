#include "services/feedback/canaries.h"

#include "common/clock/time_proto.h"
#include "common/postgres/pool.h"
#include "gtest/gtest.h"
#include "services/feedback/testing/feedback_fixture.h"

namespace cognate::feedback {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

v1::Sync SyncOf(const std::string& model, const std::string& target) {
  v1::Sync sync;
  sync.set_name("syncs/" + target);
  sync.set_source_platform("atlas");
  sync.set_source_model(model);
  sync.set_target_platform(target);
  sync.set_target_model("public.canary");
  sync.set_status(v1::SYNC_STATUS_ACTIVE);
  return sync;
}

class CanariesTest : public ::testing::Test {
 protected:
  CanariesTest()
      : database_(test_support::PostgresServer::Shared().CreateDatabase()),
        registry_(peers_.addresses().registry) {
    Config config;
    config.postgres.uri = database_;
    EXPECT_OK(Migrate(config));
    postgres::Options options;
    options.uri = database_;
    options.search_path = "feedback";
    pool_ = test_support::ValueOrDie(postgres::Pool::Create(options));
    Restart();
  }

  // Another process, which knows nothing but what is in the database.
  void Restart() { canaries_ = std::make_unique<Canaries>(registry_, *pool_, clock_, metrics_); }

  void SetSyncs(const std::vector<v1::Sync>& syncs) {
    peers_.SetRules(syncs);
    FakePeers::BeforeCall();
    EXPECT_OK(canaries_->Refresh());
  }
  void Arrives(const std::string& target, absl::Duration after,
               v1::OutcomeStatus status = v1::OUTCOME_STATUS_APPLIED,
               const std::string& model = "public.cognate_canary") {
    v1::ReportRequest report;
    report.set_platform(target);
    v1::Outcome& outcome = *report.add_outcomes();
    outcome.set_status(status);
    outcome.mutable_source()->set_platform("atlas");
    outcome.mutable_source()->set_model(model);
    *outcome.mutable_capture_time() = ToTimestamp(clock_.Now() - after);
    canaries_->Count(report);
  }
  static std::string Line(const std::string& target, int seconds) {
    return "cognate_canary_seconds{source=\"atlas\",target=\"" + target + "\"} " + std::to_string(seconds) +
           "\n";
  }

  FakeClock clock_;
  FakePeers peers_;
  metrics::Registry metrics_;
  const std::string database_;
  std::unique_ptr<postgres::Pool> pool_;
  clients::RegistryClient registry_;
  std::unique_ptr<Canaries> canaries_;
};

TEST_F(CanariesTest, GrowsUntilANewerOneIsThereAndOnlyForItsPair) {
  SetSyncs({SyncOf("public.cognate_canary", "shop"), SyncOf("public.cognate_canary", "till")});
  clock_.Advance(absl::Seconds(100));
  EXPECT_THAT(metrics_.Text(), HasSubstr(Line("shop", 100)));
  Arrives("shop", absl::Seconds(3));
  EXPECT_THAT(metrics_.Text(), HasSubstr(Line("shop", 3)));
  EXPECT_THAT(metrics_.Text(), HasSubstr(Line("till", 100)));
  clock_.Advance(absl::Seconds(20));
  Arrives("shop", absl::Seconds(50));
  EXPECT_THAT(metrics_.Text(), HasSubstr(Line("shop", 23))) << "an older one that comes late says nothing";
}

TEST_F(CanariesTest, OnlyWhatWasAppliedAndIsACanaryCounts) {
  SetSyncs({SyncOf("cognate_canary", "shop")});
  clock_.Advance(absl::Seconds(100));
  Arrives("shop", absl::Seconds(1), v1::OUTCOME_STATUS_REJECTED);
  Arrives("shop", absl::Seconds(1), v1::OUTCOME_STATUS_APPLIED, "public.item");
  Arrives("elsewhere", absl::Seconds(1));
  EXPECT_THAT(metrics_.Text(), HasSubstr(Line("shop", 100)));
  EXPECT_THAT(metrics_.Text(), Not(HasSubstr("elsewhere")));
}

TEST_F(CanariesTest, APairGoesWithItsSync) {
  SetSyncs({SyncOf("public.cognate_canary", "shop"), SyncOf("public.cognate_canary", "till")});
  v1::Sync paused = SyncOf("public.cognate_canary", "shop");
  paused.set_status(v1::SYNC_STATUS_PAUSED);
  SetSyncs({paused});
  EXPECT_THAT(metrics_.Text(), Not(HasSubstr("cognate_canary_seconds{")));
}

TEST_F(CanariesTest, ARestartForgetsNothing) {
  const std::vector<v1::Sync> syncs = {SyncOf("public.cognate_canary", "shop"),
                                       SyncOf("public.cognate_canary", "till")};
  SetSyncs(syncs);
  clock_.Advance(absl::Seconds(100));
  Arrives("shop", absl::Seconds(3));
  SetSyncs(syncs);
  clock_.Advance(absl::Seconds(50));
  canaries_.reset();
  Restart();
  EXPECT_THAT(metrics_.Text(), Not(HasSubstr("cognate_canary_seconds{"))) << "before it has looked";
  SetSyncs(syncs);
  EXPECT_THAT(metrics_.Text(), HasSubstr(Line("shop", 53)));
  EXPECT_THAT(metrics_.Text(), HasSubstr(Line("till", 150))) << "one that has never arrived is late as well";
}

TEST_F(CanariesTest, WhatWasReportedToAnotherProcessCounts) {
  const std::vector<v1::Sync> syncs = {SyncOf("public.cognate_canary", "shop")};
  SetSyncs(syncs);
  metrics::Registry other_metrics;
  Canaries other(registry_, *pool_, clock_, other_metrics);
  FakePeers::BeforeCall();
  ASSERT_OK(other.Refresh());
  clock_.Advance(absl::Seconds(100));
  Arrives("shop", absl::Seconds(3));
  SetSyncs(syncs);
  ASSERT_OK(other.Refresh());
  EXPECT_THAT(other_metrics.Text(), HasSubstr(Line("shop", 3)));
}

TEST(IsCanaryTest, TellsByTheWholeNameOfTheTable) {
  EXPECT_TRUE(IsCanary("cognate_canary"));
  EXPECT_TRUE(IsCanary("public.cognate_canary"));
  EXPECT_FALSE(IsCanary("public.my_cognate_canary"));
  EXPECT_FALSE(IsCanary("public.cognate_canary_log"));
}

}  // namespace
}  // namespace cognate::feedback
