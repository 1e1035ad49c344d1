#include "services/platform_registry/keys/keys.h"

#include <atomic>
#include <set>

#include "absl/strings/str_cat.h"
#include "services/platform_registry/keys/keys_fixture.h"

namespace cognate::platform_registry {
namespace {

using test_support::HasReason;
using test_support::ParseProto;
using test_support::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class KeysOfRolesTest : public KeysTest {
 protected:
  std::string ViolationOf(const absl::Status& status) {
    EXPECT_THAT(status, AllOf(StatusIs(absl::StatusCode::kInvalidArgument), HasReason("INVALID_FIELD")));
    const auto violations = Violations(status);
    return violations.empty() ? "" : violations[0].field;
  }
  std::string WrongField(const std::string& fields) { return ViolationOf(Create(fields).status()); }
};

TEST_F(KeysOfRolesTest, TellsTheSecretOnceAndKeepsOnlyItsHash) {
  const v1::CreateKeyResponse made =
      Made("role: ROLE_VIEWER scopes: ['runs.execute', 'runs.execute'] display_name: 'board'");
  EXPECT_THAT(made.secret(), StartsWith("cgk_" + made.key().name().substr(5) + "_"));
  EXPECT_THAT(made.key().scopes(), ElementsAre("runs.execute"));
  const v1::Key key = Get(made.key().name());
  EXPECT_THAT(key, test_support::EqualsProto(made.key()));
  EXPECT_THAT(Dump(), AllOf(HasSubstr("board"), Not(HasSubstr(made.secret().substr(17)))));
  EXPECT_THAT(key.ShortDebugString(), Not(HasSubstr(made.secret().substr(17))));
}

TEST_F(KeysOfRolesTest, NamesEveryWrongFieldByItsPath) {
  EXPECT_EQ(WrongField(""), "key.role");
  EXPECT_EQ(WrongField("role: ROLE_SERVICE"), "key.role");
  EXPECT_EQ(WrongField("role: ROLE_PLATFORM"), "key.platform");
  EXPECT_EQ(WrongField("role: ROLE_OPERATOR platform: 'till'"), "key.platform");
  EXPECT_EQ(WrongField("role: ROLE_OPERATOR scopes: 'keys.manage'"), "key.scopes");
  EXPECT_EQ(WrongField("role: ROLE_VIEWER scopes: ['runs.execute', 'everything']"), "key.scopes[1]");
  EXPECT_EQ(WrongField("role: ROLE_VIEWER display_name: '" + std::string(121, 'x') + "'"),
            "key.display_name");
  EXPECT_EQ(WrongField("role: ROLE_VIEWER display_name: 'a\\000b'"), "key.display_name");
  EXPECT_EQ(WrongField("role: ROLE_VIEWER allowed_addresses: ['::1', '203.0.113.0/33']"),
            "key.allowed_addresses[1]");
  EXPECT_EQ(WrongField("role: ROLE_VIEWER allowed_addresses: 'example.org'"), "key.allowed_addresses[0]");
  EXPECT_EQ(WrongField("role: ROLE_VIEWER max_rate: -1"), "key.max_rate");
  EXPECT_EQ(WrongField("role: ROLE_VIEWER max_rate: nan"), "key.max_rate");
  EXPECT_EQ(WrongField("role: ROLE_VIEWER expire_time { seconds: 1000 }"), "key.expire_time");
  EXPECT_EQ(WrongField("role: ROLE_VIEWER expire_time { seconds: 9223372036854775807 }"), "key.expire_time");
  EXPECT_EQ(ViolationOf(Call(&KeyStub::GetKey, "name: 'cgk_x'").status()), "name");
  EXPECT_THAT(Create("role: ROLE_PLATFORM platform: 'nobody'"), HasReason("PLATFORM_NOT_FOUND"));
  EXPECT_THAT(Call(&KeyStub::GetKey, "name: 'keys/aaaaaaaaaaaa'"),
              AllOf(StatusIs(absl::StatusCode::kNotFound), HasReason("KEY_NOT_FOUND")));
}

TEST_F(KeysOfRolesTest, APlatformHasTwoKeysAtMostOfThoseThatAreGood) {
  const v1::CreateKeyResponse first = MadeForTill();
  MadeForTill();
  EXPECT_THAT(Create("role: ROLE_PLATFORM platform: 'till'"),
              AllOf(StatusIs(absl::StatusCode::kFailedPrecondition), HasReason("TOO_MANY_KEYS")));
  ASSERT_OK(Revoke(first.key().name()));
  const v1::CreateKeyResponse third = MadeForTill();
  Sql("UPDATE keys SET expire_time = now() WHERE key_id = '" + third.key().name().substr(5) + "'");
  MadeForTill();
  for (int i = 0; i < 3; ++i) Made("role: ROLE_OPERATOR");
}

TEST_F(KeysOfRolesTest, ThatBoundHoldsWhenManyAreMadeAtOnce) {
  std::atomic<int> made{0}, refused{0};
  InThreads(8, [&](int) {
    const auto response = Create("role: ROLE_PLATFORM platform: 'till'");
    if (response.ok()) ++made;
    if (ErrorReason(response.status()) == "TOO_MANY_KEYS") ++refused;
  });
  EXPECT_EQ(made, 2);
  EXPECT_EQ(refused, 6);
}

TEST_F(KeysOfRolesTest, ListsNewestFirstInPages) {
  std::vector<std::string> names;
  for (int i = 0; i < 5; ++i) names.insert(names.begin(), Made("role: ROLE_VIEWER").key().name());
  const v1::CreateKeyResponse till = MadeForTill();
  ASSERT_OK(Revoke(names[1]));
  const auto list = [&](const std::string& request) {
    std::vector<std::string> seen;
    std::string token;
    do {
      const auto page = test_support::ValueOrDie(
          Call(&KeyStub::ListKeys, absl::StrCat(request, " page_size: 2 page_token: '", token, "'")));
      for (const v1::Key& key : page.keys()) seen.push_back(key.name());
      token = page.next_page_token();
    } while (!token.empty());
    return seen;
  };
  EXPECT_THAT(list(""), ElementsAre(till.key().name(), names[0], names[2], names[3], names[4]));
  EXPECT_THAT(list("with_dead: true"),
              ElementsAre(till.key().name(), names[0], names[1], names[2], names[3], names[4]));
  EXPECT_THAT(list("platform: 'till'"), ElementsAre(till.key().name()));
  EXPECT_THAT(list("platform: 'other'"), IsEmpty());
  EXPECT_EQ(ViolationOf(Call(&KeyStub::ListKeys, "page_token: 'x'").status()), "page_token");
}

TEST_F(KeysOfRolesTest, UpdatesWhatTheMaskNamesUnderTheRightEtag) {
  const v1::Key made = Made("role: ROLE_VIEWER display_name: 'board' max_rate: 5").key();
  const auto update = [&](const std::string& fields, const std::string& mask) {
    return Call(&KeyStub::UpdateKey,
                absl::StrCat("key { name: '", made.name(), "' ", fields, " } update_mask { ", mask, " }"));
  };
  const auto updated =
      update("display_name: 'wall' allowed_addresses: '203.0.113.0/24' etag: '" + made.etag() + "'",
             "paths: ['allowed_addresses', 'display_name']");
  ASSERT_OK(updated);
  EXPECT_EQ(updated->key().display_name(), "wall");
  EXPECT_EQ(updated->key().max_rate(), 5);
  EXPECT_THAT(update("etag: '" + made.etag() + "'", "paths: 'max_rate'"), HasReason("ETAG_MISMATCH"));
  ASSERT_OK(update("expire_time { seconds: 4102444800 }", "paths: 'expire_time'"));
  EXPECT_EQ(Get(made.name()).expire_time().seconds(), 4102444800);
  ASSERT_OK(update("", "paths: 'expire_time'"));
  EXPECT_FALSE(Get(made.name()).has_expire_time());
  EXPECT_EQ(ViolationOf(update("role: ROLE_OPERATOR", "paths: 'role'").status()), "update_mask.paths[0]");
  EXPECT_EQ(ViolationOf(update("", "").status()), "update_mask");
  EXPECT_EQ(ViolationOf(update("allowed_addresses: 'x'", "paths: 'allowed_addresses'").status()),
            "key.allowed_addresses[0]");
  ASSERT_OK(Revoke(made.name()));
  EXPECT_THAT(update("", "paths: 'max_rate'"), HasReason("KEY_REVOKED"));
}

TEST_F(KeysOfRolesTest, RevokingAgainAnswersAsTheFirstTime) {
  const v1::Key made = Made("role: ROLE_VIEWER").key();
  const auto first = Call(&KeyStub::RevokeKey, "name: '" + made.name() + "'");
  const auto second = Call(&KeyStub::RevokeKey, "name: '" + made.name() + "'");
  ASSERT_OK(first);
  EXPECT_TRUE(first->key().has_revoke_time());
  EXPECT_THAT(*second, test_support::EqualsProto(*first));
  EXPECT_THAT(Revoke("keys/aaaaaaaaaaaa"), HasReason("KEY_NOT_FOUND"));
}

TEST_F(KeysOfRolesTest, DeletingAPlatformEndsItsKeysAndTokens) {
  const v1::CreateKeyResponse made = MadeForTill();
  const std::string token = Token();
  ASSERT_OK(Call(&RegistryStub::DeletePlatform, "name: 'platforms/till'"));
  EXPECT_THAT(Verify(made.secret()), HasReason("KEY_INVALID"));
  EXPECT_TRUE(Get(made.key().name()).has_revoke_time());
  AddAgent("till");
  EXPECT_THAT(Enrol(token), HasReason("TOKEN_INVALID")) << "another platform of the same id";
}

TEST_F(KeysOfRolesTest, ADeletionAndNewKeysAtOnceLeaveNoGoodKey) {
  for (int round = 0; round < 5; ++round) {
    std::vector<std::string> secrets(4);
    InThreads(5, [&](int thread) {
      if (thread == 4) return void(Call(&RegistryStub::DeletePlatform, "name: 'platforms/till'"));
      const auto made = Create("role: ROLE_PLATFORM platform: 'till'");
      if (made.ok()) secrets[static_cast<size_t>(thread)] = made->secret();
    });
    for (const std::string& secret : secrets) EXPECT_FALSE(Verify(secret).ok());
    AddAgent("till");
  }
}

TEST_F(KeysOfRolesTest, NobodyGivesMoreThanItHas) {
  const auto pool = Pool();
  KeyStore store(*pool);
  const auto create = [&](const std::string& caller, const std::string& key) {
    return CreateKey(store, Clock::Real(), ParseProto<v1::Principal>(caller),
                     ParseProto<v1::CreateKeyRequest>("key { " + key + " }"))
        .status();
  };
  const std::string manager = "name: 'keys/m' role: ROLE_VIEWER scopes: ['keys.manage', 'runs.execute']";
  EXPECT_OK(create(manager, "role: ROLE_VIEWER scopes: 'runs.execute'"));
  EXPECT_OK(create(manager, "role: ROLE_PLATFORM platform: 'till'"));
  EXPECT_THAT(create(manager, "role: ROLE_VIEWER scopes: 'sync.manage'"),
              AllOf(StatusIs(absl::StatusCode::kPermissionDenied), HasReason("SCOPE_MISSING")));
  EXPECT_THAT(create(manager, "role: ROLE_OPERATOR"), HasReason("SCOPE_MISSING"));
  EXPECT_THAT(create("role: ROLE_PLATFORM platform: 'till'", "role: ROLE_VIEWER"),
              HasReason("SCOPE_MISSING"));
  EXPECT_THAT(create("", "role: ROLE_VIEWER"), HasReason("SCOPE_MISSING"));
  EXPECT_OK(create("role: ROLE_OPERATOR", "role: ROLE_OPERATOR"));
  const v1::Key boss = Made("role: ROLE_OPERATOR allowed_addresses: '10.0.0.0/8'").key();
  EXPECT_THAT(UpdateKey(store, Clock::Real(), ParseProto<v1::Principal>(manager),
                        ParseProto<v1::UpdateKeyRequest>("key { name: '" + boss.name() +
                                                         "' } update_mask { paths: 'allowed_addresses' }")),
              HasReason("SCOPE_MISSING"));
  EXPECT_THAT(Get(boss.name()).allowed_addresses(), ElementsAre("10.0.0.0/8"));
}

TEST_F(KeysOfRolesTest, WhoAmISaysWhatTheCallerMay) {
  const auto response =
      WhoAmI(ParseProto<v1::Principal>("name: 'keys/m' role: ROLE_VIEWER scopes: 'runs.execute'"));
  ASSERT_OK(response);
  EXPECT_EQ(response->principal().name(), "keys/m");
  EXPECT_THAT(response->effective_scopes(), ElementsAre("read", "runs.execute"));
  EXPECT_EQ(test_support::ValueOrDie(Call(&KeyStub::WhoAmI, "")).principal().name(), "local");
}

}  // namespace
}  // namespace cognate::platform_registry
