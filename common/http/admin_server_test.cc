#include "common/http/admin_server.h"

#include <cerrno>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "common/http/log_level_client.h"
#include "common/log/log.h"
#include "tests/support/eventually.h"

namespace cognate::http {
namespace {

using ::testing::HasSubstr;

class AdminServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = AdminServer::Start(
        {.address = "127.0.0.1:0",
         .log_level_changed =
             [this](const LogLevelChange& change) {
               changes_.push_back(absl::StrCat(change.address, ": ", change.from, " to ", change.to));
             }},
        metrics_, [this] { return readiness_.Ask(); });
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  httplib::Result Get(const char* path) { return httplib::Client("127.0.0.1", server_->port()).Get(path); }

  metrics::Registry metrics_;
  health::Readiness readiness_;
  std::vector<std::string> changes_;
  std::unique_ptr<AdminServer> server_;
};

TEST_F(AdminServerTest, IsAliveWhileItAnswers) {
  const httplib::Result answer = Get("/livez");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
}

TEST_F(AdminServerTest, IsReadyAndSaysWhatWasAsked) {
  readiness_.AddCheck("postgres", [] { return absl::OkStatus(); });
  const httplib::Result answer = Get("/readyz");
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "ready\npostgres: ok\n");
}

TEST_F(AdminServerTest, IsNotReadyAndSaysWhy) {
  readiness_.AddCheck("postgres", [] { return absl::OkStatus(); });
  readiness_.AddCheck("redis", [] { return absl::UnavailableError("connection refused"); });
  const httplib::Result answer = Get("/readyz");
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(answer->body, "not ready\npostgres: ok\nredis: connection refused\n");
}

TEST_F(AdminServerTest, TakesCallsWhileAStageStandsStill) {
  readiness_.AddCheck(
      "postgres", [] { return absl::OkStatus(); }, health::Concern::kCalls);
  readiness_.AddCheck("stream", [] { return absl::UnavailableError("1 waiting"); });
  EXPECT_EQ(Get("/readyz")->status, 503);
  EXPECT_EQ(Get("/readyz/calls")->status, 200);
  EXPECT_EQ(Get("/readyz/calls")->body, "ready\npostgres: ok\n");
  readiness_.AddCheck(
      "postgres", [] { return absl::UnavailableError("gone"); }, health::Concern::kCalls);
  EXPECT_EQ(Get("/readyz/calls")->status, 503);
}

TEST_F(AdminServerTest, ShowsMetricsAsText) {
  metrics_.Counters("x_total", "X.").With().Increment();
  const httplib::Result answer = Get("/metrics");
  EXPECT_THAT(answer->body, HasSubstr("cognate_x_total 1"));
  EXPECT_THAT(answer->get_header_value("Content-Type"), HasSubstr("version=0.0.4"));
}

TEST_F(AdminServerTest, SaysItsVersion) { EXPECT_THAT(Get("/version")->body, HasSubstr("\"version\":\"")); }

TEST_F(AdminServerTest, SetsTheLevelOfTheLogForThisMachine) {
  const std::string admin = absl::StrCat("127.0.0.1:", server_->port());
  EXPECT_EQ(*AskLogLevel(admin, ""), "info");
  EXPECT_EQ(*AskLogLevel(admin, "warn"), "warn");
  EXPECT_EQ(log::GetLevel(), log::Level::kWarn);
  EXPECT_EQ(Get("/log-level")->body, "warn\n");
  EXPECT_EQ(changes_, std::vector<std::string>{"127.0.0.1: info to warn"});
  EXPECT_EQ(AskLogLevel(admin, "loud").status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(log::GetLevel(), log::Level::kWarn);
  EXPECT_EQ(*AskLogLevel(admin, "info"), "info");
  EXPECT_EQ(AskLogLevel("127.0.0.1:1", "").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(AskLogLevel("nonsense", "").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(AdminServerTest, SetsNoLevelForOthersNorForPagesInABrowser) {
  httplib::Client client("127.0.0.1", server_->port());
  EXPECT_EQ(client.Put("/log-level", "error", "text/plain")->status, 403) << "without the mark";
  const httplib::Headers rebound = {{"X-Cognate-Admin", "1"}, {"Host", "evil.example.org"}};
  EXPECT_EQ(client.Put("/log-level", rebound, "error", "text/plain")->status, 403);
  LogLevelChange change;
  for (const char* address :
       {"10.0.0.7", "::ffff:10.0.0.7", "", "local", "2001:db8::1", "127.8.9.1", "::ffff:127.0.0.2"})
    EXPECT_EQ(SetLogLevel({address, "localhost:7480", true, "error"}, &change).status, 403) << address;
  for (const char* address : {"127.0.0.1", "::1", "::ffff:127.0.0.1"})
    EXPECT_EQ(SetLogLevel({address, "[::1]:7480", true, " info\n"}, &change).status, 200) << address;
  for (const char* host : {"", "localhost.example.org:80", "127.0.0.1.example.org", "[::2]:80"})
    EXPECT_EQ(SetLogLevel({"::1", host, true, "info"}, &change).status, 403) << host;
  EXPECT_EQ(log::GetLevel(), log::Level::kInfo);
}

TEST_F(AdminServerTest, SetsNoLevelWhereThatIsTurnedOff) {
  const auto server = AdminServer::Start({.address = "127.0.0.1:0", .log_level_changes = false}, metrics_,
                                         [] { return std::vector<health::Readiness::Answer>(); });
  ASSERT_TRUE(server.ok()) << server.status();
  const std::string admin = absl::StrCat("127.0.0.1:", (*server)->port());
  const absl::Status refused = AskLogLevel(admin, "error").status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("--log-level-changes=false"));
  EXPECT_EQ(*AskLogLevel(admin, ""), "info");
  EXPECT_EQ(log::GetLevel(), log::Level::kInfo);
}

// A client that sends a part of a request, and then a byte now and then.
class SlowClient {
 public:
  SlowClient(const std::string& from, int port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    inet_pton(AF_INET, from.c_str(), &address.sin_addr);
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    address.sin_port = htons(static_cast<uint16_t>(port));
    EXPECT_EQ(connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    Send("GET /livez HTTP/1.1\r\nHost: a\r\nX: ");
  }
  ~SlowClient() { close(socket_); }

  void Send(absl::string_view text) const { send(socket_, text.data(), text.size(), MSG_NOSIGNAL); }
  // Whether the server has ended the connection.
  bool IsClosed() const {
    char byte = 0;
    return recv(socket_, &byte, 1, MSG_DONTWAIT) == 0 || (errno != EAGAIN && errno != EINTR);
  }

 private:
  const int socket_;
};

TEST_F(AdminServerTest, OneMachineWithSlowConnectionsKeepsNobodyFromAsking) {
  std::vector<std::unique_ptr<SlowClient>> slow;
  for (int i = 0; i < 100; ++i) slow.push_back(std::make_unique<SlowClient>("127.0.0.7", server_->port()));
  const httplib::Result answer = Get("/livez");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
}

TEST_F(AdminServerTest, ARequestThatDripsIsEndedHoweverItGoesOn) {
  const auto server = AdminServer::Start({.address = "127.0.0.1:0", .request_time = absl::Milliseconds(200)},
                                         metrics_, [] { return std::vector<health::Readiness::Answer>(); });
  ASSERT_TRUE(server.ok()) << server.status();
  const SlowClient slow("127.0.0.1", (*server)->port());
  EXPECT_TRUE(test_support::Eventually([&] {
    slow.Send("x");
    return slow.IsClosed();
  }));
}

TEST_F(AdminServerTest, KnowsNothingElse) { EXPECT_EQ(Get("/secret")->status, 404); }

TEST_F(AdminServerTest, RefusesAPortThatIsTaken) {
  const std::string taken = absl::StrCat("127.0.0.1:", server_->port());
  const auto second = AdminServer::Start({.address = taken}, metrics_,
                                         [] { return std::vector<health::Readiness::Answer>(); });
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(taken));
}

TEST_F(AdminServerTest, StopsAtOnceAndTwice) {
  server_->Shutdown();
  server_->Shutdown();
  EXPECT_FALSE(Get("/livez"));
}

}  // namespace
}  // namespace cognate::http
