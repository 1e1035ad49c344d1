#include "common/redis/address.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cognate::redis {
namespace {

using test_support::HasReason;

TEST(ParseAddressTest, ReadsEveryForm) {
  ASSERT_OK_AND_ASSIGN(const Address socket, ParseAddress("unix:/run/redis.sock"));
  EXPECT_EQ(socket.unix_path, "/run/redis.sock");
  ASSERT_OK_AND_ASSIGN(const Address full, ParseAddress("redis://me:p%40ss@redis.example:6380/3"));
  EXPECT_EQ(full.host, "redis.example");
  EXPECT_EQ(full.port, 6380);
  EXPECT_EQ(full.database, 3);
  EXPECT_EQ(full.user, "me");
  EXPECT_EQ(full.password, "p@ss");
  ASSERT_OK_AND_ASSIGN(const Address short_form, ParseAddress("redis://:secret@[::1]"));
  EXPECT_EQ(short_form.host, "::1");
  EXPECT_EQ(short_form.port, 6379);
  EXPECT_EQ(short_form.password, "secret");
  EXPECT_EQ(short_form.user, "");
  ASSERT_OK_AND_ASSIGN(const Address plain, ParseAddress("10.0.0.1:7000"));
  EXPECT_EQ(plain.host, "10.0.0.1");
  EXPECT_EQ(plain.port, 7000);
}

TEST(ParseAddressTest, RefusesTheRestWithoutSayingThePassword) {
  for (const char* text :
       {"", "http://x", "unix:", "rediss://x", "redis://x:y", "redis://x:0", "redis://:secret@x/z"}) {
    const absl::Status status = ParseAddress(text).status();
    EXPECT_THAT(status, HasReason("INVALID_REDIS_ADDRESS")) << text;
    EXPECT_THAT(std::string(status.message()), ::testing::Not(::testing::HasSubstr("secret")));
  }
}

}  // namespace
}  // namespace cognate::redis
