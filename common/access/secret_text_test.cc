#include "common/access/secret_text.h"

#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/fuzz.h"

namespace cognate::access {
namespace {

using ::testing::MatchesRegex;
using ::testing::Optional;

TEST(SecretTextTest, IsWrittenWithItsIdAndItsCheck) {
  const NewSecret key = MakeSecret(kKeyPrefix);
  EXPECT_THAT(key.text, MatchesRegex("cgk_[a-z2-7]+_[0-9A-Za-z]+"));
  EXPECT_EQ(key.text.size(), 66U);
  EXPECT_THAT(SecretId(kKeyPrefix, key.text), Optional(key.id));
  EXPECT_TRUE(LooksLikeKey(key.text));
  EXPECT_FALSE(LooksLikeKey(MakeSecret(kTokenPrefix).text)) << "a token is no key";
}

// Written down, so that a change of the form is noticed: keys that are out in the world must stay good.
TEST(SecretTextTest, TakesWhatWasWrittenBefore) {
  const std::string written = "cgk_abcdefgh2345_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg";
  EXPECT_THAT(SecretId("cgk", written + "2xfaUA"), Optional(std::string("abcdefgh2345")));
}

TEST(SecretTextTest, NoTwoAreAlike) {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(MakeSecret(kKeyPrefix).id);
  EXPECT_EQ(ids.size(), 1000U);
}

TEST(SecretTextTest, EveryLetterCounts) {
  const std::string good = MakeSecret(kKeyPrefix).text;
  for (size_t i = 0; i < good.size(); ++i) {
    std::string other = good;
    other[i] = other[i] == 'a' ? 'b' : 'a';
    EXPECT_FALSE(LooksLikeKey(other)) << i;
  }
  EXPECT_FALSE(LooksLikeKey(""));
  EXPECT_FALSE(LooksLikeKey(good + "0"));
  EXPECT_FALSE(LooksLikeKey(good.substr(1)));
  EXPECT_FALSE(LooksLikeKey("Bearer " + good));
}

TEST(SecretTextTest, SurvivesJunk) {
  const std::string good = MakeSecret(kKeyPrefix).text;
  int taken = 0;
  test_support::Fuzz("secret_text", {good, "cgk__", "cgk_abcdefgh2345_", MakeSecret(kTokenPrefix).text},
                     [&](absl::string_view input) {
                       if (!LooksLikeKey(input)) return;
                       ++taken;
                       ASSERT_EQ(input, good);
                     });
  EXPECT_GT(taken, 0);
}

TEST(SecretTextTest, HashesAreThoseOfSha256) {
  const std::string hash = HashSecret("abc");
  EXPECT_EQ(static_cast<unsigned char>(hash[0]), 0xBA);
  EXPECT_EQ(hash.size(), 32U);
  EXPECT_TRUE(IsSameHash(hash, HashSecret("abc")));
  EXPECT_FALSE(IsSameHash(hash, HashSecret("abd")));
  EXPECT_FALSE(IsSameHash(hash, ""));
}

}  // namespace
}  // namespace cognate::access
