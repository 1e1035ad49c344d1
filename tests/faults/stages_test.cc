// Green but stalled: each stage is made to stand still with work before it while its process lives. Its
// service must say so within half a minute, by its readiness and by its metrics, and be ready again when the
// fault is gone. What is a platform's own fault must leave every service ready.

#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/postgres/connection.h"
#include "gtest/gtest.h"
#include "tests/cluster/admin.h"
#include "tests/faults/pair.h"
#include "tests/support/eventually.h"
#include "tests/support/status_matchers.h"

namespace cognate::faults {
namespace {

using test_support::Eventually;
using test_support::IsOk;
using test_support::ValueOrDie;

struct Stage {
  std::string service;
  std::string name;
};

class StagesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(cluster_.WaitUntilServing());
    ASSERT_OK(pair_.SetUp(cluster_, pair_.source_uri(), pair_.target_uri()));
    locker_ = ValueOrDie(postgres::Connection::Open(cluster_.uri()));
    Change();
    ASSERT_TRUE(Eventually([&] { return pair_.Differing() == 0; }));
  }

  void Change() { ASSERT_OK(pair_.Run(absl::StrCat("INSERT INTO items VALUES ('i", ++changes_, "', 1)"))); }

  std::pair<int, std::string> Get(const std::string& service, const std::string& path) {
    return cluster::AdminGet(cluster_, service, path);
  }
  bool IsReady(const std::string& service) { return Get(service, "/readyz").first == 200; }
  double Metric(const std::string& service, const std::string& series) {
    return cluster::Metric(cluster_, service, series);
  }

  // Waits until all services of these stages are not ready; the longest that it took one of them.
  void ExpectUnready(const std::vector<Stage>& stages, absl::Time since) {
    for (const Stage& stage : stages) {
      const bool unready = Eventually([&] { return Get(stage.service, "/readyz").first == 503; });
      const absl::Duration took = absl::Now() - since;
      longest_ = std::max(longest_, took);
      stages_ += unready ? 1 : 0;
      std::cout << "stage " << stage.name << " is known to stand still after " << took << ": "
                << Get(stage.service, "/readyz").second << std::endl;
      EXPECT_TRUE(unready) << stage.name;
      EXPECT_EQ(Get(stage.service, "/livez").first, 200);
      const std::string labels = absl::StrCat("{stage=\"", stage.name, "\"}");
      EXPECT_GT(Metric(stage.service, absl::StrCat("cognate_stage_backlog", labels)), 0) << stage.name;
      // Or never.
      EXPECT_FALSE(Metric(stage.service, absl::StrCat("cognate_stage_progress_timestamp_seconds", labels)) >
                   absl::ToDoubleSeconds(since - absl::UnixEpoch()) + 1)
          << stage.name;
    }
  }
  void ExpectRecovery() {
    for (const std::string& service : cluster_.names()) {
      EXPECT_TRUE(Eventually([&] { return IsReady(service); }))
          << service << ": " << Get(service, "/readyz").second;
    }
    EXPECT_TRUE(Eventually([&] { return pair_.Differing() == 0; }));
  }
  // Nobody else can use the table meanwhile.
  void ExpectWhileLocked(const std::string& table, const std::vector<Stage>& stages) {
    ASSERT_OK(locker_->Execute(absl::StrCat("BEGIN; LOCK TABLE ", table, " IN ACCESS EXCLUSIVE MODE")));
    const absl::Time since = absl::Now();
    Change();
    ExpectUnready(stages, since);
    ASSERT_OK(locker_->Execute("ROLLBACK"));
    ExpectRecovery();
  }

  cluster::Cluster cluster_{cluster::Shape::kOneEach};
  Pair pair_;
  std::unique_ptr<postgres::Connection> locker_;
  int changes_ = 0;
  int stages_ = 0;
  absl::Duration longest_;
};

TEST_F(StagesTest, WhatStandsStillIsNotReady) {
  ExpectWhileLocked("change_capture.changes", {{"change-capture", "capture_append"}});
  ExpectWhileLocked("platform_registry.replicas",
                    {{"transformer", "transformer_1"}, {"platform-registry", "plan_sweep"}});
  // What was delivered cannot be reported.
  ExpectWhileLocked("feedback.troubles", {{"delivery", "lane_target"}, {"feedback", "feedback_redrive"}});
  cluster_.redis().Pause();
  const absl::Time since = absl::Now();
  Change();
  ExpectUnready({{"change-capture", "capture_stream"}}, since);
  // Whoever captures is not turned away meanwhile.
  EXPECT_EQ(Get("change-capture", "/readyz/calls").first, 200);
  Change();
  cluster_.redis().Resume();
  ExpectRecovery();
  std::cout << "figure stalled.readiness stages=" << stages_
            << " max_s=" << std::ceil(absl::ToDoubleSeconds(longest_)) << "\n";
}

TEST_F(StagesTest, APlatformThatHangsLeavesEveryServiceReady) {
  pair_.target().Pause();
  Change();
  const std::string lane = "cognate_stage_backlog{stage=\"lane_target\"}";
  EXPECT_TRUE(Eventually([&] { return Metric("delivery", lane) > 0; }));
  pair_.source().Pause();
  const absl::Time since = absl::Now();
  std::string unready;
  // As long as a stage has that stands still (WhatStandsStillIsNotReady).
  EXPECT_TRUE(test_support::Stays(
      [&] {
        for (const std::string& service : cluster_.names())
          if (!IsReady(service)) unready = absl::StrCat(service, ": ", Get(service, "/readyz").second);
        return unready.empty();
      },
      absl::Seconds(30)))
      << unready;
  const double then = absl::ToDoubleSeconds(since - absl::UnixEpoch());
  EXPECT_GT(Metric("delivery", lane), 0);
  EXPECT_FALSE(Metric("delivery", "cognate_stage_progress_timestamp_seconds{stage=\"lane_target\"}") >
               then + 1);
  // The reader of a source has no backlog that it could know of: it is alive, or it is not.
  EXPECT_LT(Metric("change-capture", "cognate_source_heartbeat_timestamp_seconds{platform=\"source\"}"),
            then + 15);
  pair_.source().Resume();
  pair_.target().Resume();
  ExpectRecovery();
}

}  // namespace
}  // namespace cognate::faults
