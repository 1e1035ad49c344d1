// A cluster with two replicas of every service while changes flow from a followed database to a target: every
// replica is restarted as a rollout does it, and replicas are killed. Nothing is lost, nothing comes twice,
// and the source is read by one process at a time. How long it takes is a figure and no condition.
//
// COGNATE_ROLL_RATE (changes a second) and COGNATE_ROLL_SECONDS (of quiet between two restarts) set the size;
// COGNATE_HA_ONLY=lanes,feedback kills these alone, as often as they are named (lanes: whoever has the lane).

#include <cmath>
#include <iostream>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "cognate/v1/delivery_service.grpc.pb.h"
#include "common/grpc/channel.h"
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
using test_support::FromEnvironment;

constexpr absl::Duration kLimit = absl::Milliseconds(100);  // of p99, when all goes on as it should
constexpr absl::Duration kPatience = absl::Seconds(40);     // for that, on a machine that others use

// Of the two that take turns, the one whose turn it is; who reads the source cannot be told from outside.
std::vector<std::string> ToBeKilled() {
  return absl::StrSplit(FromEnvironment("COGNATE_HA_ONLY",
                                        "platform-registry,change-capture,change-capture-2,transformer,"
                                        "lanes,feedback,file-transfer"),
                        ',');
}

class ReplicasTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(cluster_.WaitUntilServing());
    ASSERT_OK(flow_.SetUp(cluster_));
    ASSERT_TRUE(Eventually([&] { return flow_.Readers() == 1; }));
    flow_.Start(rate_);
    ASSERT_TRUE(Eventually([&] { return !std::isnan(flow_.Percentile99()); }));
    absl::SleepFor(pause_);  // a stretch without any disturbance, to compare with
    undisturbed_ = flow_.Percentile99(absl::Now() - pause_);
  }

  // The pace of the restarts, and time in which the one before can show what it has done.
  void Rest() { absl::SleepFor(pause_); }

  // Both databases hold the same, and nothing is left on the way.
  void ExpectTheSame() {
    flow_.Stop();
    int64_t differing = -1;
    EXPECT_TRUE(Eventually([&] {
      differing = flow_.Differing(&lost_);
      return differing == 0 && faults::FindLeftovers(cluster_).count == 0;
    })) << differing
        << " differ\n"
        << faults::FindLeftovers(cluster_).text;
    EXPECT_EQ(lost_, 0);
    EXPECT_EQ(flow_.MostReaders(), 1) << "of one replication slot";
    EXPECT_EQ(flow_.Readers(), 1);
    if (!HasFailure()) return;
    for (const std::string& name : cluster_.names())
      std::cerr << "--- " << name << "\n" << cluster_.LogOf(name) << "\n";
  }

  int64_t Rate() const {
    return std::llround(static_cast<double>(flow_.changes()) / absl::ToDoubleSeconds(flow_.ran()));
  }

  // Of the lane's owner, which is one of the two.
  std::string LanesAreWith() {
    const auto stub = v1::DeliveryService::NewStub(cluster_.ChannelTo("delivery"));
    const auto lanes =
        grpc_support::Call(*stub, &v1::DeliveryService::Stub::ListLanes, v1::ListLanesRequest(), {});
    for (const std::string name : {"delivery", "delivery-2"}) {
      if (!lanes.ok() || lanes->lanes_size() == 0) break;
      if (absl::StrContains(lanes->lanes(0).owner(), absl::StrCat(":", cluster_.PidOf(name), ":")))
        return name;
    }
    return "delivery";
  }

  // Until changes arrive as quickly as before; how long that takes.
  void KillAndMeasure(const std::string& name) {
    const absl::Time killed = absl::Now();
    cluster_.Kill(name);
    std::optional<absl::Time> recovered;
    Eventually([&] { return (recovered = flow_.Recovered(killed, kLimit)).has_value(); }, kPatience);
    const absl::Duration took = recovered.value_or(absl::Now()) - killed;
    std::cout << name << " is killed; changes take less than " << kLimit
              << (recovered ? " again after " : " NOT again after ") << took << std::endl;
    longest_ = std::max(longest_, took);
    recovered_ += recovered ? 1 : 0;
    ++killed_;
    EXPECT_TRUE(Eventually([&] { return flow_.Readers() == 1; })) << "after the loss of " << name;
    cluster_.Start(name);
    EXPECT_TRUE(cluster_.WaitUntilServing());
  }

  const int rate_ = FromEnvironment("COGNATE_ROLL_RATE", 500);
  const absl::Duration pause_ = absl::Seconds(FromEnvironment("COGNATE_ROLL_SECONDS", 1));
  cluster::Cluster cluster_{cluster::Shape::kTwoEach};
  Flow flow_;
  double undisturbed_ = 0;
  int64_t lost_ = -1;
  int killed_ = 0;
  int recovered_ = 0;
  absl::Duration longest_;
};

TEST_F(ReplicasTest, ARolloutLosesNothing) {
  absl::Duration longest;
  for (const std::string& name : cluster_.names()) {
    const absl::Time asked = absl::Now();
    EXPECT_EQ(cluster_.Terminate(name), 0) << name;
    longest = std::max(longest, absl::Now() - asked);
    std::cout << name << " has ended after " << absl::Now() - asked << std::endl;
    cluster_.Start(name);
    ASSERT_TRUE(cluster_.WaitUntilServing());
    Rest();
    std::cout << name << " is restarted; p99 of the time is " << flow_.Percentile99(asked) << " ms"
              << std::endl;
  }
  ExpectTheSame();
  std::cout << "figure roll.restart lost=" << lost_ << " p99_ms=" << std::llround(flow_.Percentile99())
            << " rate=" << Rate() << " processes=" << cluster_.names().size()
            << " undisturbed_p99_ms=" << std::llround(undisturbed_)
            << " max_drain_s=" << absl::ToDoubleSeconds(longest) << std::endl;
}

TEST_F(ReplicasTest, WhateverIsKilledIsTakenOverSoon) {
  for (const std::string& name : ToBeKilled()) {
    KillAndMeasure(name == "lanes" ? LanesAreWith() : name);
    if (HasFatalFailure()) break;
    Rest();
  }
  ExpectTheSame();
  std::cout << "figure ha.kill_one services=6 lost=" << lost_
            << " max_recovery_s=" << absl::ToDoubleSeconds(longest_) << " killed=" << killed_
            << " recovered=" << recovered_ << " rate=" << Rate()
            << " undisturbed_p99_ms=" << std::llround(undisturbed_) << std::endl;
}

}  // namespace
}  // namespace cognate::high_availability
