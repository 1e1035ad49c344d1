// Secrets of platforms that are given themselves: what is kept of them, and what is answered.
#include "services/platform_registry/platform_secrets.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/secret/secret.h"
#include "services/platform_registry/keys/sealing_fixture.h"

namespace cognate::platform_registry {
namespace {

using test_support::HasReason;
using test_support::IsOkAndHolds;
using test_support::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class PlatformSecretsTest : public SealingFixture {
 protected:
  std::string ViolationOf(const absl::Status& status) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
    const auto violations = Violations(status);
    return violations.empty() ? "" : violations[0].field;
  }
};

TEST_F(PlatformSecretsTest, AreSealedBeforeTheyAreStoredAndNeverTold) {
  const auto created = AddShop("hush-hush");
  ASSERT_OK(created);
  const v1::SecretReference& password = created->platform().database().password();
  EXPECT_EQ(password.sealed().sealing_key(), "a");
  EXPECT_FALSE(password.has_value());
  EXPECT_THAT(secret::Read(password), IsOkAndHolds("hush-hush"));
  EXPECT_THAT(created->ShortDebugString(), Not(HasSubstr("hush-hush")));
  EXPECT_THAT(Dump(), Not(HasSubstr("hush-hush")));
  EXPECT_THAT(Dump(), Not(HasSubstr(absl::BytesToHexString("hush-hush")))) << "nor as bytea";
  EXPECT_THAT(Get("shop"), test_support::EqualsProto(created->platform()));
  const auto list = test_support::ValueOrDie(Call(&RegistryStub::ListPlatforms, ""));
  EXPECT_THAT(list.platforms(0), test_support::EqualsProto(created->platform()));
}

TEST_F(PlatformSecretsTest, OfWebhooksToo) {
  AddNews({"whsec_one", "whsec_two"});
  const v1::Platform news = Get("news");
  ASSERT_EQ(news.webhook().secrets_size(), 2);
  EXPECT_THAT(secret::Read(news.webhook().secrets(0)), IsOkAndHolds("whsec_one"));
  EXPECT_THAT(secret::Read(news.webhook().secrets(1)), IsOkAndHolds("whsec_two"));
  EXPECT_THAT(Dump(), Not(HasSubstr("whsec_")));
}

TEST_F(PlatformSecretsTest, WithoutAKeyringTheyAreRefusedWithHowToMendIt) {
  ASSERT_OK(secret::InstallKeyring(""));
  const absl::Status status = AddShop("hush-hush").status();
  EXPECT_THAT(status,
              AllOf(StatusIs(absl::StatusCode::kFailedPrecondition), HasReason("SEALING_KEY_MISSING")));
  EXPECT_THAT(status.ToString(), AllOf(HasSubstr("--sealing-keys-file"), Not(HasSubstr("hush-hush"))));
  EXPECT_THAT(Call(&RegistryStub::GetPlatform, "name: 'platforms/shop'"), HasReason("PLATFORM_NOT_FOUND"));
}

TEST_F(PlatformSecretsTest, GivenBackAsReadTheyStayAndNothingElseIsTaken) {
  ASSERT_OK(AddShop("hush-hush"));
  AddNews({"whsec_one"});
  v1::UpdatePlatformRequest request;
  *request.mutable_platform() = Get("shop");
  request.mutable_platform()->clear_etag();
  request.mutable_platform()->mutable_database()->set_uri("postgresql://cognate@elsewhere/shop");
  request.mutable_update_mask()->add_paths("database");
  const auto updated = Call(&RegistryStub::UpdatePlatform, request);
  ASSERT_OK(updated);
  EXPECT_EQ(updated->platform().database().uri(), "postgresql://cognate@elsewhere/shop");
  EXPECT_THAT(secret::Read(updated->platform().database().password()), IsOkAndHolds("hush-hush"));
  // Another platform's, or a box that somebody made: who could give it would learn what it holds by where it
  // is sent.
  *request.mutable_platform()->mutable_database()->mutable_password() = Get("news").webhook().secrets(0);
  EXPECT_EQ(ViolationOf(Call(&RegistryStub::UpdatePlatform, request).status()),
            "platform.database.password.sealed");
  v1::CreatePlatformRequest copy;
  *copy.mutable_platform() = Get("shop");
  copy.mutable_platform()->set_name("platforms/copy");
  EXPECT_EQ(ViolationOf(Call(&RegistryStub::CreatePlatform, copy).status()),
            "platform.database.password.sealed");
}

TEST_F(PlatformSecretsTest, ANewValueTakesTheOldOnesPlace) {
  ASSERT_OK(AddShop("hush-hush"));
  v1::UpdatePlatformRequest request;
  request.mutable_platform()->set_name("platforms/shop");
  request.mutable_platform()->mutable_database()->mutable_password()->set_value("hush-now");
  request.mutable_update_mask()->add_paths("database.password");
  ASSERT_OK(Call(&RegistryStub::UpdatePlatform, request));
  EXPECT_THAT(secret::Read(Get("shop").database().password()), IsOkAndHolds("hush-now"));
  request.mutable_platform()->mutable_database()->mutable_password()->set_file("/run/secret");
  ASSERT_OK(Call(&RegistryStub::UpdatePlatform, request));
  EXPECT_EQ(Get("shop").database().password().file(), "/run/secret");
  EXPECT_THAT(Dump(), Not(HasSubstr("\"sealing_key\"")));
}

TEST_F(PlatformSecretsTest, TheSameRequestIdWithAnotherSecretIsAnotherRequest) {
  const std::string id = "0193c1a2-7f6e-7c3d-8a4b-1f2e3d4c5b6a";
  const auto first = AddShop("hush-hush", id);
  ASSERT_OK(first);
  EXPECT_THAT(test_support::ValueOrDie(AddShop("hush-hush", id)), test_support::EqualsProto(*first));
  EXPECT_THAT(AddShop("hush-now", id), HasReason("REQUEST_ID_REUSED"));
  EXPECT_THAT(Dump(), Not(HasSubstr(absl::BytesToHexString("hush-hush"))));
}

TEST_F(PlatformSecretsTest, SaysWhatIsWrongWithAReference) {
  EXPECT_EQ(ViolationOf(AddShop("").status()), "platform.database.password");
  const absl::Status status = AddShop(std::string("hush\0hush", 9)).status();
  EXPECT_EQ(ViolationOf(status), "platform.database.password");
  EXPECT_THAT(status.ToString(), Not(HasSubstr("hush")));
}

}  // namespace
}  // namespace cognate::platform_registry
