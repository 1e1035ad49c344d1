#include "common/webhook/signer.h"

#include <sodium.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tests/support/status_matchers.h"

namespace cognate::webhook {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// The example that the libraries of Standard Webhooks are tested with.
constexpr char kSecret[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr char kId[] = "msg_p5jXN8AQM9LWM0D4loKWxJek";
constexpr int64_t kTimestamp = 1614265330;
constexpr char kBody[] = "{\"test\": 2432232314}";
constexpr char kSignature[] = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

std::string SeedSecret(char fill) { return absl::StrCat("whsk_", absl::Base64Escape(std::string(32, fill))); }

std::string Decoded(absl::string_view base64) {
  std::string bytes;
  EXPECT_TRUE(absl::Base64Unescape(base64, &bytes)) << base64;
  return bytes;
}

bool Verifies(absl::string_view signature, absl::string_view public_key, absl::string_view content) {
  const std::string code = Decoded(absl::StripPrefix(signature, "v1a,"));
  const std::string key = Decoded(absl::StripPrefix(public_key, "whpk_"));
  return crypto_sign_verify_detached(reinterpret_cast<const unsigned char*>(code.data()),
                                     reinterpret_cast<const unsigned char*>(content.data()), content.size(),
                                     reinterpret_cast<const unsigned char*>(key.data())) == 0;
}

TEST(SignerTest, AgreesWithTheExampleOfTheSpecification) {
  const absl::StatusOr<Signer> signer = Signer::Create({kSecret});
  ASSERT_OK(signer.status());
  EXPECT_EQ(signer->Sign(kId, kTimestamp, kBody), kSignature);
}

TEST(SignerTest, AnEd25519SignatureVerifiesWithThePublicKeyAndOnlyForWhatWasSigned) {
  const std::string secret = SeedSecret('k');
  const absl::StatusOr<Signer> signer = Signer::Create({secret});
  const absl::StatusOr<std::string> public_key = PublicKey(secret);
  ASSERT_OK(signer.status());
  ASSERT_OK(public_key.status());
  const std::string signature = signer->Sign(kId, kTimestamp, kBody);
  EXPECT_TRUE(Verifies(signature, *public_key, absl::StrCat(kId, ".", kTimestamp, ".", kBody)));
  EXPECT_FALSE(Verifies(signature, *public_key, absl::StrCat(kId, ".", kTimestamp + 1, ".", kBody)));
}

TEST(SignerTest, SignsWithEverySecretWhileOneTakesThePlaceOfAnother) {
  const absl::StatusOr<Signer> signer = Signer::Create({kSecret, SeedSecret('a'), SeedSecret('b')});
  ASSERT_OK(signer.status());
  const std::vector<std::string> signatures = absl::StrSplit(signer->Sign(kId, kTimestamp, kBody), ' ');
  ASSERT_EQ(signatures.size(), 3u);
  EXPECT_EQ(signatures[0], kSignature);
  EXPECT_THAT(signatures[1], ::testing::StartsWith("v1a,"));
  EXPECT_NE(signatures[1], signatures[2]);
}

TEST(SignerTest, AWholePrivateKeyIsTheSameAsItsSeed) {
  unsigned char public_key[crypto_sign_PUBLICKEYBYTES];
  std::string key(crypto_sign_SECRETKEYBYTES, '\0');
  const std::string seed(32, 'k');
  crypto_sign_seed_keypair(public_key, reinterpret_cast<unsigned char*>(key.data()),
                           reinterpret_cast<const unsigned char*>(seed.data()));
  EXPECT_EQ(*PublicKey(absl::StrCat("whsk_", absl::Base64Escape(key))), *PublicKey(SeedSecret('k')));
  key.back() ^= 1;
  EXPECT_THAT(Signer::Create({absl::StrCat("whsk_", absl::Base64Escape(key))}).status().message(),
              HasSubstr("no ed25519 key"));
}

TEST(SignerTest, AnUnfitSecretIsRefusedAndNeverRepeated) {
  for (const std::string secret : {"hunter2", "whsec_hunter2!", "whsec_aHVudGVyMg==", "whsk_aHVudGVyMg=="}) {
    const absl::Status status = Signer::Create({secret}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << secret;
    EXPECT_THAT(status.message(), Not(HasSubstr("hunter2")));
    EXPECT_THAT(status.message(), Not(HasSubstr("aHVudGVyMg")));
    EXPECT_THAT(status.message(), HasSubstr("want whsec_"));
  }
  EXPECT_FALSE(Signer::Create({}).ok());
}

}  // namespace
}  // namespace cognate::webhook
