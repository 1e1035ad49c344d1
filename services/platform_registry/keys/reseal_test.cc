#include "services/platform_registry/keys/reseal.h"

#include <atomic>

#include "absl/strings/str_cat.h"
#include "common/secret/secret.h"
#include "services/platform_registry/keys/sealing_fixture.h"

namespace cognate::platform_registry {
namespace {

using test_support::HasReason;
using test_support::IsOkAndHolds;

class ResealTest : public SealingFixture {
 protected:
  absl::StatusOr<v1::ResealSecretsResponse> Reseal() {
    return Call(&KeyStub::ResealSecrets, v1::ResealSecretsRequest());
  }
  void ExpectCounts(const absl::StatusOr<v1::ResealSecretsResponse>& response, int64_t resealed,
                    int64_t current) {
    ASSERT_OK(response);
    EXPECT_EQ(response->resealed_count(), resealed);
    EXPECT_EQ(response->current_count(), current);
  }
  int64_t Revision() { return test_support::ValueOrDie(Call(&RegistryStub::GetRules, "")).revision(); }
};

TEST_F(ResealTest, KeysAreChangedWhileAllGoesOn) {
  ASSERT_OK(AddShop("hush-shop"));
  WriteKeys({"b", "a"});
  AddNews({"whsec_one", "whsec_two"});
  EXPECT_EQ(Get("news").webhook().secrets(0).sealed().sealing_key(), "b")
      << "new secrets are under the first";
  EXPECT_THAT(secret::Read(Get("shop").database().password()), IsOkAndHolds("hush-shop"))
      << "old ones open still";
  const std::string etag_of_news = Get("news").etag();
  const int64_t before = Revision();
  const auto resealed = Reseal();
  ExpectCounts(resealed, 1, 2);
  EXPECT_EQ(resealed->sealing_key(), "b");
  EXPECT_GT(Revision(), before) << "the services fetch what is under the new key";
  EXPECT_EQ(Get("news").etag(), etag_of_news) << "what was not resealed did not change";
  WriteKeys({"b"});
  EXPECT_THAT(secret::Read(Get("shop").database().password()), IsOkAndHolds("hush-shop"));
  EXPECT_THAT(secret::Read(Get("news").webhook().secrets(1)), IsOkAndHolds("whsec_two"));
  const int64_t after = Revision();
  ExpectCounts(Reseal(), 0, 3);
  EXPECT_EQ(Revision(), after) << "again: nothing changes";
}

TEST_F(ResealTest, AKeyThatIsNotThereIsNamedAndNothingIsLost) {
  ASSERT_OK(AddShop("hush-shop"));
  WriteKeys({"b"});
  const absl::Status status = Reseal().status();
  EXPECT_THAT(status, HasReason("SEALING_KEY_MISSING"));
  EXPECT_EQ(ErrorMetadata(status, "sealing_key"), "a");
  WriteKeys({"b", "a"});
  ExpectCounts(Reseal(), 1, 0);
  ASSERT_OK(secret::InstallKeyring(""));
  EXPECT_THAT(Reseal(), HasReason("SEALING_KEY_MISSING"));
}

TEST_F(ResealTest, GoesThroughAllPages) {
  for (int i = 0; i < 205; ++i) AddNews({"whsec_x"}, absl::StrCat("news-", i));
  WriteKeys({"b", "a"});
  ExpectCounts(Reseal(), 205, 0);
  WriteKeys({"b"});
  ExpectCounts(Reseal(), 0, 205);
}

// Whichever comes first: a secret that was set while another thread reseals is never lost.
TEST_F(ResealTest, AnUpdateAtTheSameTimeWins) {
  ASSERT_OK(AddShop("hush-0"));
  std::atomic<bool> is_done{false};
  InThreads(2, [&](int thread) {
    if (thread == 1) {
      for (int round = 0; !is_done; ++round) {
        WriteKeys(round % 2 == 0 ? std::vector<std::string>{"b", "a"} : std::vector<std::string>{"a", "b"});
        ASSERT_OK(Reseal());
      }
      return;
    }
    v1::UpdatePlatformRequest request;
    request.mutable_platform()->set_name("platforms/shop");
    request.mutable_update_mask()->add_paths("database.password");
    for (int i = 1; i <= 50; ++i) {
      request.mutable_platform()->mutable_database()->mutable_password()->set_value(absl::StrCat("hush-", i));
      const auto updated = Call(&RegistryStub::UpdatePlatform, request);
      EXPECT_OK(updated);
      EXPECT_THAT(secret::Read(Get("shop").database().password()), IsOkAndHolds(absl::StrCat("hush-", i)));
    }
    is_done = true;
  });
}

}  // namespace
}  // namespace cognate::platform_registry
