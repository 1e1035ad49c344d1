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

TEST(ParseAddressTest, ReadsSentinelsAndTheNameOfThePrimary) {
  ASSERT_OK_AND_ASSIGN(const Address address,
                       ParseAddress("redis-sentinel://me:p%40ss@one:26380,two,[::1]:5/my-jobs.1/3"));
  EXPECT_THAT(address.sentinels,
              ::testing::ElementsAre(Endpoint{"one", 26380}, Endpoint{"two", 26379}, Endpoint{"::1", 5}));
  EXPECT_EQ(Format(address.sentinels[2]), "[::1]:5");
  EXPECT_EQ(address.primary_name, "my-jobs.1");
  EXPECT_EQ(address.database, 3);
  EXPECT_EQ(address.user, "me");
  EXPECT_EQ(address.password, "p@ss");
  ASSERT_OK_AND_ASSIGN(const Address plain, ParseAddress("redis-sentinel://one/jobs"));
  EXPECT_EQ(plain.database, 0);
  EXPECT_EQ(plain.password, "");
}

TEST(ParseAddressTest, RefusesSentinelsThatCannotBeMeant) {
  for (const char* text :
       {"redis-sentinel://", "redis-sentinel://one", "redis-sentinel://one/", "redis-sentinel:///jobs",
        "redis-sentinel://one,,two/jobs", "redis-sentinel://one:0/jobs", "redis-sentinel://one/my jobs",
        "redis-sentinel://one/jobs/x", "redis-sentinel://:secret@one:x/jobs",
        "redis-sentinel://a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p/jobs"}) {
    const absl::Status status = ParseAddress(text).status();
    EXPECT_THAT(status, HasReason("INVALID_REDIS_ADDRESS")) << text;
    EXPECT_THAT(std::string(status.message()), ::testing::Not(::testing::HasSubstr("secret")));
  }
}

TEST(ParseAddressTest, ReadsTheNodesOfACluster) {
  ASSERT_OK_AND_ASSIGN(const Address address, ParseAddress("redis-cluster://me:p%40ss@one:7000,two,[::1]:5"));
  EXPECT_THAT(address.nodes,
              ::testing::ElementsAre(Endpoint{"one", 7000}, Endpoint{"two", 6379}, Endpoint{"::1", 5}));
  EXPECT_EQ(address.user, "me");
  EXPECT_EQ(address.password, "p@ss");
  EXPECT_FALSE(address.tls);
  EXPECT_OK(ParseAddress("redis-cluster://one/0"));
  for (const char* text :
       {"redis-cluster://", "redis-cluster://one,,two", "redis-cluster://one/1", "redis-cluster://one:0"})
    EXPECT_THAT(ParseAddress(text).status(), HasReason("INVALID_REDIS_ADDRESS")) << text;
}

TEST(ParseAddressTest, ReadsThatTlsIsWanted) {
  ASSERT_OK_AND_ASSIGN(const Address plain, ParseAddress("rediss://cache:6380/2"));
  EXPECT_TRUE(plain.tls);
  EXPECT_EQ(plain.host, "cache");
  EXPECT_EQ(plain.database, 2);
  ASSERT_OK_AND_ASSIGN(const Address sentinels, ParseAddress("rediss-sentinel://one/jobs"));
  EXPECT_TRUE(sentinels.tls);
  EXPECT_EQ(sentinels.primary_name, "jobs");
  ASSERT_OK_AND_ASSIGN(const Address cluster, ParseAddress("rediss-cluster://one"));
  EXPECT_TRUE(cluster.tls);
  EXPECT_EQ(cluster.nodes.size(), 1u);
}

TEST(PrefixTest, AllKeysOfAClusterAreInOneSlot) {
  for (const char* address : {"host:1", "unix:/s", "redis-sentinel://one/jobs", "nonsense://"})
    EXPECT_EQ(PrefixAt(address, "cognate:"), "cognate:") << address;
  EXPECT_EQ(PrefixAt("redis-cluster://one", "cognate:"), "{cognate}:");
  EXPECT_EQ(PrefixAt("rediss-cluster://one", "jobs"), "{jobs}:");
  EXPECT_EQ(PrefixAt("redis-cluster://one", "a{b}c:"), "a{b}c:");
  EXPECT_EQ(PrefixAt("redis-cluster://one", "a{}:"), "{a{}}:");
  EXPECT_EQ(PrefixAt("redis-cluster://one", ""), "{cognate}:");
}

TEST(ParseAddressTest, RefusesTheRestWithoutSayingThePassword) {
  for (const char* text : {"", "http://x", "unix:", "rediss-sentinel://x", "rediss:x", "redis-other://x",
                           "redis://x:y", "redis://x:0", "redis://:secret@x/z"}) {
    const absl::Status status = ParseAddress(text).status();
    EXPECT_THAT(status, HasReason("INVALID_REDIS_ADDRESS")) << text;
    EXPECT_THAT(std::string(status.message()), ::testing::Not(::testing::HasSubstr("secret")));
  }
}

}  // namespace
}  // namespace cognate::redis
