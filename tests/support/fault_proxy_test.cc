#include "tests/support/fault_proxy.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/redis/client.h"
#include "gtest/gtest.h"
#include "tests/support/redis_server.h"
#include "tests/support/status_matchers.h"

namespace cognate::test_support {
namespace {

constexpr absl::Duration kCommandTimeout = absl::Milliseconds(300);

class FaultProxyTest : public ::testing::Test {
 protected:
  std::unique_ptr<redis::Client> Connect() {
    return ValueOrDie(redis::Client::Connect({.address = absl::StrCat("127.0.0.1:", port_),
                                              .connect_timeout = kCommandTimeout,
                                              .command_timeout = kCommandTimeout}));
  }

  RedisServer& redis_ = RedisServer::Shared();
  FaultProxy proxy_;
  const int port_ = proxy_.AddLink(redis_.address());
};

TEST_F(FaultProxyTest, ForwardsAlsoWhatIsLarge) {
  const auto client = Connect();
  const std::string value(8 << 20, 'x');
  ASSERT_OK(client->Set("large", value));
  EXPECT_THAT(client->Get("large"), IsOkAndHolds(std::optional<std::string>(value)));
}

TEST_F(FaultProxyTest, HoldsEachDirectionByItself) {
  const auto client = Connect();
  ASSERT_OK(client->Set("held", "before"));
  proxy_.SetFault(port_, {.holds_answers = true});
  EXPECT_THAT(client->Set("held", "after"), StatusIs(absl::StatusCode::kUnavailable));
  const auto direct = ValueOrDie(redis::Client::Connect(redis_.address()));
  EXPECT_THAT(direct->Get("held"), IsOkAndHolds(std::optional<std::string>("after")));
  // A new connection gets no answer either.
  EXPECT_THAT(client->Ping(), StatusIs(absl::StatusCode::kUnavailable));
  proxy_.SetFault(port_, {.holds_requests = true});
  EXPECT_THAT(client->Ping(), StatusIs(absl::StatusCode::kUnavailable));
  proxy_.SetFault(port_, {});
  EXPECT_OK(client->Ping());
}

TEST_F(FaultProxyTest, DelaysEachDirection) {
  const auto client = Connect();
  proxy_.SetFault(port_, {.delay = absl::Milliseconds(50)});
  const absl::Time start = absl::Now();
  EXPECT_OK(client->Ping());
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(100));
}

TEST_F(FaultProxyTest, CutsWhatIsConnectedAndLetsItConnectAgain) {
  const auto client = Connect();
  ASSERT_OK(client->Ping());
  proxy_.Cut(port_);
  EXPECT_THAT(client->Ping(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_OK(client->Ping());
}

}  // namespace
}  // namespace cognate::test_support
