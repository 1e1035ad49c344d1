// The primary Redis is killed while changes flow; the sentinels make its replica the primary, which may have
// lost what was acknowledged last. Nothing may be lost, doubled or different in the end.
#include "gtest/gtest.h"
#include "tests/faults/prove.h"
#include "tests/high_availability/size.h"
#include "tests/support/eventually.h"
#include "tests/support/redis_cluster.h"
#include "tests/support/redis_sentinels.h"
#include "tests/support/status_matchers.h"

namespace cognate::high_availability {
namespace {

using faults::World;
using test_support::Eventually;
using test_support::RedisCluster;
using test_support::RedisSentinels;

constexpr char kKey[] = "{cognate}:changes";  // one of the cluster's slot

TEST(HighAvailability, NothingIsLostWhenThePrimaryRedisDies) {
  auto redis = test_support::ValueOrDie(RedisSentinels::Start());
  faults::Surroundings surroundings = Sized();
  surroundings.servers.redis_address = redis->address();
  const auto fail_over = [&](World& world) {
    world.Pause(2'000, 5'000);
    EXPECT_TRUE(Eventually([&] { return redis->Follows(); }));
    const int old_primary = redis->Primary();
    const absl::Time lost = absl::Now();
    redis->Kill(old_primary);
    EXPECT_TRUE(Eventually([&] { return redis->Primary() != old_primary; }));
    MeasureRecovery(world, lost);
    // Comes back as a replica of the other one, for the next seed.
    EXPECT_OK(redis->StartAgain(old_primary));
  };
  faults::Prove("ha.redis_failover", fail_over, surroundings);
}

// All that is Cognate's lies on one primary of a cluster, which is killed.
TEST(HighAvailability, NothingIsLostWhenAPrimaryOfARedisClusterDies) {
  auto redis = test_support::ValueOrDie(RedisCluster::Start());
  faults::Surroundings surroundings = Sized();
  surroundings.servers.redis_address = redis->address();
  const auto fail_over = [&](World& world) {
    world.Pause(2'000, 5'000);
    const int home = redis->HomeOf(kKey);
    EXPECT_TRUE(Eventually([&] { return redis->Follows(home); }));
    const absl::Time lost = absl::Now();
    redis->Kill(home);
    EXPECT_TRUE(Eventually([&] {
      const int now = redis->HomeOf(kKey);
      return now >= 0 && now != home;
    }));
    MeasureRecovery(world, lost);
    EXPECT_OK(redis->StartAgain(home));
  };
  faults::Prove("ha.redis_cluster", fail_over, surroundings);
}

// The replica has not followed for a while when it becomes the primary: streams, groups and marks are as they
// were then.
TEST(HighAvailability, NothingIsLostWhenRedisGoesBackInTime) {
  auto redis = test_support::ValueOrDie(RedisSentinels::Start());
  faults::Surroundings surroundings = Sized();
  surroundings.servers.redis_address = redis->address();
  const auto go_back = [&](World& world) {
    world.Pause(1'000, 2'000);
    EXPECT_TRUE(Eventually([&] { return redis->Follows(); }));
    const int old_primary = redis->Primary();
    const int replica = 1 - old_primary;
    EXPECT_OK(redis->StopReplication(old_primary));
    absl::SleepFor(absl::Seconds(3));  // The fault itself: how far it goes back.
    const absl::Time lost = absl::Now();
    redis->Kill(old_primary);
    EXPECT_TRUE(Eventually([&] { return redis->Primary() == replica; }));
    MeasureRecovery(world, lost);
    EXPECT_OK(redis->StartAgain(old_primary));
  };
  faults::Prove("ha.redis_stale", go_back, surroundings);
}

}  // namespace
}  // namespace cognate::high_availability
