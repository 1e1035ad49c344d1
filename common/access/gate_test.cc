#include "common/access/gate.h"

#include <map>

#include "cognate/v1/change_capture_service.pb.h"
#include "cognate/v1/feedback_service.pb.h"
#include "cognate/v1/key_service.pb.h"
#include "cognate/v1/ledger_service.pb.h"
#include "cognate/v1/platform_registry_service.pb.h"
#include "common/access/scopes.h"
#include "common/access/secret_text.h"
#include "common/clock/fake_clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cognate::access {
namespace {

using test_support::HasReason;
using test_support::IsOk;
using test_support::StatusIs;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class GateTest : public testing::Test {
 protected:
  GateTest() {
    GateOptions options;
    options.service_keys = {"the services' own key, long enough", "the one before it, also long enough"};
    options.verify = [this](const std::string& secret, const std::string&) -> absl::StatusOr<v1::Principal> {
      ++asked_;
      if (!registry_.ok()) return registry_;
      const auto found = keys_.find(secret);
      if (found == keys_.end()) return absl::UnauthenticatedError("no such key");
      return found->second;
    };
    options.audit = [this](const std::vector<v1::AuditEntry>& entries) {
      if (audit_.ok()) written_.insert(written_.end(), entries.begin(), entries.end());
      return audit_;
    };
    gate_ = std::make_unique<Gate>(std::move(options), clock_);
  }

  std::string AddKey(v1::Role role, const std::string& platform = "",
                     const std::vector<std::string>& scopes = {}) {
    const NewSecret secret = MakeSecret(kKeyPrefix);
    v1::Principal& key = keys_[secret.text];
    key.set_name("keys/" + secret.id);
    key.set_role(role);
    key.set_platform(platform);
    for (const std::string& scope : scopes) key.add_scopes(scope);
    return secret.text;
  }

  static Caller From(const std::string& secret, const std::string& address = "203.0.113.7") {
    Caller caller;
    caller.address = address;
    if (!secret.empty()) caller.authorization = "Bearer " + secret;
    caller.request_id = "r1";
    return caller;
  }

  absl::Status Call(const Caller& caller, const google::protobuf::Message& request) {
    absl::StatusOr<Admission> admission = gate_->Admit(caller, *request.GetDescriptor());
    if (!admission.ok()) return admission.status();
    absl::Status begun = gate_->Begin(*admission, request);
    if (begun.ok()) gate_->End(*admission, absl::OkStatus());
    return begun;
  }

  static v1::CaptureRequest CaptureOf(const std::string& platform) {
    v1::CaptureRequest request;
    request.set_platform(platform);
    return request;
  }

  FakeClock clock_;
  std::map<std::string, v1::Principal> keys_;
  absl::Status registry_;
  absl::Status audit_;
  int asked_ = 0;
  std::vector<v1::AuditEntry> written_;
  std::unique_ptr<Gate> gate_;
};

TEST_F(GateTest, WhoComesWithoutAKeyMayNothing) {
  EXPECT_THAT(Call(From(""), v1::ListPlatformsRequest()), HasReason("KEY_MISSING"));
  EXPECT_THAT(Call(From(""), v1::EnrolPlatformRequest()), IsOk());
}

TEST_F(GateTest, WhoIsLocalOrHasTheServicesKeyOrCertificateMayAll) {
  Caller local = From("", "local");
  local.is_local = true;
  EXPECT_THAT(Call(local, v1::ResolveRequest()), IsOk());
  Caller certified = From("");
  certified.has_certificate = true;
  EXPECT_THAT(Call(certified, v1::ResolveRequest()), IsOk());
  EXPECT_THAT(Call(From("the services' own key, long enough"), v1::ResolveRequest()), IsOk());
  EXPECT_THAT(Call(From("the one before it, also long enough"), v1::ResolveRequest()), IsOk());
  EXPECT_EQ(asked_, 0);
}

// A door of the cluster, and for whom it calls.
Caller Forwarded(Caller door, const std::string& secret, const std::string& address = "203.0.113.9") {
  door.is_forwarded = true;
  door.forwarded_for = address;
  if (!secret.empty()) door.forwarded_authorization = "Bearer " + secret;
  return door;
}

TEST_F(GateTest, ADoorLendsNothingOfItsOwn) {
  Caller local = From("", "local");
  local.is_local = true;
  Caller certified = From("");
  certified.has_certificate = true;
  const Caller keyed = From("the services' own key, long enough");
  const std::string shop = AddKey(v1::ROLE_PLATFORM, "shop");
  for (const Caller& door : {local, certified, keyed}) {
    EXPECT_THAT(Call(Forwarded(door, ""), v1::ListPlatformsRequest()), HasReason("KEY_MISSING"));
    EXPECT_THAT(Call(Forwarded(door, ""), v1::EnrolPlatformRequest()), IsOk());
    EXPECT_THAT(Call(Forwarded(door, "no key of ours"), v1::ListPlatformsRequest()),
                HasReason("KEY_INVALID"));
    EXPECT_THAT(Call(Forwarded(door, shop), CaptureOf("shop")), IsOk());
    EXPECT_THAT(Call(Forwarded(door, shop), CaptureOf("blog")), HasReason("NOT_YOUR_PLATFORM"));
    EXPECT_THAT(Call(Forwarded(door, shop), v1::ListPlatformsRequest()), HasReason("SCOPE_MISSING"));
  }
}

TEST_F(GateTest, AForwardedCallIsItsCallersInTheAuditAndForItsAddresses) {
  const std::string key = AddKey(v1::ROLE_OPERATOR);
  keys_[key].add_allowed_addresses("203.0.113.0/24");
  Caller door = From("", "local");
  door.is_local = true;
  EXPECT_THAT(Call(Forwarded(door, key, "198.51.100.1"), v1::DeleteSyncRequest()),
              HasReason("CALLER_ADDRESS_REFUSED"));
  EXPECT_THAT(Call(Forwarded(door, key), v1::DeleteSyncRequest()), IsOk());
  ASSERT_EQ(written_.size(), 2U);
  EXPECT_EQ(written_.front().address(), "203.0.113.9");
  EXPECT_EQ(written_.front().principal(), keys_[key].name());
}

TEST_F(GateTest, WhoeverIsNoServiceForwardsInVain) {
  const std::string shop = AddKey(v1::ROLE_PLATFORM, "shop");
  const std::string operator_key = AddKey(v1::ROLE_OPERATOR);
  EXPECT_THAT(Call(Forwarded(From(""), operator_key), v1::ListPlatformsRequest()), HasReason("KEY_MISSING"));
  EXPECT_THAT(Call(Forwarded(From(shop), operator_key), v1::ListPlatformsRequest()),
              HasReason("SCOPE_MISSING"));
  EXPECT_THAT(Call(Forwarded(From(shop), operator_key), CaptureOf("shop")), IsOk()) << "its own key counts";
  EXPECT_THAT(Call(Forwarded(From(operator_key), ""), v1::ListPlatformsRequest()), IsOk());
  keys_[operator_key].add_allowed_addresses("192.0.2.0/24");
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(Call(Forwarded(From(operator_key), "", "192.0.2.1"), v1::DeleteSyncRequest()),
              HasReason("CALLER_ADDRESS_REFUSED"))
      << "the address is the connection's";
  // A platform's key on a socket of this machine is a platform's all the same.
  Caller local = From(shop, "local");
  local.is_local = true;
  EXPECT_THAT(Call(Forwarded(local, operator_key), v1::ListPlatformsRequest()), HasReason("SCOPE_MISSING"));
}

TEST_F(GateTest, NobodyIsAnonymousThroughADoor) {
  GateOptions options;
  options.service_keys = {"the services' own key, long enough"};
  options.anonymous_role = v1::ROLE_OPERATOR;
  gate_ = std::make_unique<Gate>(std::move(options), clock_);
  EXPECT_THAT(Call(From("", "127.0.0.1"), v1::ListPlatformsRequest()), IsOk());
  Caller local = From("", "local");
  local.is_local = true;
  for (const Caller& door : {local, From("the services' own key, long enough"), From("", "127.0.0.1")}) {
    EXPECT_THAT(Call(Forwarded(door, "", "127.0.0.1"), v1::ListPlatformsRequest()), HasReason("KEY_MISSING"));
    absl::StatusOr<Admission> enrolling =
        gate_->Admit(Forwarded(door, ""), *v1::EnrolPlatformRequest::descriptor());
    ASSERT_THAT(enrolling, IsOk());
    EXPECT_EQ(enrolling->principal->role(), v1::ROLE_UNSPECIFIED);
  }
}

TEST_F(GateTest, ALongForwardedCallEndsWithItsCallersKey) {
  const std::string key = AddKey(v1::ROLE_OPERATOR);
  const absl::StatusOr<Admission> admission = gate_->Admit(
      Forwarded(From("the services' own key, long enough"), key), *v1::WatchRequest::descriptor());
  ASSERT_THAT(admission, IsOk());
  EXPECT_THAT(gate_->Recheck(*admission), IsOk());
  keys_.erase(key);
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(gate_->Recheck(*admission), StatusIs(absl::StatusCode::kUnauthenticated));
}

TEST_F(GateTest, AWrongKeyIsRefusedEvenWhereNoneIsNeeded) {
  Caller local = From("the services' own key, long enoug");
  local.is_local = true;
  EXPECT_THAT(Call(local, v1::ListPlatformsRequest()), HasReason("KEY_INVALID"));
  EXPECT_EQ(asked_, 0) << "what does not look like a key is not looked up";
  EXPECT_THAT(Call(From(MakeSecret(kKeyPrefix).text), v1::ListPlatformsRequest()),
              StatusIs(absl::StatusCode::kUnauthenticated));
}

TEST_F(GateTest, AViewerReadsAndNoMoreThanItsScopesSay) {
  const std::string viewer = AddKey(v1::ROLE_VIEWER);
  EXPECT_THAT(Call(From(viewer), v1::ListSyncsRequest()), IsOk());
  EXPECT_THAT(Call(From(viewer), v1::DeleteSyncRequest()), HasReason("SCOPE_MISSING"));
  EXPECT_THAT(Call(From(viewer), v1::ListAuditEntriesRequest()), HasReason("SCOPE_MISSING"));
  const std::string editor = AddKey(v1::ROLE_VIEWER, "", {"sync.manage"});
  EXPECT_THAT(Call(From(editor), v1::DeleteSyncRequest()), IsOk());
  EXPECT_THAT(Call(From(editor), v1::DeletePlatformRequest()), HasReason("SCOPE_MISSING"));
}

TEST_F(GateTest, AnOperatorMayAllButWhatTheServicesSayToEachOther) {
  const std::string key = AddKey(v1::ROLE_OPERATOR);
  EXPECT_THAT(Call(From(key), v1::DeletePlatformRequest()), IsOk());
  EXPECT_THAT(Call(From(key), v1::ListAuditEntriesRequest()), IsOk());
  EXPECT_THAT(Call(From(key), v1::SettleRequest()), HasReason("SCOPE_MISSING"));
}

TEST_F(GateTest, APlatformTouchesItsOwnRecordsAlone) {
  const std::string shop = AddKey(v1::ROLE_PLATFORM, "shop");
  EXPECT_THAT(Call(From(shop), CaptureOf("shop")), IsOk());
  EXPECT_THAT(Call(From(shop), CaptureOf("blog")), HasReason("NOT_YOUR_PLATFORM"));
  EXPECT_THAT(Call(From(shop), CaptureOf("")), HasReason("NOT_YOUR_PLATFORM"));
  EXPECT_THAT(Call(From(shop), v1::ListPlatformsRequest()), HasReason("SCOPE_MISSING"));
  v1::GetModelRequest model;
  model.set_name("platforms/shop/models/public.item");
  EXPECT_THAT(Call(From(shop), model), IsOk());
  model.set_name("platforms/shopping/models/public.item");
  EXPECT_THAT(Call(From(shop), model), HasReason("NOT_YOUR_PLATFORM"));
  v1::WatchRequest watch;
  EXPECT_THAT(Call(From(shop), watch), HasReason("NOT_YOUR_PLATFORM"));
  watch.mutable_filter()->add_source_platforms("shop");
  EXPECT_THAT(Call(From(shop), watch), IsOk());
  watch.mutable_filter()->add_source_platforms("blog");
  EXPECT_THAT(Call(From(shop), watch), HasReason("NOT_YOUR_PLATFORM"));
}

TEST_F(GateTest, ARevokedKeyIsRefusedWithinASecond) {
  const std::string key = AddKey(v1::ROLE_OPERATOR);
  ASSERT_THAT(Call(From(key), v1::ListSyncsRequest()), IsOk());
  const absl::StatusOr<Admission> stream = gate_->Admit(From(key), *v1::WatchRequest::descriptor());
  ASSERT_THAT(stream, IsOk());
  keys_.clear();
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(Call(From(key), v1::ListSyncsRequest()), StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_THAT(gate_->Recheck(*stream), StatusIs(absl::StatusCode::kUnauthenticated));
}

TEST_F(GateTest, AsksTheRegistryAtMostTwiceASecond) {
  const std::string key = AddKey(v1::ROLE_OPERATOR);
  for (int i = 0; i < 100; ++i) {
    ASSERT_THAT(Call(From(key), v1::ListSyncsRequest()), IsOk());
    clock_.Advance(absl::Milliseconds(10));
  }
  EXPECT_LE(asked_, 2);
}

TEST_F(GateTest, WhileTheRegistryIsAwayAKnownKeyIsGoodForAMinute) {
  const std::string known = AddKey(v1::ROLE_OPERATOR);
  const std::string unknown = AddKey(v1::ROLE_OPERATOR);
  ASSERT_THAT(Call(From(known), v1::ListSyncsRequest()), IsOk());
  registry_ = absl::UnavailableError("away");
  clock_.Advance(absl::Seconds(50));
  EXPECT_THAT(Call(From(known), v1::ListSyncsRequest()), IsOk());
  EXPECT_THAT(Call(From(unknown), v1::ListSyncsRequest()), StatusIs(absl::StatusCode::kUnavailable));
  clock_.Advance(absl::Seconds(20));
  EXPECT_THAT(Call(From(known), v1::ListSyncsRequest()), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(GateTest, ARegistryThatDoesNotAnswerIsNotAskedForEachKeyThatWaits) {
  std::vector<Admission> waiting;
  for (int i = 0; i < 100; ++i) {
    absl::StatusOr<Admission> admission =
        gate_->Admit(From(AddKey(v1::ROLE_OPERATOR)), *v1::WatchRequest::descriptor());
    ASSERT_THAT(admission, IsOk());
    waiting.push_back(*std::move(admission));
  }
  registry_ = absl::UnavailableError("away");
  clock_.Advance(absl::Seconds(1));
  const int before = asked_;
  for (const Admission& admission : waiting) EXPECT_THAT(gate_->Recheck(admission), IsOk());
  EXPECT_EQ(asked_, before + 1);
}

TEST_F(GateTest, AKeyIsGoodOnlyFromItsAddresses) {
  const std::string key = AddKey(v1::ROLE_OPERATOR);
  keys_[key].add_allowed_addresses("203.0.113.0/24");
  EXPECT_THAT(Call(From(key), v1::ListSyncsRequest()), IsOk());
  EXPECT_THAT(Call(From(key, "198.51.100.1"), v1::ListSyncsRequest()), HasReason("CALLER_ADDRESS_REFUSED"));
}

TEST_F(GateTest, AKeyMakesOnlyAsManyCallsASecondAsItMay) {
  const std::string key = AddKey(v1::ROLE_OPERATOR);
  keys_[key].set_max_rate(5);
  int answered = 0;
  absl::Status refused;
  for (int i = 0; i < 10; ++i) {
    const absl::Status status = Call(From(key), v1::ListSyncsRequest());
    status.ok() ? static_cast<void>(++answered) : static_cast<void>(refused = status);
  }
  EXPECT_EQ(answered, 5);
  EXPECT_THAT(refused, HasReason("RATE_LIMITED"));
  ASSERT_TRUE(RetryDelay(refused).has_value());
  clock_.Advance(*RetryDelay(refused));
  EXPECT_THAT(Call(From(key), v1::ListSyncsRequest()), IsOk());
}

TEST_F(GateTest, WritesDownWhatIsDoneBeforeAndAfter) {
  const std::string key = AddKey(v1::ROLE_OPERATOR);
  v1::UpdatePlatformRequest request;
  request.mutable_platform()->set_name("platforms/shop");
  request.mutable_platform()->mutable_webhook()->add_secrets()->set_value("whsec_hush");
  ASSERT_THAT(Call(From(key), request), IsOk());
  ASSERT_EQ(written_.size(), 2U);
  EXPECT_EQ(written_[0].phase(), v1::AUDIT_PHASE_BEGIN);
  EXPECT_EQ(written_[0].target(), "platforms/shop");
  EXPECT_EQ(written_[0].address(), "203.0.113.7");
  EXPECT_EQ(written_[0].method(), "cognate.v1.PlatformRegistryService/UpdatePlatform");
  EXPECT_EQ(written_[0].principal(), keys_[key].name());
  EXPECT_THAT(written_[0].request(), HasSubstr("platforms/shop"));
  EXPECT_THAT(written_[0].request(), Not(HasSubstr("hush")));
  EXPECT_EQ(written_[1].phase(), v1::AUDIT_PHASE_END);
  EXPECT_EQ(written_[1].code(), "OK");
  EXPECT_EQ(written_[1].request_id(), "r1");
}

TEST_F(GateTest, DoesNotLetThroughWhatCannotBeWrittenDown) {
  const std::string key = AddKey(v1::ROLE_OPERATOR);
  audit_ = absl::UnavailableError("feedback is away");
  EXPECT_THAT(Call(From(key), v1::DeleteSyncRequest()), HasReason("AUDIT_UNAVAILABLE"));
  EXPECT_THAT(Call(From(key), v1::ListSyncsRequest()), IsOk());
}

TEST_F(GateTest, WhatCannotBeWrittenDownAsItIsIsTheCallersMistake) {
  const std::string key = AddKey(v1::ROLE_OPERATOR);
  audit_ = absl::InvalidArgumentError("got a NUL character in a text, which cannot be kept");
  EXPECT_THAT(Call(From(key), v1::DeleteSyncRequest()), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(GateTest, APasswordInAnAddressDoesNotReachTheAudit) {
  for (const std::string address :
       {"postgresql://u:hush@db.example.org/x", "postgresql://u:a@hush/b@db.example.org/x",
        "https://u:hush@example.org/hook", "host=db user=u password=hush dbname=x",
        "host=db password='a hush b'", "postgresql://db/x?user=u&Password=hush&sslmode=require"}) {
    v1::CreatePlatformRequest request;
    request.mutable_platform()->mutable_database()->set_uri(address);
    request.mutable_platform()->mutable_webhook()->set_url(address);
    written_.clear();
    ASSERT_THAT(Call(From(AddKey(v1::ROLE_OPERATOR)), request), IsOk());
    ASSERT_THAT(written_, Not(IsEmpty()));
    EXPECT_THAT(written_[0].request(), Not(HasSubstr("hush"))) << address;
  }
  v1::CreatePlatformRequest request;
  request.mutable_platform()->mutable_database()->set_uri("postgresql://db.example.org:5432/x");
  written_.clear();
  ASSERT_THAT(Call(From(AddKey(v1::ROLE_OPERATOR)), request), IsOk());
  EXPECT_THAT(written_[0].request(), HasSubstr("postgresql://db.example.org:5432/x"));
}

TEST_F(GateTest, ATokenDoesNotReachTheAudit) {
  v1::EnrolPlatformRequest request;
  request.set_token("cgt_hush");
  ASSERT_THAT(Call(From(""), request), IsOk());
  ASSERT_THAT(written_, Not(IsEmpty()));
  EXPECT_THAT(written_[0].request(), Not(HasSubstr("hush")));
  EXPECT_EQ(written_[0].principal(), "anonymous");
}

}  // namespace
}  // namespace cognate::access
