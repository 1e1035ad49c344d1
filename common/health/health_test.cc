#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/clock/fake_clock.h"
#include "common/health/progress_monitor.h"
#include "common/health/readiness.h"

namespace cognate::health {
namespace {

using ::testing::HasSubstr;

TEST(ReadinessTest, IsReadyWithoutChecks) { EXPECT_TRUE(Readiness().Ready().ok()); }

TEST(ReadinessTest, NamesEveryCheckThatFails) {
  Readiness readiness;
  readiness.AddCheck("postgres", [] { return absl::UnavailableError("connection refused"); });
  readiness.AddCheck("redis", [] { return absl::OkStatus(); });
  readiness.AddCheck("lanes", [] { return absl::UnavailableError("full"); });
  EXPECT_EQ(readiness.Ready().message(), "postgres: connection refused; lanes: full");
  EXPECT_EQ(readiness.Ask().size(), 3u);
}

TEST(ReadinessTest, ReplacesAndRemovesACheckByItsName) {
  Readiness readiness;
  readiness.AddCheck("postgres", [] { return absl::UnavailableError("away"); });
  readiness.AddCheck("postgres", [] { return absl::OkStatus(); });
  EXPECT_TRUE(readiness.Ready().ok());
  readiness.RemoveCheck("postgres");
  EXPECT_TRUE(readiness.Ask().empty());
}

class ProgressMonitorTest : public ::testing::Test {
 protected:
  FakeClock clock_;
  metrics::Registry metrics_;
  ProgressMonitor monitor_{"capture_append", clock_, metrics_, absl::Seconds(30)};
};

TEST_F(ProgressMonitorTest, IsHealthyHoweverLongThereIsNothingToDo) {
  clock_.Advance(absl::Hours(5));
  EXPECT_TRUE(monitor_.Check().ok());
}

TEST_F(ProgressMonitorTest, IsUnhealthyWhenWorkWaitsAndNothingMoves) {
  clock_.Advance(absl::Hours(5));
  monitor_.SetBacklog(12);
  clock_.Advance(absl::Seconds(30));
  EXPECT_TRUE(monitor_.Check().ok());
  clock_.Advance(absl::Seconds(15));
  monitor_.SetBacklog(13);
  EXPECT_EQ(monitor_.Check().message(), "13 waiting, no progress for 45s (limit 30s)");
}

TEST_F(ProgressMonitorTest, IsHealthyAgainOnceItMovesOrTheWorkIsGone) {
  monitor_.SetBacklog(1);
  clock_.Advance(absl::Minutes(1));
  EXPECT_FALSE(monitor_.Check().ok());
  monitor_.Progress();
  EXPECT_TRUE(monitor_.Check().ok());
  clock_.Advance(absl::Minutes(1));
  monitor_.SetBacklog(0);
  EXPECT_TRUE(monitor_.Check().ok());
}

TEST_F(ProgressMonitorTest, ShowsBacklogAndLastMovementAsMetrics) {
  monitor_.SetBacklog(7);
  monitor_.Progress();
  EXPECT_THAT(metrics_.Text(), HasSubstr("cognate_stage_backlog{stage=\"capture_append\"} 7"));
  EXPECT_THAT(metrics_.Text(),
              HasSubstr("cognate_stage_progress_timestamp_seconds{stage=\"capture_append\"} 17"));
}

}  // namespace
}  // namespace cognate::health
