// Trim, Truncate and Mask.
#include "common/text/trim.h"

#include <string>

#include "common/text/mask.h"
#include "common/text/truncate.h"
#include "gtest/gtest.h"

namespace cognate::text {
namespace {

TEST(TrimTest, TakesWhiteSpaceOfAllKindsFromBothEnds) {
  EXPECT_EQ(Trim(" \t\r\n\u00A0\u2003\u3000a b\u2028 ", ""), "a b");
  EXPECT_EQ(Trim(" \u00A0 ", ""), "");
  EXPECT_EQ(Trim("", ""), "");
  EXPECT_EQ(Trim("\xc2", ""), "\xc2");
}

TEST(TrimTest, TakesTheCharactersThatAreGiven) {
  EXPECT_EQ(Trim("/a/b/", "/"), "a/b");
  EXPECT_EQ(Trim("„x“", "“„"), "x");
  EXPECT_EQ(Trim("“x”", "“"), "x”") << "code points, not the bytes of them";
  EXPECT_EQ(Trim(" a ", "-"), " a ");
}

TEST(TruncateTest, CountsCodePoints) {
  EXPECT_EQ(Truncate("äöü", 3, "…", false), "äöü");
  EXPECT_EQ(Truncate("äöüß", 3, "…", false), "äö…");
  EXPECT_EQ(Truncate("äöüß", 3, "", false), "äöü");
  EXPECT_EQ(Truncate("hello", 2, "...", false), "..") << "an ellipsis that is longer than the whole";
  EXPECT_EQ(Truncate("", 1, "…", false), "");
}

TEST(TruncateTest, CutsBeforeTheWordThatDoesNotFit) {
  EXPECT_EQ(Truncate("the quick brown fox", 12, "", true), "the quick");
  EXPECT_EQ(Truncate("the quick brown fox", 9, "", true), "the quick")
      << "a word that ends where the cut is fits";
  EXPECT_EQ(Truncate("the quick brown fox", 10, "…", true), "the quick…");
  EXPECT_EQ(Truncate("the  quick", 5, "", true), "the");
  EXPECT_EQ(Truncate("incomprehensibilities of", 10, "…", true), "incompreh…") << "there is no other word";
  EXPECT_EQ(Truncate("  incomprehensibilities", 5, "", true), "  inc");
}

TEST(TruncateTest, PartsNoMarkFromItsLetter) {
  EXPECT_EQ(Truncate("abe\u0301f", 3, "", false), "ab");
  EXPECT_EQ(Truncate("ab\U0001F468\u200D\U0001F469\u200D\U0001F467x", 4, "", false), "ab");
  std::string marks = "a";
  for (int i = 0; i < 100; ++i) marks += "\u0301";
  EXPECT_EQ(Truncate(marks, 50, "", false).size(), 99u) << "but not for the sake of nonsense";
}

TEST(MaskTest, KeepsBothEnds) {
  EXPECT_EQ(Mask("4111111111111111", 4, 4, "•"), "4111••••••••1111");
  EXPECT_EQ(Mask("äöüß", 1, 1, ""), "ä**ß");
  EXPECT_EQ(Mask("secret", 0, 0, "x"), "xxxxxx");
  EXPECT_EQ(Mask("", 1, 1, "*"), "");
}

TEST(MaskTest, MasksAllOfATextThatIsNotLonger) {
  EXPECT_EQ(Mask("12345678", 4, 4, "*"), "********");
  EXPECT_EQ(Mask("123456789", 4, 4, "*"), "1234*6789");
  EXPECT_EQ(Mask("123", 2147483647, 2147483647, "*"), "***");
  EXPECT_EQ(Mask("123", -1, -1, "*"), "***");
}

}  // namespace
}  // namespace cognate::text
