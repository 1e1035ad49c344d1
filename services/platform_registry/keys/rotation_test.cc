#include "services/platform_registry/keys/rotation.h"

#include <atomic>

#include "absl/strings/str_cat.h"
#include "services/platform_registry/keys/keys_fixture.h"

namespace cognate::platform_registry {
namespace {

using test_support::HasReason;
using test_support::ParseProto;
using test_support::StatusIs;
using ::testing::AllOf;

class RotationTest : public KeysTest {
 protected:
  absl::StatusOr<v1::StartKeyRotationResponse> Start(const std::string& name) {
    return Call(&KeyStub::StartKeyRotation, "name: '" + name + "'");
  }
  // As a call with this key.
  absl::Status Confirm(const std::string& name) {
    v1::Principal caller;
    caller.set_name(name);
    return ConfirmKeyRotation(rotations_, caller).status();
  }
  absl::StatusOr<v1::FinishKeyRotationResponse> Finish(const std::string& name,
                                                       const std::string& more = "") {
    return Call(&KeyStub::FinishKeyRotation, "name: '" + name + "' " + more);
  }
  absl::StatusOr<v1::CancelKeyRotationResponse> Cancel(const std::string& name) {
    return Call(&KeyStub::CancelKeyRotation, "name: '" + name + "'");
  }

  const std::unique_ptr<postgres::Pool> pool_ = Pool();
  RotationStore rotations_{*pool_};
};

TEST_F(RotationTest, GoesFromTheOldKeyToTheNewWithoutAGap) {
  const v1::CreateKeyResponse old_key = Made(
      "role: ROLE_PLATFORM platform: 'till' display_name: 'the till' allowed_addresses: '10.0.0.0/8' "
      "max_rate: 3");
  const auto started = Start(old_key.key().name());
  ASSERT_OK(started);
  v1::Key twin = started->key();
  EXPECT_EQ(twin.rotates_with(), old_key.key().name());
  EXPECT_EQ(Get(old_key.key().name()).rotates_with(), twin.name());
  EXPECT_OK(Verify(old_key.secret()));
  EXPECT_OK(Verify(started->secret()));
  EXPECT_THAT(Finish(twin.name()),
              AllOf(StatusIs(absl::StatusCode::kFailedPrecondition), HasReason("ROTATION_NOT_CONFIRMED")));
  EXPECT_THAT(Confirm(old_key.key().name()), HasReason("NO_ROTATION"))
      << "only the new key proves that it has arrived";
  ASSERT_OK(Confirm(twin.name()));
  ASSERT_OK(Confirm(twin.name())) << "again";
  const auto finished = Finish(old_key.key().name());
  ASSERT_OK(finished);
  EXPECT_EQ(finished->key().name(), twin.name());
  EXPECT_EQ(finished->key().rotates_with(), "");
  EXPECT_TRUE(finished->key().has_confirm_time());
  EXPECT_THAT(Verify(old_key.secret()), HasReason("KEY_INVALID"));
  EXPECT_OK(Verify(started->secret()));
  EXPECT_THAT(Finish(twin.name()), HasReason("NO_ROTATION"));
  EXPECT_OK(Confirm(twin.name())) << "a confirmation that comes late";
  // The same in every way that counts.
  for (const char* field : {"name", "create_time", "etag", "rotates_with", "confirm_time"})
    twin.GetReflection()->ClearField(&twin, v1::Key::descriptor()->FindFieldByName(field));
  EXPECT_THAT(twin, test_support::EqualsProto("role: ROLE_PLATFORM platform: 'till' display_name: 'the till' "
                                              "allowed_addresses: '10.0.0.0/8' max_rate: 3"));
}

TEST_F(RotationTest, CanBeForcedOrGivenUp) {
  const v1::Key first = Made("role: ROLE_OPERATOR").key();
  const v1::Key second = test_support::ValueOrDie(Start(first.name())).key();
  const auto cancelled = Cancel(second.name());
  ASSERT_OK(cancelled);
  EXPECT_EQ(cancelled->key().name(), first.name());
  EXPECT_EQ(cancelled->key().rotates_with(), "");
  EXPECT_TRUE(Get(second.name()).has_revoke_time());
  EXPECT_THAT(Cancel(first.name()), HasReason("NO_ROTATION"));
  const v1::Key third = test_support::ValueOrDie(Start(first.name())).key();
  EXPECT_EQ(test_support::ValueOrDie(Finish(first.name(), "force: true")).key().name(), third.name());
  EXPECT_OK(Start(third.name())) << "the new key is rotated the next time";
}

TEST_F(RotationTest, OneGoesOnAtATime) {
  const v1::Key old_key = Made("role: ROLE_VIEWER").key();
  std::atomic<int> started{0}, refused{0};
  InThreads(6, [&](int) {
    const auto response = Start(old_key.name());
    if (response.ok()) ++started;
    if (ErrorReason(response.status()) == "ROTATION_STARTED") ++refused;
  });
  EXPECT_EQ(started, 1);
  EXPECT_EQ(refused, 5);
  EXPECT_THAT(Start(Get(old_key.name()).rotates_with()), HasReason("ROTATION_STARTED"));
}

TEST_F(RotationTest, APlatformStaysWithinItsTwoKeys) {
  const v1::Key first = MadeForTill().key(), second = MadeForTill().key();
  EXPECT_THAT(Start(first.name()), HasReason("TOO_MANY_KEYS"));
  ASSERT_OK(Revoke(second.name()));
  EXPECT_OK(Start(first.name()));
  EXPECT_THAT(Create("role: ROLE_PLATFORM platform: 'till'"), HasReason("TOO_MANY_KEYS"));
}

TEST_F(RotationTest, EndsWithEitherKey) {
  const v1::Key old_key = Made("role: ROLE_OPERATOR").key();
  const v1::Key new_key = test_support::ValueOrDie(Start(old_key.name())).key();
  ASSERT_OK(Revoke(new_key.name()));
  EXPECT_EQ(Get(old_key.name()).rotates_with(), "");
  EXPECT_THAT(Finish(old_key.name()), HasReason("NO_ROTATION"));
  const v1::Key newer = test_support::ValueOrDie(Start(old_key.name())).key();
  Sql("UPDATE keys SET expire_time = now() WHERE key_id = '" + newer.name().substr(5) + "'");
  EXPECT_EQ(Get(old_key.name()).rotates_with(), "");
  const v1::Key newest = test_support::ValueOrDie(Start(old_key.name())).key();
  ASSERT_OK(Revoke(old_key.name()));
  EXPECT_EQ(Get(newest.name()).rotates_with(), "");
  EXPECT_OK(Start(newest.name()));
  EXPECT_THAT(Start(old_key.name()), HasReason("KEY_REVOKED"));
}

TEST_F(RotationTest, WhoMayNotGiveAKeyMayNotRotateIt) {
  const v1::Key boss = Made("role: ROLE_OPERATOR").key();
  const auto rotator = ParseProto<v1::Principal>("name: 'keys/r' role: ROLE_VIEWER scopes: 'secrets.rotate'");
  v1::StartKeyRotationRequest request;
  request.set_name(boss.name());
  EXPECT_THAT(StartKeyRotation(rotations_, rotator, request), HasReason("SCOPE_MISSING"));
  EXPECT_EQ(Get(boss.name()).rotates_with(), "");
  request.set_name(MadeForTill().key().name());
  EXPECT_OK(StartKeyRotation(rotations_, rotator, request));
}

TEST_F(RotationTest, OnlyKeysConfirm) {
  EXPECT_THAT(Confirm("local"), HasReason("NO_ROTATION"));
  EXPECT_THAT(Confirm(""), HasReason("NO_ROTATION"));
  EXPECT_THAT(Confirm(Made("role: ROLE_VIEWER").key().name()), HasReason("NO_ROTATION"));
  EXPECT_THAT(Finish("keys/aaaaaaaaaaaa"), HasReason("KEY_NOT_FOUND"));
  EXPECT_THAT(Start("keys/aaaaaaaaaaaa"), HasReason("KEY_NOT_FOUND"));
}

}  // namespace
}  // namespace cognate::platform_registry
