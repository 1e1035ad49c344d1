// CheckPlatform against real HTTP endpoints.
#include <atomic>
#include <csignal>

#include <nlohmann/json.hpp>
#include <openssl/hmac.h>

#include "absl/strings/escaping.h"
#include "absl/time/clock.h"
#include "services/platform_registry/checks/check_fixture.h"

namespace cognate::platform_registry {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kSecret[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr char kAllFine[] = "secret, address, firewall, connection, tls, key, clock, delivery";

bool IsSigned(const httplib::Request& request) {
  std::string key;
  absl::Base64Unescape(absl::string_view(kSecret).substr(6), &key);
  const std::string content = absl::StrCat(request.get_header_value("webhook-id"), ".",
                                           request.get_header_value("webhook-timestamp"), ".", request.body);
  unsigned char code[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(content.data()), content.size(), code, &size);
  return request.get_header_value("webhook-signature") ==
         absl::StrCat("v1,",
                      absl::Base64Escape(absl::string_view(reinterpret_cast<const char*>(code), size)));
}

std::string HttpDate(absl::Time time) {
  return absl::FormatTime("%a, %d %b %E4Y %H:%M:%S GMT", time, absl::UTCTimeZone());
}

class WebhookChecksTest : public CheckTest {
 protected:
  WebhookChecksTest() {
    std::signal(SIGPIPE, SIG_IGN);
    SetSecret(kSecret);
  }
  void SetSecret(const std::string& text) { std::ofstream(folder_.File("secret")) << text << "\n"; }
  void Add(const std::string& id, const std::string& url, bool allows_private = true) {
    ASSERT_OK(
        Call(&RegistryStub::CreatePlatform,
             absl::StrCat("platform { name: 'platforms/", id,
                          "' kind: PLATFORM_KIND_AGENT capture_mode: CAPTURE_MODE_NONE webhook { url: '", url,
                          "' secrets { file: '", folder_.File("secret"), "' } ",
                          allows_private ? "allow_private_addresses: true" : "", " } }")));
  }
  // What is told of an endpoint that answers like this.
  v1::CheckPlatformResponse CheckOf(int status, const std::string& date = "",
                                    const std::string& location = "") {
    const HttpEndpoint endpoint([&](const httplib::Request& request, httplib::Response& response) {
      is_signed_ = IsSigned(request);
      body_ = request.body;
      response.status = status;
      if (!date.empty()) response.set_header("Date", date);
      if (!location.empty()) response.set_header("Location", location);
      response.set_content("so it is", "text/plain");
    });
    const std::string id = absl::StrCat("hook-", ++platforms_);
    Add(id, absl::StrCat("http://127.0.0.1:", endpoint.port(), "/hook"));
    return Check(id);
  }
  v1::PlatformCheck CheckTls(const Certificate& certificate, const std::string& host) {
    const HttpEndpoint endpoint([](const auto&, auto&) {}, &certificate);
    const std::string id = absl::StrCat("tls-", ++platforms_);
    Add(id, absl::StrCat("https://", host, ":", endpoint.port(), "/hook"));
    return Worst(Check(id));
  }

  const test_support::TempDir folder_{"cgk"};
  int platforms_ = 0;
  bool is_signed_ = false;
  std::string body_;
};

TEST_F(WebhookChecksTest, AnEndpointThatWorksGetsOneSignedPing) {
  const v1::CheckPlatformResponse response = CheckOf(200, HttpDate(absl::Now()));
  EXPECT_EQ(Told(response), kAllFine) << response.DebugString();
  EXPECT_TRUE(is_signed_);
  const auto body = nlohmann::json::parse(body_);
  EXPECT_EQ(body["type"], "cognate.ping");
  EXPECT_EQ(body["data"]["platform"], "hook-1");
  EXPECT_THAT(Step(response, "clock").message(), HasSubstr("ours"));
  EXPECT_EQ(Told(CheckOf(422)), kAllFine) << "it need not know what a ping is";
  EXPECT_THAT(Step(CheckOf(204), "clock").message(), HasSubstr("no header Date"));
}

TEST_F(WebhookChecksTest, AnswersAreToldAsDeliveriesWouldTakeThem) {
  const v1::PlatformCheck refused = Worst(CheckOf(401));
  EXPECT_EQ(refused.reason(), "KEY_REFUSED");
  EXPECT_EQ(refused.message(), "it answered 401 to a ping: so it is");
  EXPECT_EQ(Worst(CheckOf(403)).reason(), "KEY_REFUSED");
  EXPECT_EQ(Worst(CheckOf(404)).reason(), "ENDPOINT_NOT_FOUND");
  EXPECT_EQ(Worst(CheckOf(410)).reason(), "ENDPOINT_GONE");
  EXPECT_EQ(Worst(CheckOf(500)).reason(), "ENDPOINT_FAILED");
  EXPECT_EQ(Told(CheckOf(429)),
            "secret, address, firewall, connection, tls, key warns ENDPOINT_OVERLOADED, clock, delivery");
  const v1::PlatformCheck moved = Worst(CheckOf(301, "", "https://news.example.org/hook"));
  EXPECT_EQ(moved.reason(), "ENDPOINT_REDIRECTED");
  EXPECT_THAT(moved.fix(), HasSubstr("https://news.example.org/hook"));
}

TEST_F(WebhookChecksTest, WhatAStrangerAnswersIsMadeReadable) {
  const HttpEndpoint endpoint([](const auto&, httplib::Response& response) {
    response.status = 500;
    response.set_content("\x1b[2J\xff\n<b>" + std::string(1 << 20, 'x'), "text/html");
  });
  Add("hostile", absl::StrCat("http://127.0.0.1:", endpoint.port(), "/hook"));
  const v1::PlatformCheck told = Worst(Check("hostile"));
  EXPECT_EQ(told.reason(), "ENDPOINT_FAILED");
  EXPECT_THAT(told.message(), HasSubstr("it answered 500 to a ping:  [2J\uFFFD <b>xxx"));
  EXPECT_LT(told.message().size(), 300U);
}

TEST_F(WebhookChecksTest, AClockThatIsOffIsTold) {
  const v1::PlatformCheck warned = Worst(CheckOf(200, HttpDate(absl::Now() - absl::Seconds(60))));
  EXPECT_EQ(warned.status(), v1::PLATFORM_CHECK_STATUS_WARNING);
  EXPECT_EQ(warned.reason(), "CLOCK_SKEW");
  EXPECT_THAT(warned.message(), HasSubstr("behind ours"));
  EXPECT_THAT(Told(CheckOf(200, HttpDate(absl::Now() + absl::Minutes(10)))),
              HasSubstr("clock fails CLOCK_SKEW"));
  const v1::PlatformCheck refused = Worst(CheckOf(401, HttpDate(absl::Now() + absl::Minutes(10))));
  EXPECT_EQ(refused.reason(), "KEY_REFUSED");
  EXPECT_THAT(refused.message(), HasSubstr("signatures look too old"));
  EXPECT_THAT(refused.fix(), HasSubstr("timedatectl"));
}

TEST_F(WebhookChecksTest, SecretsThatAreAwayOrUnfitAreTold) {
  Add("news", "https://news.example.org/hook");
  SetSecret("secret");
  EXPECT_THAT(Told(Check("news")), HasSubstr("secret fails UNFIT_SECRET, address skipped"));
  EXPECT_THAT(Check("news").DebugString(), Not(HasSubstr("'secret'")));
  std::remove(folder_.File("secret").c_str());
  EXPECT_THAT(Told(Check("news")), HasSubstr("secret fails SECRET_UNAVAILABLE, address skipped"));
}

TEST_F(WebhookChecksTest, PrivateAddressesAreRefusedUnlessAllowed) {
  BoundPort port;
  port.Listen();
  for (const std::string host :
       {"127.0.0.1", "localhost", "[::1]", "169.254.169.254", "10.0.0.1", "[::ffff:10.0.0.1]"}) {
    const std::string id = absl::StrCat("inside-", ++platforms_);
    Add(id, absl::StrCat("https://", host, ":", port.port(), "/hook"), /*allows_private=*/false);
    EXPECT_THAT(Told(Check(id)), HasSubstr("secret, address fails PRIVATE_ADDRESS, firewall skipped"))
        << host;
  }
}

TEST_F(WebhookChecksTest, AnUnknownNameARefusedPortAndAFirewallAreToldApart) {
  Add("name", "https://nosuch.invalid/hook");
  EXPECT_THAT(Told(Check("name")), HasSubstr("address fails NAME_UNKNOWN"));
  const BoundPort closed;
  Add("closed", absl::StrCat("http://127.0.0.1:", closed.port(), "/hook"));
  EXPECT_THAT(Told(Check("closed")), HasSubstr("firewall, connection fails CONNECTION_REFUSED"));
  BoundPort hole;
  hole.FillUp();
  Add("hole", absl::StrCat("http://127.0.0.1:", hole.port(), "/hook"));
  const v1::CheckPlatformResponse response = Check("hole");
  EXPECT_THAT(Told(response), HasSubstr("address, firewall fails FIREWALL, connection skipped"));
  EXPECT_THAT(response.conclusion(), HasSubstr("firewall, FIREWALL"));
}

TEST_F(WebhookChecksTest, AnEndpointThatTakesConnectionsAndSaysNothingIsGivenUp) {
  BoundPort silent;
  silent.Listen();
  Add("silent", absl::StrCat("http://127.0.0.1:", silent.port(), "/hook"));
  Add("silent-tls", absl::StrCat("https://127.0.0.1:", silent.port(), "/hook"));
  const absl::Time start = absl::Now();
  EXPECT_THAT(Told(Check("silent")), HasSubstr("tls, key fails TIMED_OUT"));
  EXPECT_THAT(Told(Check("silent-tls")), HasSubstr("connection, tls fails TLS_FAILED"));
  EXPECT_LT(absl::Now() - start, test_support::kPatience);
}

TEST_F(WebhookChecksTest, CertificatesThatAreNotTrustedAreTold) {
  const v1::PlatformCheck own =
      CheckTls(MakeCertificate(folder_, "own", "DNS:localhost", false), "localhost");
  EXPECT_EQ(own.step(), "tls");
  EXPECT_EQ(own.reason(), "TLS_FAILED");
  EXPECT_THAT(own.message(), AllOf(HasSubstr("signed by itself"), Not(HasSubstr("another name"))));
  const v1::PlatformCheck strange =
      CheckTls(MakeCertificate(folder_, "strange", "DNS:localhost", true), "localhost");
  EXPECT_THAT(strange.message(), HasSubstr("authority that is not trusted"));
  const v1::PlatformCheck expired = CheckTls(
      MakeCertificate(folder_, "expired", "DNS:localhost", true, "20200101000000Z", "20210203000000Z"),
      "localhost");
  EXPECT_THAT(expired.message(), HasSubstr("expired on 2021-02-03"));
  const v1::PlatformCheck misnamed =
      CheckTls(MakeCertificate(folder_, "misnamed", "DNS:news.example.org", true), "127.0.0.1");
  EXPECT_THAT(misnamed.message(), HasSubstr("another name than 127.0.0.1: news.example.org"));
}

TEST_F(WebhookChecksTest, AMaintenanceWindowIsToldAsAWarning) {
  const HttpEndpoint endpoint(
      [](const auto&, auto& response) { response.set_header("Date", HttpDate(absl::Now())); });
  Add("news", absl::StrCat("http://127.0.0.1:", endpoint.port(), "/hook"));
  Update("news", "delivery { maintenance_windows { start: '00:00' duration { seconds: 172800 } } }",
         "delivery");
  const v1::CheckPlatformResponse response = Check("news");
  EXPECT_EQ(Told(response),
            "secret, address, firewall, connection, tls, key, clock, delivery warns PLATFORM_LOCKED");
  EXPECT_THAT(Worst(response).message(), HasSubstr("MAINTENANCE"));
  EXPECT_THAT(response.conclusion(), HasSubstr("can take part, with 1 warning"));
}

// No transaction and no connection of the registry's own database is held while a platform hangs.
TEST_F(WebhookChecksTest, ManyChecksOfPlatformsThatHangLeaveTheRegistryFree) {
  BoundPort silent;
  silent.Listen();
  Add("silent", absl::StrCat("http://127.0.0.1:", silent.port(), "/hook"));
  std::vector<std::thread> checks;
  std::atomic<int> done = 0;
  for (int i = 0; i < 20; ++i) {
    checks.emplace_back([&] {
      EXPECT_EQ(Worst(Check("silent")).reason(), "TIMED_OUT");
      ++done;
    });
  }
  const absl::Time start = absl::Now();
  for (int i = 0; i < 50; ++i)
    EXPECT_OK(Call(&RegistryStub::GetPlatform, "name: 'platforms/silent'").status());
  const absl::Duration took = absl::Now() - start;
  std::printf("figure checks.beside calls=50 hanging=20 ms=%.0f done_meanwhile=%d\n",
              absl::ToDoubleMilliseconds(took), done.load());
  EXPECT_LT(took, test_support::kPatience);
  for (std::thread& check : checks) check.join();
}

}  // namespace
}  // namespace cognate::platform_registry
