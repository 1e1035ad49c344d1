// Names, packets, ports and certificates, against real sockets.
#include <csignal>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "services/platform_registry/checks/test_servers.h"
#include "services/platform_registry/checks/tls.h"

namespace cognate::platform_registry {
namespace {

using test_support::HasReason;
using test_support::ValueOrDie;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::vector<Address> Loopback(uint16_t port) {
  Resolver resolver;
  return ValueOrDie(resolver.Resolve("127.0.0.1", port, absl::Seconds(1)));
}

TEST(Reach, ANameThatNobodyKnowsIsToldInTime) {
  Resolver resolver;
  const absl::Time start = absl::Now();
  EXPECT_THAT(resolver.Resolve("nosuch.invalid", 80, absl::Seconds(3)).status(), HasReason("NAME_UNKNOWN"));
  EXPECT_LT(absl::Now() - start, test_support::kPatience);
  EXPECT_THAT(resolver.Resolve("", 80, absl::Seconds(3)).status(), HasReason("NAME_UNKNOWN"));
}

TEST(Reach, NamesAndLiteralsLeadToAddresses) {
  Resolver resolver;
  EXPECT_EQ(ValueOrDie(resolver.Resolve("::1", 80, absl::Seconds(1)))[0].text, "::1");
  EXPECT_FALSE(ValueOrDie(resolver.Resolve("localhost", 80, absl::Seconds(3))).empty());
}

TEST(Reach, AnOpenPortConnectsAndAClosedOneRefuses) {
  BoundPort port;
  EXPECT_EQ(Connect(Loopback(port.port()), absl::Seconds(3))[0].reach, Reach::kRefused);
  port.Listen();
  EXPECT_EQ(Connect(Loopback(port.port()), absl::Seconds(3))[0].reach, Reach::kConnected);
}

TEST(Reach, WhatAnswersNothingIsGivenUpInTimeAndHoldsUpNoOther) {
  BoundPort hole, open;
  hole.FillUp();
  open.Listen();
  std::vector<Address> both = Loopback(hole.port());
  both.push_back(Loopback(open.port())[0]);
  const absl::Time start = absl::Now();
  const std::vector<Reached> all = Connect(both, absl::Milliseconds(500));
  EXPECT_EQ(all[0].reach, Reach::kNoAnswer);
  EXPECT_EQ(all[1].reach, Reach::kConnected);
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(450));
  const absl::Time again = absl::Now();
  EXPECT_EQ(Connect(both, absl::Minutes(5), /*first=*/true)[1].reach, Reach::kConnected);
  EXPECT_LT(absl::Now() - again, test_support::kPatience);
}

TEST(Reach, NoWayLeadsToAnAddressWithoutARoute) {
  Resolver resolver;
  const auto addresses = ValueOrDie(resolver.Resolve("fe80::1234", 80, absl::Seconds(1)));
  // A link-local address without its link has no route, on any machine.
  const Reach reach = Connect(addresses, absl::Milliseconds(500))[0].reach;
  EXPECT_TRUE(reach == Reach::kUnreachable || reach == Reach::kRefused);
}

TEST(Reach, LocalSocketsAreTriedByTheirPath) {
  const auto address = ValueOrDie(SocketAddress("/nosuch/.s.PGSQL.5432"));
  EXPECT_EQ(Connect({address}, absl::Seconds(1))[0].reach, Reach::kRefused);
  EXPECT_THAT(SocketAddress(std::string(200, 'x')).status(), HasReason("NAME_UNKNOWN"));
}

class HandshakeTest : public ::testing::Test {
 protected:
  HandshakeTest() { std::signal(SIGPIPE, SIG_IGN); }
  absl::StatusOr<TlsSeen> Try(const Certificate& certificate, const std::string& roots,
                              const std::string& host) {
    const HttpEndpoint endpoint([](const auto&, auto&) {}, &certificate);
    const std::vector<Reached> reached = Connect(Loopback(endpoint.port()), absl::Seconds(3));
    EXPECT_EQ(reached[0].reach, Reach::kConnected);
    return Handshake(reached[0].socket, host, roots, absl::Now(), absl::Seconds(3));
  }
  test_support::TempDir folder_{"cgc"};
};

TEST_F(HandshakeTest, ATrustedCertificateIsTakenForItsNamesAndAddresses) {
  const Certificate good = MakeCertificate(folder_, "good", "DNS:news.example.org,IP:127.0.0.1", true);
  const TlsSeen seen = ValueOrDie(Try(good, good.authority, "news.example.org"));
  EXPECT_THAT(seen.version, HasSubstr("TLSv1."));
  EXPECT_EQ(absl::FormatTime("%Y", seen.expires, absl::UTCTimeZone()), "2099");
  EXPECT_OK(Try(good, good.authority, "127.0.0.1").status());
}

TEST_F(HandshakeTest, ExpiredUnknownAndWronglyNamedCertificatesAreToldApart) {
  const Certificate good = MakeCertificate(folder_, "good", "DNS:news.example.org", true);
  EXPECT_THAT(Try(good, good.authority, "shop.example.org").status(),
              AllOf(HasReason("TLS_FAILED"), HasReason("TLS_FAILED")));
  EXPECT_EQ(Try(good, good.authority, "shop.example.org").status().message(),
            "the certificate is for another name than shop.example.org: news.example.org");
  const Certificate other = MakeCertificate(folder_, "other", "DNS:news.example.org", true);
  EXPECT_EQ(Try(good, other.authority, "news.example.org").status().message(),
            "the certificate is signed by an authority that is not trusted here, or its chain is not sent");
  const Certificate own = MakeCertificate(folder_, "own", "DNS:news.example.org", false);
  EXPECT_EQ(Try(own, other.authority, "news.example.org").status().message(),
            "the certificate is signed by itself, by no authority that is trusted here");
  const Certificate old =
      MakeCertificate(folder_, "old", "DNS:news.example.org", true, "20200101000000Z", "20210203000000Z");
  EXPECT_EQ(Try(old, old.authority, "news.example.org").status().message(),
            "the certificate has expired on 2021-02-03");
  const Certificate early =
      MakeCertificate(folder_, "early", "DNS:news.example.org", true, "20900101000000Z", "20990101000000Z");
  EXPECT_EQ(Try(early, early.authority, "news.example.org").status().message(),
            "the certificate is not valid before 2090-01-01");
}

TEST_F(HandshakeTest, EverythingThatIsWrongIsToldAtOnce) {
  const Certificate bad =
      MakeCertificate(folder_, "bad", "DNS:news.example.org", false, "20200101000000Z", "20210203000000Z");
  const Certificate other = MakeCertificate(folder_, "other", "DNS:news.example.org", true);
  const std::string message(Try(bad, other.authority, "shop.example.org").status().message());
  EXPECT_THAT(message, HasSubstr("expired"));
  EXPECT_THAT(message, HasSubstr("signed by itself"));
  EXPECT_THAT(message, HasSubstr("another name"));
}

TEST_F(HandshakeTest, AServerThatSpeaksNoTlsOrNothingAtAllIsToldInTime) {
  const Certificate any = MakeCertificate(folder_, "any", "DNS:a", true);
  const HttpEndpoint plain([](const auto&, auto&) {});
  const std::vector<Reached> to_plain = Connect(Loopback(plain.port()), absl::Seconds(3));
  EXPECT_THAT(Handshake(to_plain[0].socket, "a", any.authority, absl::Now(), absl::Seconds(3)).status(),
              HasReason("TLS_FAILED"));
  BoundPort silent;
  silent.Listen();
  const std::vector<Reached> to_silent = Connect(Loopback(silent.port()), absl::Seconds(3));
  const absl::Time start = absl::Now();
  EXPECT_THAT(
      Handshake(to_silent[0].socket, "a", any.authority, absl::Now(), absl::Milliseconds(300)).status(),
      HasReason("TLS_FAILED"));
  EXPECT_LT(absl::Now() - start, test_support::kPatience);
}

}  // namespace
}  // namespace cognate::platform_registry
