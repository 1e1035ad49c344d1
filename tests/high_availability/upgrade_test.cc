// A cluster of the version before, whose replicas are replaced by this one's, one after the other and while
// changes flow, as a rollout does it: the two versions serve each other, one's streams and one's schemas are
// read by the other, and nothing is lost. Then back again, as after an upgrade that was none.
//
// COGNATE_PREVIOUS_BIN_DIR says where the programs of the version before are; `scripts/previous` builds them.

#include <cmath>
#include <filesystem>
#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "tests/cluster/cluster.h"
#include "tests/faults/set_up.h"
#include "tests/high_availability/flow.h"
#include "tests/support/environment.h"
#include "tests/support/eventually.h"
#include "tests/support/status_matchers.h"

namespace cognate::high_availability {
namespace {

using test_support::Eventually;

constexpr int kRate = 200;                           // changes a second
constexpr absl::Duration kPause = absl::Seconds(1);  // in which both versions have work

class UpgradeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(previous_ + "/delivery"))
      GTEST_SKIP() << "no programs of the version before in " << previous_ << ": run scripts/previous";
    cluster_ = std::make_unique<cluster::Cluster>(cluster::Shape::kTwoEach, false, cluster::Cluster::Route(),
                                                  cluster::Servers{.programs = previous_});
    ASSERT_TRUE(cluster_->WaitUntilServing());
    ASSERT_OK(flow_.SetUp(*cluster_));
    ASSERT_TRUE(Eventually([&] { return flow_.Readers() == 1; }));
    flow_.Start(kRate);
    ASSERT_TRUE(Eventually([&] { return !std::isnan(flow_.Percentile99()); }));
  }

  void RollTo(const std::string& programs) {
    cluster_->UsePrograms(programs);
    // As the first pod of each service does; all of the other version run on beside the newer schemas, and
    // start there.
    cluster_->Migrate();
    for (const std::string& name : cluster_->names()) {
      EXPECT_EQ(cluster_->Terminate(name), 0) << name;
      cluster_->Start(name);
      ASSERT_TRUE(cluster_->WaitUntilServing()) << name;
      const absl::Time since = absl::Now();
      absl::SleepFor(kPause);  // the pace
      ASSERT_TRUE(Eventually([&] { return !std::isnan(flow_.Percentile99(since)); }))
          << "nothing arrives since " << name << " is replaced";
    }
  }

  void ExpectTheSame() {
    flow_.Stop();
    int64_t differing = -1;
    EXPECT_TRUE(Eventually([&] {
      differing = flow_.Differing(&lost_);
      return differing == 0 && faults::FindLeftovers(*cluster_).count == 0;
    })) << differing
        << " differ\n"
        << faults::FindLeftovers(*cluster_).text;
    EXPECT_EQ(lost_, 0);
    EXPECT_EQ(flow_.MostReaders(), 1) << "of one replication slot";
    if (!HasFailure()) return;
    for (const std::string& name : cluster_->names())
      std::cerr << "--- " << name << "\n" << cluster_->LogOf(name) << "\n";
  }

  const std::string previous_ =
      test_support::FromEnvironment("COGNATE_PREVIOUS_BIN_DIR", "build/previous/bin");
  const std::string present_ = test_support::BinDirectory();
  std::unique_ptr<cluster::Cluster> cluster_;
  Flow flow_;
  int64_t lost_ = -1;
};

TEST_F(UpgradeTest, TwoVersionsServeSideBySideThereAndBack) {
  RollTo(present_);
  if (HasFatalFailure()) return;
  RollTo(previous_);
  if (HasFatalFailure()) return;
  ExpectTheSame();
  std::cout << "figure roll.upgrade lost=" << lost_ << " p99_ms=" << std::llround(flow_.Percentile99())
            << " processes=" << 2 * cluster_->names().size() << std::endl;
}

}  // namespace
}  // namespace cognate::high_availability
