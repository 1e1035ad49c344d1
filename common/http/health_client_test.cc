#include "common/http/health_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include "absl/strings/str_cat.h"
#include "common/http/admin_server.h"

namespace cognate::http {
namespace {

using ::testing::HasSubstr;

class HealthClientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server =
        AdminServer::Start({.address = "127.0.0.1:0"}, metrics_, [this] { return readiness_.Ask(); });
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  absl::StatusOr<Health> Ask(bool ready) {
    return AskHealth({"127.0.0.1", server_->port()}, ready, absl::Seconds(60));
  }

  metrics::Registry metrics_;
  health::Readiness readiness_;
  std::unique_ptr<AdminServer> server_;
};

TEST_F(HealthClientTest, ToldOfLifeAndOfWhatIsReady) {
  readiness_.AddCheck("postgres", [] { return absl::OkStatus(); });
  readiness_.AddCheck("redis", [] { return absl::UnavailableError("refused: by\n127.0.0.1\n"); });
  const absl::StatusOr<Health> life = Ask(false);
  ASSERT_TRUE(life.ok()) << life.status();
  EXPECT_TRUE(life->well);
  EXPECT_TRUE(life->checks.empty());
  const absl::StatusOr<Health> readiness = Ask(true);
  ASSERT_TRUE(readiness.ok()) << readiness.status();
  EXPECT_FALSE(readiness->well);
  ASSERT_EQ(readiness->checks.size(), 2);
  EXPECT_EQ(readiness->checks[0].name, "postgres");
  EXPECT_EQ(readiness->checks[0].trouble, "");
  EXPECT_EQ(readiness->checks[1].name, "redis");
  EXPECT_EQ(readiness->checks[1].trouble, "refused: by 127.0.0.1");
}

TEST_F(HealthClientTest, SaysThatNobodyAnswers) {
  const int port = server_->port();
  server_->Shutdown();
  const absl::Status nobody = AskHealth({"127.0.0.1", port}, true, absl::Seconds(60)).status();
  EXPECT_EQ(nobody.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(nobody.message()), HasSubstr(absl::StrCat("/readyz on 127.0.0.1:", port)));
}

TEST(HealthClientOfOthersTest, IsNotTakenInBySomebodyElse) {
  for (const char* answer : {"", "ok", "not ready", "alive and kicking\n"}) {
    httplib::Server other;
    other.Get("/livez", [&](const httplib::Request&, httplib::Response& response) {
      response.set_content(answer, "text/plain");
    });
    const int port = other.bind_to_any_port("127.0.0.1");
    std::thread serving([&] { other.listen_after_bind(); });
    EXPECT_EQ(AskHealth({"127.0.0.1", port}, false, absl::Seconds(60)).status().code(),
              absl::StatusCode::kFailedPrecondition)
        << answer;
    other.stop();
    serving.join();
  }
}

TEST(AdminAddressTest, IsWhereAProcessOfThisMachineCanBeAsked) {
  const std::vector<std::pair<const char*, const char*>> texts = {{"0.0.0.0:7484", "127.0.0.1:7484"},
                                                                  {":7480", "127.0.0.1:7480"},
                                                                  {"[::]:7480", "[::1]:7480"},
                                                                  {"[::1]:7480", "[::1]:7480"},
                                                                  {"localhost:1", "localhost:1"}};
  for (const auto& [text, read] : texts) EXPECT_EQ(ReadAdminAddress(text).value().Text(), read);
  for (const char* text : {"", "7480", "localhost", "localhost:", "localhost:0", "localhost:65536", "a:-1"})
    EXPECT_EQ(ReadAdminAddress(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
}

}  // namespace
}  // namespace cognate::http
