#include "common/redis/keys.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/redis_server.h"
#include "tests/support/status_matchers.h"

namespace cognate::redis {
namespace {

using test_support::IsOk;
using test_support::IsOkAndHolds;

TEST(KeysTest, AllThatBeginSoAreDeletedAndNothingElse) {
  test_support::RedisServer& server = test_support::RedisServer::Shared();
  server.FlushAll();
  const std::unique_ptr<Client> client = test_support::ValueOrDie(Client::Connect(server.address()));
  for (int i = 0; i < 3'000; ++i) ASSERT_THAT(client->Set(absl::StrCat("a*[b]?lane:{", i, "}"), "1"), IsOk());
  const std::vector<std::string> others = {"axb?lane:{1}", "a*[b]?lan", "b"};
  for (const std::string& key : others) ASSERT_THAT(client->Set(key, "1"), IsOk());
  EXPECT_THAT(DeleteAllBelow({.address = server.address()}, "a*[b]?lane:{"), IsOkAndHolds(3'000));
  EXPECT_THAT(DeleteAllBelow({.address = server.address()}, "a*[b]?lane:{"), IsOkAndHolds(0));
  for (const std::string& key : others) EXPECT_TRUE(client->Get(key)->has_value()) << key;
}

}  // namespace
}  // namespace cognate::redis
