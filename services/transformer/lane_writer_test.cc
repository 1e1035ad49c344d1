#include "services/transformer/lane_writer.h"

#include "absl/time/clock.h"
#include "common/bus/streams.h"
#include "common/worker/worker.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/redis_server.h"
#include "tests/support/status_matchers.h"

namespace cognate::transformer {
namespace {

using test_support::IsOkAndHolds;
using test_support::RedisServer;
using test_support::ValueOrDie;

constexpr int64_t kFull = 3;

class LaneWriterTest : public ::testing::Test {
 protected:
  void SetUp() override { RedisServer::Shared().FlushAll(); }

  LaneOrder Order(const std::string& platform) {
    LaneOrder order;
    order.platform = platform;
    order.batches.push_back(google::protobuf::Arena::CreateMessage<bus::v1::LaneBatch>(&arena_));
    order.batches[0]->add_groups()->add_deliveries()->set_version(7);
    order.deliveries = 1;
    return order;
  }
  void Fill(const std::string& platform) {
    for (int i = 0; i < kFull; ++i) ASSERT_OK(redis_->Add(bus::LaneStream(platform), "x"));
  }
  absl::StatusOr<LaneStandings> Look(const std::vector<LaneOrder>& orders, absl::Duration hold) {
    return LookAtLanes(*redis_, bus::kDefaultPrefix, kFull, orders, hold, stop_);
  }
  std::vector<LaneWrite> Write(const std::vector<LaneOrder>& orders) {
    const LaneStandings standings = ValueOrDie(Look(orders, absl::ZeroDuration()));
    return ValueOrDie(WriteLanes(*redis_, bus::kDefaultPrefix, kFull, orders, standings));
  }

  std::unique_ptr<redis::Client> redis_ = ValueOrDie(redis::Client::Connect(RedisServer::Shared().address()));
  google::protobuf::Arena arena_;
  StopToken stop_;
};

TEST_F(LaneWriterTest, EachLaneTakesWhatItCan) {
  Fill("full");
  ASSERT_OK(redis_->Set(bus::LaneClosedKey("closed"), "down"));
  const std::vector<LaneWrite> writes = Write({Order("open"), Order("full"), Order("closed")});
  ASSERT_EQ(writes.size(), 3u);
  EXPECT_EQ(writes[0].added, 1);
  EXPECT_EQ(writes[1].left_out, 1);
  EXPECT_TRUE(writes[1].full);
  EXPECT_EQ(writes[2].left_out, 1);
  EXPECT_FALSE(writes[2].full);
  EXPECT_THAT(redis_->Length(bus::LaneStream("open")), IsOkAndHolds(1));
  EXPECT_THAT(redis_->Length(bus::LaneStream("full")), IsOkAndHolds(kFull));
  EXPECT_THAT(redis_->Length(bus::LaneStream("closed")), IsOkAndHolds(0));
}

TEST_F(LaneWriterTest, AFullRedisLeavesAllToTheLedger) {
  const auto full =
      ValueOrDie(RedisServer::Start({.arguments = {"--maxmemory", "1", "--maxmemory-policy", "noeviction"}}));
  redis_ = ValueOrDie(redis::Client::Connect(full->address()));
  const std::vector<LaneWrite> writes = Write({Order("open")});
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_EQ(writes[0].added, 0);
  EXPECT_EQ(writes[0].left_out, 1);
  EXPECT_TRUE(writes[0].full);
  EXPECT_THAT(redis_->Length(bus::LaneStream("open")), IsOkAndHolds(0));
}

TEST_F(LaneWriterTest, AFullLaneThatMovesIsWaitedFor) {
  Fill("full");
  Worker target("target", [](StopToken& stop) {
    const auto redis = ValueOrDie(redis::Client::Connect(RedisServer::Shared().address()));
    stop.WaitFor(absl::Milliseconds(20));
    const std::string first = *ValueOrDie(redis->FirstId(bus::LaneStream("full")));
    ASSERT_OK(redis->AckAndDelete(bus::LaneStream("full"), bus::kDeliveryGroup, {first}));
  });
  const LaneStandings standings = ValueOrDie(Look({Order("full")}, absl::Seconds(10)));
  EXPECT_EQ(standings[0].length, kFull - 1);
}

TEST_F(LaneWriterTest, OneThatStandsStillIsNotWaitedForLong) {
  Fill("full");
  const absl::Time start = absl::Now();
  EXPECT_OK(Look({Order("full")}, absl::Minutes(10)));
  EXPECT_LT(absl::Now() - start, absl::Minutes(5));
}

TEST_F(LaneWriterTest, NobodyWaitsWhereAnotherLaneHasRoomOrIsClosed) {
  Fill("full");
  ASSERT_OK(redis_->Set(bus::LaneClosedKey("closed"), "down"));
  const absl::Time start = absl::Now();
  EXPECT_OK(Look({Order("full"), Order("open")}, absl::Minutes(10)));
  EXPECT_OK(Look({Order("full"), Order("closed")}, absl::Minutes(10)));
  EXPECT_LT(absl::Now() - start, absl::Minutes(5));
}

}  // namespace
}  // namespace cognate::transformer
