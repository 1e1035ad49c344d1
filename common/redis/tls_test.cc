#include "common/redis/tls.h"

#include "absl/strings/str_cat.h"
#include "common/redis/client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/certificates.h"
#include "tests/support/free_port.h"
#include "tests/support/redis_sentinels.h"
#include "tests/support/redis_server.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace cognate::redis {
namespace {

using test_support::Authority;
using test_support::FreePort;
using test_support::HasReason;
using test_support::IsOkAndHolds;
using test_support::RedisServer;
using test_support::ValueOrDie;
using ::testing::HasSubstr;

class TlsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    test_support::ReplaceFile(directory_.File("ca.pem"), authority_.Certificate());
    authority_.IssueInto(directory_.File("client"));
  }
  // With a certificate for these names; wants one of its clients where `mutual`.
  void Start(const std::vector<std::string>& names, bool mutual = false) {
    authority_.IssueInto(directory_.File("server"), {.names = names});
    port_ = FreePort();
    server_ = ValueOrDie(RedisServer::Start(
        {.arguments = {"--tls-port", absl::StrCat(port_), "--bind", "127.0.0.1", "--tls-cert-file",
                       directory_.File("server.pem"), "--tls-key-file", directory_.File("server.key"),
                       "--tls-ca-cert-file", directory_.File("ca.pem"), "--tls-auth-clients",
                       mutual ? "yes" : "no"}}));
  }
  Options Named(const std::string& host) const {
    return {.address = absl::StrCat("rediss://", host, ":", port_),
            .tls_files = {.ca = directory_.File("ca.pem")}};
  }

  const Authority authority_;
  test_support::TempDir directory_{"tls"};
  int port_ = 0;
  std::unique_ptr<RedisServer> server_;
};

TEST_F(TlsTest, SpeaksByTlsWithAServerThatTheAuthorityVouchesFor) {
  Start({"localhost", "127.0.0.1"});
  for (const char* const host : {"localhost", "127.0.0.1"}) {
    auto client = ValueOrDie(Client::Connect(Named(host)));
    // Larger than any piece of TLS, both ways.
    const std::string large(3 << 20, 'x');
    EXPECT_OK(client->Set("large", large));
    EXPECT_THAT(client->Get("large"), IsOkAndHolds(std::optional<std::string>(large)));
    std::vector<std::string> many(10'000, "entry");
    EXPECT_OK(client->AddMany("lane", many));
    ASSERT_OK_AND_ASSIGN(const auto entries,
                         client->ReadGroup("lane", "delivery", host, 20'000, absl::ZeroDuration()));
    EXPECT_EQ(entries.size(), 10'000u);
    EXPECT_OK(client->ReadGroup("lane", "delivery", host, 1, absl::Milliseconds(20)));
  }
}

TEST_F(TlsTest, RefusesAServerThatNobodyVouchesFor) {
  Start({"localhost", "127.0.0.1"});
  Options options = Named("localhost");
  const Authority other;
  test_support::ReplaceFile(directory_.File("other.pem"), other.Certificate());
  options.tls_files.ca = directory_.File("other.pem");
  const absl::Status status = Client::Connect(options).status();
  EXPECT_THAT(status, HasReason("REDIS_TLS_REFUSED"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("--redis-ca-file"));
  options.tls_files.ca = "";  // whom the machine trusts
  EXPECT_THAT(Client::Connect(options).status(), HasReason("REDIS_TLS_REFUSED"));
  options.tls_files.ca = directory_.File("nothing.pem");
  EXPECT_THAT(Client::Connect(options).status(), HasReason("REDIS_TLS_REFUSED"));
}

TEST_F(TlsTest, RefusesACertificateOfAnotherName) {
  Start({"redis.example"});
  for (const char* const host : {"localhost", "127.0.0.1"}) {
    const absl::Status status = Client::Connect(Named(host)).status();
    EXPECT_THAT(status, HasReason("REDIS_TLS_REFUSED")) << host;
    EXPECT_THAT(std::string(status.message()), HasSubstr("mismatch")) << host;
  }
}

TEST_F(TlsTest, ShowsItsOwnCertificateWhereTheServerWantsOne) {
  Start({"localhost"}, /*mutual=*/true);
  Options options = Named("localhost");
  const auto without = Client::Connect(options);
  // By TLS 1.3 the refusal comes with the first answer.
  EXPECT_FALSE(without.ok() && (*without)->Ping().ok());
  options.tls_files.certificate = directory_.File("client.pem");
  options.tls_files.key = directory_.File("client.key");
  auto client = ValueOrDie(Client::Connect(options));
  EXPECT_OK(client->Ping());
}

TEST_F(TlsTest, ConnectsAnewWhenTheServerComesBackWithARenewedCertificate) {
  Start({"localhost"});
  auto client = ValueOrDie(Client::Connect(Named("localhost")));
  EXPECT_OK(client->Ping());
  server_->Kill();
  EXPECT_THAT(client->Ping(), HasReason("REDIS_UNAVAILABLE"));
  authority_.IssueInto(directory_.File("server"), {.names = {"localhost"}});
  server_->StartAgain();
  EXPECT_OK(client->Ping());
}

TEST_F(TlsTest, SaysWhereOneOfBothSpeaksNoTls) {
  Start({"localhost"});
  const absl::Status plain = Client::Connect(absl::StrCat("redis://localhost:", port_, "/1")).status();
  EXPECT_FALSE(plain.ok());
  const int port = FreePort();
  const auto open =
      ValueOrDie(RedisServer::Start({.arguments = {"--port", absl::StrCat(port), "--bind", "127.0.0.1"}}));
  Options options = Named("localhost");
  options.address = absl::StrCat("rediss://localhost:", port);
  options.command_timeout = absl::Seconds(2);
  const absl::Status status = Client::Connect(options).status();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), ::testing::AnyOf(HasSubstr("TLS"), HasSubstr("no answer")));
}

}  // namespace
}  // namespace cognate::redis
