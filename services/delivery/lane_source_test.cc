#include "services/delivery/lane_source.h"

#include "common/bus/streams.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"
#include "tests/support/redis_server.h"
#include "tests/support/status_matchers.h"

namespace cognate::delivery {
namespace {

using test_support::Eventually;
using test_support::RedisServer;
using test_support::ValueOrDie;

// It may be another Redis, that has pending what was acknowledged before: an entry that nobody reads again
// would hold back every refill.
TEST(LaneSourceTest, ReadsWhatIsPendingAgainOnANewConnectionWhoeverNoticedThatTheOldOneWasLost) {
  const auto server =
      ValueOrDie(RedisServer::Start({.persistent = true, .arguments = {"--appendfsync", "always"}}));
  const auto writer = ValueOrDie(redis::Client::Connect(server->address()));
  ASSERT_OK(writer->Add(bus::LaneStream("target", ""), ""));
  LaneSource source({.address = server->address()}, "", "target");
  ASSERT_OK_AND_ASSIGN(const std::vector<LaneEntry> first, source.Next(10, absl::ZeroDuration()));
  ASSERT_EQ(first.size(), 1u);
  ASSERT_OK_AND_ASSIGN(const std::vector<LaneEntry> none, source.Next(10, absl::ZeroDuration()));
  EXPECT_TRUE(none.empty());
  server->Restart();
  ASSERT_TRUE(Eventually([&] { return source.Look().ok(); }));
  ASSERT_OK_AND_ASSIGN(const std::vector<LaneEntry> again, source.Next(10, absl::ZeroDuration()));
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].id, first[0].id);
}

}  // namespace
}  // namespace cognate::delivery
