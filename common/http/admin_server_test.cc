#include "common/http/admin_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include "absl/strings/str_cat.h"

namespace cognate::http {
namespace {

using ::testing::HasSubstr;

class AdminServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server =
        AdminServer::Start({.address = "127.0.0.1:0"}, metrics_, [this] { return readiness_.Ask(); });
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  httplib::Result Get(const char* path) { return httplib::Client("127.0.0.1", server_->port()).Get(path); }

  metrics::Registry metrics_;
  health::Readiness readiness_;
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

TEST_F(AdminServerTest, ShowsMetricsAsText) {
  metrics_.Counters("x_total", "X.").With().Increment();
  const httplib::Result answer = Get("/metrics");
  EXPECT_THAT(answer->body, HasSubstr("cognate_x_total 1"));
  EXPECT_THAT(answer->get_header_value("Content-Type"), HasSubstr("version=0.0.4"));
}

TEST_F(AdminServerTest, SaysItsVersion) { EXPECT_THAT(Get("/version")->body, HasSubstr("\"version\":\"")); }

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
