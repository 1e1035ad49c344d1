#include "absl/strings/str_cat.h"
#include "common/redis/client.h"
#include "common/redis/keys.h"
#include "common/redis/stream_waiter.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"
#include "tests/support/redis_cluster.h"
#include "tests/support/status_matchers.h"

namespace cognate::redis {
namespace {

using test_support::Eventually;
using test_support::HasReason;
using test_support::IsOkAndHolds;
using test_support::RedisCluster;
using test_support::ValueOrDie;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;

std::vector<Client::Addition> ToTwoLanes() { return {{"{c}:lane:1", "a"}, {"{c}:lane:2", "b"}}; }

TEST(ClusterTest, ACallGoesOnAtTheNodeThatHasTheSlot) {
  auto redis = ValueOrDie(RedisCluster::Start());
  auto client = ValueOrDie(Client::Connect(redis->address()));
  // Keys of every node, one after the other.
  for (int i = 0; i < 20; ++i) {
    const std::string key = absl::StrCat("key-", i);
    EXPECT_OK(client->Set(key, key));
    EXPECT_THAT(client->Get(key), IsOkAndHolds(std::optional<std::string>(key)));
  }
  // What concerns several keys of one slot.
  EXPECT_OK(client->AddMany(ToTwoLanes()));
  ASSERT_OK_AND_ASSIGN(const auto standings,
                       client->Standings({{"{c}:lane:1", "{c}:x"}, {"{c}:lane:2", "{c}:y"}}));
  EXPECT_THAT(standings,
              ElementsAre(Field(&Client::Standing::length, 1), Field(&Client::Standing::length, 1)));
  EXPECT_THAT(client->ReadGroup("{c}:lane:1", "delivery", "one", 10, absl::ZeroDuration()),
              IsOkAndHolds(ElementsAre(Field(&Entry::payload, "a"))));
  EXPECT_THAT(DeleteAllBelow({.address = redis->address()}, "{c}:lane:"), IsOkAndHolds(2));
  // Of two slots: whichever node is asked has one of them at the most, and what it has done is not done
  // again.
  EXPECT_FALSE(client->AddMany(std::vector<Client::Addition>{{"key-1", "a"}, {"key-2", "b"}}).ok());
}

TEST(ClusterTest, StreamsThatAreWaitedForAreFoundAlsoAfterTheirSlotHasMoved) {
  auto redis = ValueOrDie(RedisCluster::Start());
  auto client = ValueOrDie(Client::Connect(redis->address()));
  auto waiter = ValueOrDie(StreamWaiter::Connect({.address = redis->address()}));
  const std::vector<std::string> streams = {"{c}:lane:1", "{c}:lane:2"};
  ASSERT_OK(waiter->Ask(streams, absl::Seconds(60)));
  EXPECT_OK(client->Add("{c}:lane:2", "b"));
  EXPECT_THAT(waiter->Take(), IsOkAndHolds(ElementsAre("{c}:lane:2")));
  ASSERT_OK(redis->MoveSlot("{c}:lane:1", redis->OtherThan(redis->HomeOf("{c}:lane:1"))));
  EXPECT_TRUE(Eventually([&] {
    if (!waiter->Ask(streams, absl::Milliseconds(20)).ok()) return false;
    const auto filled = waiter->Take();
    return filled.ok() && *filled == std::vector<std::string>{"{c}:lane:2"};
  }));
}

TEST(ClusterTest, ANodeOfAClusterThatIsNamedAloneSaysWhatToGive) {
  auto redis = ValueOrDie(RedisCluster::Start());
  const int other = redis->OtherThan(redis->HomeOf("key"));
  auto client = ValueOrDie(Client::Connect(redis->AddressOf(other)));
  EXPECT_THAT(client->Set("key", "x"), HasReason("REDIS_IS_CLUSTER"));
}

TEST(ClusterTest, AfterThePrimarysDeathACallGoesToItsReplica) {
  auto redis = ValueOrDie(RedisCluster::Start());
  auto client = ValueOrDie(Client::Connect(redis->address()));
  EXPECT_OK(client->Set("{c}:key", "before"));
  const int home = redis->HomeOf("{c}:key");
  ASSERT_TRUE(Eventually([&] { return redis->Follows(home); }));
  redis->Kill(home);
  EXPECT_THAT(client->Set("{c}:key", "lost"), HasReason("REDIS_UNAVAILABLE"));
  EXPECT_TRUE(Eventually([&] { return client->Set("{c}:key", "after").ok(); }));
  EXPECT_NE(redis->HomeOf("{c}:key"), home);
  auto newcomer = ValueOrDie(Client::Connect(redis->address()));
  EXPECT_THAT(newcomer->Get("{c}:key"), IsOkAndHolds(std::optional<std::string>("after")));
}

TEST(ClusterTest, NothingIsLostNorTwiceWhileTheSlotMoves) {
  auto redis = ValueOrDie(RedisCluster::Start());
  auto client = ValueOrDie(Client::Connect(redis->address()));
  auto reader = ValueOrDie(Client::Connect(redis->address()));
  EXPECT_OK(client->EnsureGroup("{c}:lane", "delivery"));
  int added = 0;
  std::vector<std::string> read;
  const auto work = [&] {
    // A refusal says that nothing was done.
    if (client->Add("{c}:lane", absl::StrCat(added)).ok()) ++added;
    const auto entries = reader->ReadGroup("{c}:lane", "delivery", "one", 100, absl::ZeroDuration());
    for (size_t i = 0; entries.ok() && i < entries->size(); ++i) read.push_back((*entries)[i].payload);
  };
  for (int i = 0; i < 10; ++i) work();
  const int home = redis->HomeOf("{c}:lane");
  ASSERT_OK(redis->MoveSlot("{c}:lane", redis->OtherThan(home)));
  const int before = added;
  EXPECT_TRUE(Eventually([&] {
    work();
    return added >= before + 10 && read.size() >= static_cast<size_t>(added);
  }));
  EXPECT_NE(redis->HomeOf("{c}:lane"), home);
  for (size_t i = 0; i < read.size(); ++i) EXPECT_EQ(read[i], absl::StrCat(i));
  EXPECT_THAT(reader->ReadGroup("{c}:lane", "delivery", "one", 100, absl::ZeroDuration()),
              IsOkAndHolds(IsEmpty()));
}

}  // namespace
}  // namespace cognate::redis
