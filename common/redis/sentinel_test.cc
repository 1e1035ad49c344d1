#include "common/redis/sentinel.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/redis/client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"
#include "tests/support/free_port.h"
#include "tests/support/redis_sentinels.h"
#include "tests/support/redis_server.h"
#include "tests/support/status_matchers.h"

namespace cognate::redis {
namespace {

using test_support::Eventually;
using test_support::FreePort;
using test_support::HasReason;
using test_support::IsOkAndHolds;
using test_support::RedisSentinels;
using test_support::RedisServer;
using test_support::ValueOrDie;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;

TEST(SentinelTest, ACallGoesToThePrimaryAndAfterItsDeathToTheNext) {
  auto redis = ValueOrDie(RedisSentinels::Start());
  auto client = ValueOrDie(Client::Connect(redis->address()));
  EXPECT_OK(client->Set("key", "before"));
  EXPECT_EQ(client->connections(), 1);
  // Until the replica has it: what is lost is not for this test.
  auto replica = ValueOrDie(Client::Connect(redis->AddressOf(1)));
  ASSERT_TRUE(Eventually([&] { return replica->Get("key").value_or(std::nullopt).has_value(); }));
  redis->Kill(0);
  EXPECT_THAT(client->Set("key", "lost"), HasReason("REDIS_UNAVAILABLE"));
  EXPECT_TRUE(Eventually([&] { return client->Set("key", "after").ok(); }));
  EXPECT_TRUE(Eventually([&] { return redis->Primary() == 1; }));  // as all of the sentinels have it
  EXPECT_GE(client->connections(), 2);
  auto promoted = ValueOrDie(Client::Connect(redis->AddressOf(1)));
  EXPECT_THAT(promoted->Get("key"), IsOkAndHolds(std::optional<std::string>("after")));
  redis->KillSentinel(0);  // the other two are enough
  auto newcomer = ValueOrDie(Client::Connect(redis->address()));
  EXPECT_THAT(newcomer->Get("key"), IsOkAndHolds(std::optional<std::string>("after")));
}

TEST(SentinelTest, APrimaryThatBecomesAReplicaIsLeftThoughItLives) {
  auto redis = ValueOrDie(RedisSentinels::Start());
  auto client = ValueOrDie(Client::Connect(redis->address()));
  EXPECT_OK(client->EnsureGroup("lane", "delivery"));
  ASSERT_TRUE(Eventually([&] { return redis->FailOver().ok(); }));
  ASSERT_TRUE(Eventually([&] { return redis->Primary() == 1; }));
  // Until then the old one takes it, and forgets it.
  EXPECT_TRUE(Eventually([&] {
    if (!client->Add("lane", "new").ok()) return false;
    const auto second = Client::Connect(redis->AddressOf(1));
    return second.ok() && (*second)->Length("lane").value_or(0) > 0;
  }));
  EXPECT_THAT(client->ReadGroup("lane", "delivery", "one", 10, absl::Seconds(1)),
              IsOkAndHolds(Contains(Field(&Entry::payload, "new"))));
}

TEST(SentinelTest, RedisAndItsSentinelsHavePasswordsOfTheirOwn) {
  auto redis =
      ValueOrDie(RedisSentinels::Start({.password = "of-redis", .sentinel_password = "of-sentinels"}));
  Options options{.address = redis->address(), .password = "of-redis", .sentinel_password = "of-sentinels"};
  EXPECT_OK(Client::Connect(options));
  Options wrong = options;
  wrong.sentinel_password = "guessed";
  const absl::Status refused = Client::Connect(wrong).status();
  EXPECT_THAT(refused, HasReason("REDIS_LOGIN_REFUSED"));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("--redis-sentinel-password-file"));
  EXPECT_THAT(std::string(refused.message()), ::testing::Not(HasSubstr("guessed")));
  wrong = options;
  wrong.password = "guessed";
  const absl::Status primary = Client::Connect(wrong).status();
  EXPECT_THAT(primary, HasReason("REDIS_LOGIN_REFUSED"));
  EXPECT_THAT(std::string(primary.message()), HasSubstr(redis->AddressOf(0)));
}

TEST(SentinelTest, SaysWhichSentinelsDoNotAnswerAndWhichNameTheyDoNotKnow) {
  const std::string nobody = absl::StrCat("127.0.0.1:", FreePort());
  const absl::Status alone = Client::Connect(absl::StrCat("redis-sentinel://", nobody, "/jobs")).status();
  EXPECT_THAT(alone, HasReason("REDIS_SENTINEL_UNAVAILABLE"));
  EXPECT_THAT(std::string(alone.message()), HasSubstr(nobody));
  auto redis = ValueOrDie(RedisSentinels::Start());
  std::string other = redis->address();
  other.replace(other.rfind('/') + 1, std::string::npos, "orders");
  const absl::Status unknown = Client::Connect(other).status();
  EXPECT_THAT(unknown, HasReason("REDIS_PRIMARY_UNKNOWN"));
  EXPECT_THAT(std::string(unknown.message()), HasSubstr("\"orders\""));
  // The dead one is asked first, and the next one answers.
  std::string with_dead = redis->address();
  with_dead.replace(0, std::string("redis-sentinel://").size(),
                    absl::StrCat("redis-sentinel://", nobody, ","));
  EXPECT_OK(Client::Connect(with_dead));
}

TEST(SentinelTest, WhatIsNoSentinelIsSaidToBeNone) {
  const int port = FreePort();
  auto server = ValueOrDie(RedisServer::Start({.arguments = {"--port", absl::StrCat(port)}}));
  const absl::Status status =
      Client::Connect(absl::StrCat("redis-sentinel://127.0.0.1:", port, "/jobs")).status();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr(absl::StrCat("127.0.0.1:", port)));
}

}  // namespace
}  // namespace cognate::redis
