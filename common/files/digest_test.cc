#include "common/files/digest.h"

#include <random>
#include <string>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"

namespace cognate::files {
namespace {

TEST(Digest, GoesOnInAnotherProcessWhereItWasSaved) {
  std::mt19937_64 random(5);
  std::string content(300'000, '\0');
  for (char& c : content) c = static_cast<char>(random());
  for (const size_t cut : {0U, 1U, 63U, 64U, 65U, 4096U, 100'001U, 300'000U}) {
    Digest first;
    first.Add(absl::string_view(content).substr(0, cut));
    const std::string saved = first.Save();
    EXPECT_LT(saved.size(), 128U);
    Digest second;
    ASSERT_TRUE(second.Restore(saved));
    EXPECT_EQ(second.size(), static_cast<int64_t>(cut));
    second.Add(absl::string_view(content).substr(cut));
    EXPECT_EQ(second.Finish(), Sha256(content)) << cut;
    // What was saved from goes on, too.
    first.Add(absl::string_view(content).substr(cut));
    EXPECT_EQ(first.Finish(), Sha256(content)) << cut;
  }
  EXPECT_EQ(absl::BytesToHexString(Sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digest, BeginsAnewWhereWhatWasSavedIsNone) {
  Digest whole;
  whole.Add("some bytes");
  const std::string saved = whole.Save();
  for (const std::string& wrong :
       {std::string(), std::string("x"), saved.substr(1), saved + "x", "2" + saved.substr(1)}) {
    Digest digest;
    digest.Add("before");
    EXPECT_FALSE(digest.Restore(wrong));
    EXPECT_EQ(digest.size(), 0);
    EXPECT_EQ(digest.Finish(), Sha256(""));
  }
}

TEST(ParseSha256, TakesSixtyFourHexadecimalDigitsAlone) {
  const std::string hash = Sha256("abc");
  EXPECT_EQ(ParseSha256(absl::BytesToHexString(hash)), hash);
  EXPECT_EQ(ParseSha256("abc"), "");
  EXPECT_EQ(ParseSha256(std::string(64, 'g')), "");
  EXPECT_EQ(ParseSha256(absl::BytesToHexString(hash) + "00"), "");
}

}  // namespace
}  // namespace cognate::files
