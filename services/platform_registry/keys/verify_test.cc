// Whose a secret is.
#include "absl/strings/str_cat.h"
#include "common/access/secret_text.h"
#include "services/platform_registry/keys/keys_fixture.h"

namespace cognate::platform_registry {
namespace {

using test_support::EqualsProto;
using test_support::HasReason;
using test_support::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class VerifyKeyTest : public KeysTest {
 protected:
  void LetAMinutePass() { Sql("UPDATE keys SET last_used_time = last_used_time - interval '61 seconds'"); }
};

TEST_F(VerifyKeyTest, SaysWhoItIs) {
  const v1::CreateKeyResponse made = Made(
      "role: ROLE_VIEWER scopes: 'runs.execute' display_name: 'board' allowed_addresses: '10.0.0.0/8' "
      "max_rate: 7 "
      "expire_time { seconds: 4102444800 }");
  EXPECT_THAT(test_support::ValueOrDie(Verify(made.secret())).principal(),
              EqualsProto(absl::StrCat(
                  "name: '", made.key().name(),
                  "' role: ROLE_VIEWER scopes: 'runs.execute' display_name: 'board' "
                  "allowed_addresses: '10.0.0.0/8' max_rate: 7 expire_time { seconds: 4102444800 }")));
  EXPECT_EQ(test_support::ValueOrDie(Verify(MadeForTill().secret())).principal().platform(), "till");
}

TEST_F(VerifyKeyTest, DoesNotTellWhyItRefuses) {
  const v1::CreateKeyResponse revoked = MadeForTill(), expired = MadeForTill();
  ASSERT_OK(Revoke(revoked.key().name()));
  Sql("UPDATE keys SET expire_time = now() - interval '1 second' WHERE key_id = '" +
      expired.key().name().substr(5) + "'");
  const access::NewSecret unknown = access::MakeSecret(access::kKeyPrefix);
  // Of a key that there is, with a secret that it does not have.
  const v1::CreateKeyResponse other = Made("role: ROLE_OPERATOR");
  Sql("UPDATE keys SET key_id = '" + unknown.id + "' WHERE key_id = '" + other.key().name().substr(5) + "'");
  const absl::Status first = Verify(revoked.secret()).status();
  EXPECT_THAT(first, AllOf(StatusIs(absl::StatusCode::kUnauthenticated), HasReason("KEY_INVALID")));
  for (const std::string& secret : {expired.secret(), unknown.text, other.secret(), std::string("cgk_junk"),
                                    std::string(), Token(), revoked.secret() + "x"}) {
    const absl::Status status = Verify(secret).status();
    EXPECT_EQ(status, first);
    EXPECT_THAT(status.ToString(), Not(HasSubstr("cgk_")));
  }
}

TEST_F(VerifyKeyTest, WritesItsUseDownOnceAMinute) {
  const v1::CreateKeyResponse made = MadeForTill();
  EXPECT_FALSE(Get(made.key().name()).has_last_used_time());
  ASSERT_OK(Verify(made.secret(), "203.0.113.7"));
  const v1::Key used = Get(made.key().name());
  EXPECT_TRUE(used.has_last_used_time());
  EXPECT_EQ(used.last_used_address(), "203.0.113.7");
  EXPECT_EQ(used.etag(), made.key().etag()) << "being used is no change";
  ASSERT_OK(Verify(made.secret(), "203.0.113.8"));
  EXPECT_THAT(Get(made.key().name()), EqualsProto(used));
  LetAMinutePass();
  ASSERT_OK(Verify(made.secret(), "203.0.113.8"));
  EXPECT_EQ(Get(made.key().name()).last_used_address(), "203.0.113.8");
}

TEST_F(VerifyKeyTest, AnswersWhenTheUseCannotBeWrittenDown) {
  const v1::CreateKeyResponse made = MadeForTill();
  Sql("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'full'; END $$;"
      "CREATE TRIGGER refuse BEFORE UPDATE ON keys EXECUTE FUNCTION refuse()");
  EXPECT_OK(Verify(made.secret(), "203.0.113.7"));
  EXPECT_FALSE(Get(made.key().name()).has_last_used_time());
}

TEST_F(VerifyKeyTest, ARevokedKeyIsRefusedFromThenOn) {
  const v1::CreateKeyResponse made = MadeForTill();
  ASSERT_OK(Verify(made.secret()));
  ASSERT_OK(Revoke(made.key().name()));
  EXPECT_THAT(Verify(made.secret()), HasReason("KEY_INVALID"));
}

}  // namespace
}  // namespace cognate::platform_registry
