#include "services/platform_registry/keys/enrolment.h"

#include <atomic>

#include "common/access/secret_text.h"
#include "common/clock/fake_clock.h"
#include "common/clock/time_proto.h"
#include "services/platform_registry/keys/keys_fixture.h"

namespace cognate::platform_registry {
namespace {

using test_support::HasReason;
using test_support::ParseProto;
using test_support::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class EnrolmentTest : public KeysTest {
 protected:
  std::string WrongField(const std::string& request) {
    const auto violations = Violations(Call(&KeyStub::CreateEnrolmentToken, request).status());
    return violations.empty() ? "" : violations[0].field;
  }
};

TEST_F(EnrolmentTest, ATokenBecomesTheKeyOfItsPlatform) {
  const std::string token = Token("allowed_addresses: '203.0.113.0/24' max_rate: 50");
  EXPECT_THAT(token, StartsWith("cgt_"));
  const auto enrolled = Enrol(token);
  ASSERT_OK(enrolled);
  EXPECT_EQ(enrolled->key().role(), v1::ROLE_PLATFORM);
  EXPECT_EQ(enrolled->key().platform(), "till");
  EXPECT_EQ(enrolled->key().display_name(), "the till");
  EXPECT_EQ(enrolled->key().max_rate(), 50);
  EXPECT_THAT(enrolled->key().allowed_addresses(), ElementsAre("203.0.113.0/24"));
  EXPECT_EQ(test_support::ValueOrDie(Verify(enrolled->secret())).principal().name(), enrolled->key().name());
  EXPECT_THAT(Dump(), AllOf(Not(HasSubstr(token.substr(17))), Not(HasSubstr(enrolled->secret().substr(17)))));
}

TEST_F(EnrolmentTest, IsGoodForOneCallAndDoesNotTellWhyItRefuses) {
  const std::string used = Token(), old = Token();
  ASSERT_OK(Enrol(used));
  const absl::Status refusal = Enrol(used).status();
  EXPECT_THAT(refusal, AllOf(StatusIs(absl::StatusCode::kUnauthenticated), HasReason("TOKEN_INVALID")));
  Sql("UPDATE enrolment_tokens SET expire_time = now() WHERE token_id = '" + old.substr(4, 12) + "'");
  for (const std::string& token : {old, access::MakeSecret(access::kTokenPrefix).text,
                                   std::string("cgt_junk"), std::string(), MadeForTill().secret()}) {
    EXPECT_EQ(Enrol(token).status(), refusal) << token;
  }
}

TEST_F(EnrolmentTest, OfManyAtOnceOneWins) {
  const std::string token = Token();
  std::atomic<int> enrolled{0}, refused{0};
  InThreads(8, [&](int) {
    const auto response = Enrol(token);
    if (response.ok()) ++enrolled;
    if (ErrorReason(response.status()) == "TOKEN_INVALID") ++refused;
  });
  EXPECT_EQ(enrolled, 1);
  EXPECT_EQ(refused, 7);
  EXPECT_EQ(test_support::ValueOrDie(Call(&KeyStub::ListKeys, "platform: 'till'")).keys_size(), 1);
}

TEST_F(EnrolmentTest, ATokenStaysGoodWhenThePlatformHasTwoKeys) {
  const std::string token = Token();
  const v1::Key first = MadeForTill().key();
  MadeForTill();
  EXPECT_THAT(Enrol(token), HasReason("TOO_MANY_KEYS"));
  ASSERT_OK(Revoke(first.name()));
  EXPECT_OK(Enrol(token));
}

TEST_F(EnrolmentTest, TellsWhoTriesManyToWait) {
  const std::string token = Token();
  const access::NewSecret guess = access::MakeSecret(access::kTokenPrefix);
  for (int i = 0; i < 10; ++i) EXPECT_THAT(Enrol(guess.text), HasReason("TOKEN_INVALID"));
  const absl::Status status = Enrol(token).status();
  EXPECT_THAT(status, AllOf(StatusIs(absl::StatusCode::kResourceExhausted), HasReason("RATE_LIMITED")));
  EXPECT_GT(RetryDelay(status).value_or(absl::ZeroDuration()), absl::ZeroDuration());
}

TEST_F(EnrolmentTest, AfterTheMinuteOneMayTryAgain) {
  const auto pool = Pool();
  EnrolmentStore store(*pool);
  FakeClock clock;
  FailedAttempts attempts(clock);
  const auto enrol = [&](const std::string& address, const std::string& token) {
    return EnrolPlatform(store, attempts, address,
                         ParseProto<v1::EnrolPlatformRequest>("token: '" + token + "'"))
        .status();
  };
  const std::string token = Token();
  for (int i = 0; i < 10; ++i) EXPECT_THAT(enrol("203.0.113.7", "junk"), HasReason("TOKEN_INVALID"));
  EXPECT_THAT(enrol("203.0.113.7", token), HasReason("RATE_LIMITED"));
  EXPECT_THAT(enrol("203.0.113.8", "junk"), HasReason("TOKEN_INVALID")) << "others are not told to wait";
  clock.Advance(FailedAttempts::kWindow);
  EXPECT_OK(enrol("203.0.113.7", token));
}

TEST_F(EnrolmentTest, LivesAnHourUnlessItIsToldOtherwise) {
  const auto lifetime = [&](const std::string& more) {
    const auto made =
        test_support::ValueOrDie(Call(&KeyStub::CreateEnrolmentToken, "platform: 'till' " + more));
    return absl::ToDoubleMinutes(ToTime(made.expire_time()) - Clock::Real().Now());
  };
  EXPECT_NEAR(lifetime(""), 60, 1);
  EXPECT_NEAR(lifetime("lifetime { seconds: 600 }"), 10, 1);
  EXPECT_EQ(WrongField("platform: 'till' lifetime { seconds: 59 }"), "lifetime");
  EXPECT_EQ(WrongField("platform: 'till' lifetime { seconds: 604801 }"), "lifetime");
  EXPECT_EQ(WrongField("platform: 'till' max_rate: 1e9"), "max_rate");
  EXPECT_EQ(WrongField("platform: 'till' allowed_addresses: 'here'"), "allowed_addresses[0]");
  EXPECT_EQ(WrongField(""), "platform");
  EXPECT_THAT(Call(&KeyStub::CreateEnrolmentToken, "platform: 'nobody'"), HasReason("PLATFORM_NOT_FOUND"));
}

}  // namespace
}  // namespace cognate::platform_registry
