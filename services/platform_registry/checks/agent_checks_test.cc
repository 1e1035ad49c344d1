// What is said of agents, clocks and schemas: pure functions.
#include "services/platform_registry/checks/agent_checks.h"

#include "cognate/v1/key_service.grpc.pb.h"
#include "common/clock/fake_clock.h"
#include "gmock/gmock.h"
#include "services/platform_registry/checks/check_fixture.h"
#include "services/platform_registry/checks/schema_check.h"

namespace cognate::platform_registry {
namespace {

using ::testing::HasSubstr;

class AgentChecksTest : public ::testing::Test {
 protected:
  v1::CheckPlatformResponse CheckWith(const LiveKeysOf& keys) {
    v1::Platform platform;
    platform.set_name("platforms/till");
    Checklist list(clock_, clock_.Now() + absl::Seconds(30));
    CheckAgent({keys, clock_}, platform, list);
    return list.Take("till");
  }
  v1::CheckPlatformResponse CheckWith(const LiveKeys& keys) {
    return CheckWith([&](absl::string_view platform) {
      EXPECT_EQ(platform, "till");
      return keys;
    });
  }
  FakeClock clock_;
};

TEST_F(AgentChecksTest, KeysAreLeftOutWhereNothingIsKnownOfThem) {
  const v1::CheckPlatformResponse response = CheckWith(LiveKeysOf());
  EXPECT_EQ(Told(response), "clock");
  EXPECT_THAT(response.checks(0).message(), HasSubstr("not known here"));
}

TEST_F(AgentChecksTest, AnAgentWithAKeyThatCallsIsFine) {
  const auto response =
      CheckWith({.count = 1, .last_used = clock_.Now() - absl::Minutes(2), .last_used_address = "::1"});
  EXPECT_EQ(Told(response), "key, connection, clock");
  EXPECT_EQ(response.checks(1).message(), "last seen 2m ago from ::1");
}

TEST_F(AgentChecksTest, AMissingKeyAnEndingOneAndASilentAgentAreTold) {
  EXPECT_EQ(Told(CheckWith(LiveKeys())), "key fails NO_KEY, connection skipped, clock skipped");
  EXPECT_THAT(CheckWith(LiveKeys()).checks(0).fix(), HasSubstr("--platform till"));
  EXPECT_EQ(Told(CheckWith({.count = 1})), "key, connection warns NO_AGENT, clock");
  EXPECT_EQ(Told(CheckWith({.count = 1, .last_used = clock_.Now() - absl::Hours(30)})),
            "key, connection warns NO_AGENT, clock");
  EXPECT_EQ(
      Told(CheckWith({.count = 1, .expires = clock_.Now() + absl::Hours(1), .last_used = clock_.Now()})),
      "key warns KEY_EXPIRES_SOON, connection, clock");
}

TEST(Summarize, TheLastUseCountsAndTheKeyThatLastsLongest) {
  const auto key = [](const std::string& fields) { return test_support::ParseProto<v1::Key>(fields); };
  const v1::Key old =
      key("expire_time { seconds: 100 } last_used_time { seconds: 20 } last_used_address: '::2'");
  const v1::Key later =
      key("expire_time { seconds: 200 } last_used_time { seconds: 10 } last_used_address: '::1'");
  const LiveKeys both = Summarize({old, later});
  EXPECT_EQ(both.count, 2);
  EXPECT_EQ(both.expires, absl::FromUnixSeconds(200));
  EXPECT_EQ(both.last_used, absl::FromUnixSeconds(20));
  EXPECT_EQ(both.last_used_address, "::2");
  EXPECT_EQ(Summarize({old, key("")}).expires, std::nullopt);
  EXPECT_EQ(Summarize({}).count, 0);
}

TEST_F(AgentChecksTest, NothingBeginsAfterTheDeadline) {
  Checklist list(clock_, clock_.Now() + absl::Seconds(5));
  absl::Duration limit;
  list.Try("first", [&](absl::Duration got) {
    limit = got;
    clock_.Advance(absl::Seconds(4));
    return Fine("slow");
  });
  EXPECT_EQ(limit, absl::Seconds(3));
  list.Try("second", [&](absl::Duration got) {
    limit = got;
    clock_.Advance(absl::Seconds(1));
    return Fine("slow");
  });
  EXPECT_EQ(limit, absl::Seconds(1)) << "what is left of all";
  list.Try("third", [](absl::Duration) -> Finding {
    ADD_FAILURE();
    return {};
  });
  EXPECT_EQ(Told(list.Take("till")), "first, second, third fails TIMED_OUT");
}

TEST(JudgeClock, TheWayOfTheAnswerIsNoSkew) {
  EXPECT_EQ(JudgeClock(absl::Seconds(1), absl::ZeroDuration()).status, v1::PLATFORM_CHECK_STATUS_OK);
  EXPECT_EQ(JudgeClock(-absl::Seconds(3), absl::Seconds(1.5)).status, v1::PLATFORM_CHECK_STATUS_OK);
  EXPECT_EQ(JudgeClock(-absl::Seconds(3), absl::ZeroDuration()).status, v1::PLATFORM_CHECK_STATUS_WARNING);
  EXPECT_EQ(JudgeClock(-absl::Seconds(3), absl::ZeroDuration()).message, "its clock is 3s behind ours");
  EXPECT_EQ(JudgeClock(absl::Minutes(5), absl::ZeroDuration()).status, v1::PLATFORM_CHECK_STATUS_WARNING);
  EXPECT_EQ(JudgeClock(absl::Seconds(301), absl::ZeroDuration()).status, v1::PLATFORM_CHECK_STATUS_FAILED);
}

TEST(CompareSchema, WhatAPersonHasDescribedIsLeftOutAndMuchIsCutShort) {
  const auto model = [](const std::string& name, const std::string& more) {
    return test_support::ParseProto<v1::Model>(absl::StrCat("model: '", name, "' ", more));
  };
  std::vector<v1::Model> stored = {model("a", "origin: MODEL_ORIGIN_CUSTOM key_fields: 'id'")};
  EXPECT_EQ(CompareSchema("shop", stored, {model("a", "")}).status, v1::PLATFORM_CHECK_STATUS_OK);
  for (const char* name : {"b", "c", "d", "e", "f"}) stored.push_back(model(name, ""));
  const Finding gone = CompareSchema("shop", stored, {});
  EXPECT_EQ(gone.message, "b is gone; c is gone; d is gone; and 2 more");
  EXPECT_EQ(gone.fix, "cognate platform analyze shop");
  const Finding missing = CompareSchema("shop", {model("b", "missing: true")}, {});
  EXPECT_EQ(missing.status, v1::PLATFORM_CHECK_STATUS_OK) << "it is known already";
  EXPECT_THAT(
      CompareSchema("shop", {model("b", "")}, {model("b", "capture_obstacle: 'has no primary key'")}).message,
      HasSubstr("b cannot be captured: has no primary key"));
}

// The real keys, by the real service.
class AgentKeysTest : public CheckTest {
 protected:
  v1::CreateKeyResponse CreateKey(const std::string& request) {
    const auto stub = v1::KeyService::NewStub(grpc_support::MakeChannel(registry_.cluster().address()));
    return test_support::ValueOrDie(
        grpc_support::Call(*stub, &v1::KeyService::Stub::CreateKey,
                           test_support::ParseProto<v1::CreateKeyRequest>(request), {}));
  }
};

TEST_F(AgentKeysTest, AnAgentNeedsAKeyOfItsOwn) {
  AddAgent("till");
  AddAgent("shop");
  CreateKey("key { role: ROLE_PLATFORM platform: 'shop' }");
  EXPECT_EQ(Told(Check("till")), "key fails NO_KEY, connection skipped, clock skipped, delivery");
  CreateKey("key { role: ROLE_PLATFORM platform: 'till' }");
  EXPECT_EQ(Told(Check("till")), "key, connection warns NO_AGENT, clock, delivery");
}

}  // namespace
}  // namespace cognate::platform_registry
