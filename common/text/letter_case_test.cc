#include "common/text/letter_case.h"

#include <string>

#include "gtest/gtest.h"

namespace cognate::text {
namespace {

TEST(LetterCaseTest, ChangesLettersOfEveryScript) {
  EXPECT_EQ(ToLower("ÅRE Straße ЖУК 123"), "åre straße жук 123");
  EXPECT_EQ(ToUpper("åre straße жук 123"), "ÅRE STRASSE ЖУК 123");
  EXPECT_EQ(ToLower("HELLO"), "hello");
  EXPECT_EQ(ToUpper("hello_1"), "HELLO_1");
  EXPECT_EQ(ToLower(""), "");
}

TEST(LetterCaseTest, KnowsNoLanguage) {
  EXPECT_EQ(ToLower("I"), "i");
  EXPECT_EQ(ToUpper("i"), "I");
  EXPECT_EQ(ToLower("ΟΔΟΣ ΣΑΣ"), "οδος σας") << "a sigma at the end of a word has its own form";
}

TEST(LetterCaseTest, MakesTheFirstLetterOfEachWordLarge) {
  EXPECT_EQ(ToTitle("the QUICK brown-fox"), "The Quick Brown-Fox");
  EXPECT_EQ(ToTitle("don't o’neill 'tis"), "Don't O’neill 'Tis");
  EXPECT_EQ(ToTitle("élan ВОЙНА и мир"), "Élan Война И Мир");
  EXPECT_EQ(ToTitle("3rd straße ßa"), "3rd Straße Ssa");
  EXPECT_EQ(ToTitle("e\u0301lan"), "E\u0301lan");
}

TEST(LetterCaseTest, CapitalizesTheFirstLetterAlone) {
  EXPECT_EQ(Capitalize("hello WORLD"), "Hello WORLD");
  EXPECT_EQ(Capitalize("éa ÉA"), "Éa ÉA");
  EXPECT_EQ(Capitalize(" \"hello\""), " \"Hello\"");
  EXPECT_EQ(Capitalize("3rd"), "3rd");
  EXPECT_EQ(Capitalize("…"), "…");
  EXPECT_EQ(Capitalize(""), "");
}

TEST(LetterCaseTest, SurvivesWhatIsNoUtf8) {
  EXPECT_EQ(ToLower("Ä\xff\xc3"), "ä\xff\xc3");
  EXPECT_EQ(Capitalize("\xff"
                       "abc"),
            "\xff"
            "Abc");
  EXPECT_FALSE(ToTitle("a\xed\xa0\x80z").empty());
}

}  // namespace
}  // namespace cognate::text
