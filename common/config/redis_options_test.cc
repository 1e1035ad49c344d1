#include "common/config/redis_options.h"

#include "gtest/gtest.h"
#include "tests/support/redis_server.h"
#include "tests/support/status_matchers.h"

namespace cognate::config {
namespace {

Redis Settings(const std::string& address, const std::string& password) {
  Redis redis;
  redis.address = address;
  redis.password = password;
  return redis;
}

TEST(RedisOptionsTest, TheSeparatePasswordIsHandedOnAsItIsWhateverTheAddressLooksLike) {
  for (const char* address :
       {"cache:6379", "unix:/run/redis.sock", "redis://cache", "redis://:other@cache"}) {
    const redis::Options options = RedisOptions(Settings(address, "p%41:@/ss"));
    EXPECT_EQ(options.address, address);
    EXPECT_EQ(options.password, "p%41:@/ss");
  }
}

// A server without passwords refuses whoever comes with one: so it was sent.
TEST(RedisOptionsTest, TheSeparatePasswordReachesTheServer) {
  const std::string address = test_support::RedisServer::Shared().address();
  EXPECT_OK(redis::Client::Connect(RedisOptions(Settings(address, ""))));
  EXPECT_FALSE(redis::Client::Connect(RedisOptions(Settings(address, "secret"))).ok());
}

}  // namespace
}  // namespace cognate::config
