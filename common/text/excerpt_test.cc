#include "common/text/excerpt.h"

#include "gtest/gtest.h"

namespace cognate::text {
namespace {

TEST(ExcerptTest, LeavesAPlainTextAsItIs) {
  EXPECT_EQ(Excerpt("", 10), "");
  EXPECT_EQ(Excerpt("Grüße 👋", 40), "Grüße 👋");
  EXPECT_EQ(Excerpt("just fits", 9), "just fits");
}

TEST(ExcerptTest, CutsBetweenCharacters) {
  EXPECT_EQ(Excerpt("ääää", 5), "ää…");
  EXPECT_EQ(Excerpt("a👋b", 4), "a…");
}

TEST(ExcerptTest, MakesOneLineOfUtf8OfAnything) {
  EXPECT_EQ(Excerpt(absl::string_view("a\0b\r\nc\x7f\xC2\x85"
                                      "d",
                                      10),
                    40),
            "a b  c  d");
  EXPECT_EQ(Excerpt("Gr\xFC\xDF"
                    "e",
                    40),
            "Gr\xEF\xBF\xBD\xEF\xBF\xBD"
            "e");
  EXPECT_EQ(Excerpt("cut \xE2\x82", 40), "cut \xEF\xBF\xBD\xEF\xBF\xBD");
}

}  // namespace
}  // namespace cognate::text
