// What a person reads who wrote a condition that cannot be.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/condition/test_model.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cognate::condition {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string Error(absl::string_view text, const Names& names = ModelOfTests::AllNames()) {
  const absl::StatusOr<Condition> condition = Condition::Parse(text, names);
  if (condition.ok()) return "none";
  EXPECT_EQ(condition.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(condition.status().message());
}

std::string Repeated(absl::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) absl::StrAppend(&all, text);
  return all;
}

TEST(ConditionErrorsTest, PointAtTheWordThatIsWrong) {
  EXPECT_THAT(Error("price => 10"), StartsWith("column 7: got \"=>\", want one of = != < <= > >= in"));
  EXPECT_THAT(Error("title = \"Ä🌍\" && featured"),
              StartsWith("column 14: got \"&&\", want and, or or the end"));
  EXPECT_EQ(Error(""), "column 1: got the end, want a field, a value or a function");
  EXPECT_EQ(Error("featured and"), "column 13: got the end, want a field, a value or a function");
  EXPECT_EQ(Error("(featured"), "column 10: got the end, want and, or or )");
  EXPECT_EQ(Error("(featured = true"), "column 17: got the end, want and, or or )");
  EXPECT_EQ(Error("featured)"),
            "column 9: got \")\", want one of = != < <= > >= in not in contains starts with ends with "
            "matches is null, or and, or or the end");
  EXPECT_EQ(Error("price = 1 = 2"), "column 11: got \"=\", want and, or or the end");
  EXPECT_EQ(Error("price in 5"), "column 10: got 5, want ( after in");
  EXPECT_EQ(Error("price in ()"),
            "column 11: got \")\", want a value: a number, a text in quotes, true, false, null, date \"…\" "
            "or time \"…\"");
  EXPECT_EQ(Error("price in (1 2)"), "column 13: got 2, want a comma or )");
  EXPECT_EQ(Error("title starts \"a\""), "column 14: got the text \"a\", want with");
  EXPECT_EQ(Error("price is 5"), "column 10: got 5, want null, not null, listed or not listed");
  EXPECT_THAT(Error("price AND featured"), StartsWith("column 7: got \"AND\", want one of ="));
  EXPECT_THAT(Error("title not contains \"a\""),
              HasSubstr("want in after not; to negate another comparison write not before"));
  EXPECT_THAT(Error("meta.key = 1"), HasSubstr("a name that has one stands in backticks"));
}

TEST(ConditionErrorsTest, SayWhatIsWrongWithinAWord) {
  EXPECT_EQ(
      Error("title = \"a\\d\""),
      "column 11: got \\d, want one of \\n \\t \\\\ \\\" \\' \\u{…}; a backslash itself is written \\\\");
  EXPECT_EQ(Error("title = \"abc"), "column 9: got a text without an end, want \" after it");
  EXPECT_THAT(Error("title = '\\u{d800}'"), StartsWith("column 10: got \\u without a character"));
  EXPECT_EQ(Error("price = 1.2.3"), "column 9: got \"1.2.3\", want a number such as -12.50 or 1e3");
  EXPECT_EQ(Error("price = 5."), "column 9: got \"5.\", want a number such as -12.50 or 1e3");
  EXPECT_THAT(Error("`abc = 1"), StartsWith("column 1: got a name without an end"));
  EXPECT_THAT(Error("title = \"\xff\""), HasSubstr("want UTF-8"));
  EXPECT_EQ(Error("created_at > time \"noon\""),
            "column 19: got the text \"noon\", want a time such as time \"2026-02-28T13:45:00Z\"");
}

TEST(ConditionErrorsTest, NameTheFieldsThatMayHaveBeenMeant) {
  EXPECT_EQ(Error("prise > 1"),
            "column 1: got \"prise\", want a field that the record has; did you mean price?");
  EXPECT_EQ(Error("old.statu = \"draft\""),
            "column 5: got \"statu\", want a field that old. has; did you mean status?");
  EXPECT_EQ(Error("status = published"),
            "column 10: got \"published\", want a field that the record has; a text stands in quotes: "
            "\"published\"");
  EXPECT_THAT(Error("`first nam` = 'x'"), HasSubstr("did you mean `first name`?"));
  EXPECT_EQ(Error("len(title) = 1"),
            "column 1: got \"len\", want one of the functions length lower upper trim assigned");
}

TEST(ConditionErrorsTest, CheckTypesAndSayHowToMendThem) {
  EXPECT_EQ(Error("active"),
            "column 1: got active (integer), want something true or false; write active = 1");
  EXPECT_EQ(Error("featured and title"),
            "column 14: got title (text), want something true or false; write title != \"\"");
  EXPECT_EQ(
      Error("not created_at"),
      "column 5: got created_at (timestamp), want something true or false; write created_at is not null");
  EXPECT_EQ(Error("price or featured"),
            "column 1: got price (decimal), want something true or false; write price = 1");
  EXPECT_EQ(Error("5"), "column 1: got 5, want something true or false; compare a field with it");
  EXPECT_EQ(Error("price = \"10\""),
            "column 9: got \"10\", want a number such as 10.5 beside price (decimal)");
  EXPECT_EQ(Error("title = 5"), "column 9: got 5, want a text in quotes beside title (text)");
  EXPECT_EQ(Error("active = true"),
            "column 10: got true, want a number such as 10.5 beside active (integer)");
  EXPECT_EQ(Error("1 = featured"), "column 1: got 1, want true or false beside featured (bool)");
  EXPECT_EQ(Error("title = price"), "column 9: got price (decimal), want a text beside title (text)");
  EXPECT_EQ(Error("birthday = created_at"),
            "column 12: got created_at (timestamp), want a date beside birthday (date)");
  EXPECT_EQ(Error("created_at > date \"2026-02-28\""),
            "column 14: got \"2026-02-28\", want a time such as time \"2026-02-28T13:45:00Z\" beside "
            "created_at (timestamp)");
  EXPECT_EQ(Error("created_at > \"2026-02-28\""),
            "column 14: got \"2026-02-28\", want a time such as \"2026-02-28T13:45:00Z\" beside created_at "
            "(timestamp)");
  EXPECT_EQ(Error("birthday in (\"2026-02-28\", \"2026-02-30\")"),
            "column 28: got \"2026-02-30\", want a date such as \"2026-02-28\" beside birthday (date)");
  EXPECT_EQ(Error("id = \"x\""), "column 6: got \"x\", want a UUID beside id (uuid)");
  EXPECT_EQ(Error("status = \"public\""),
            "column 10: got \"public\", want one of draft, published, trash beside status (enum)");
  EXPECT_THAT(Error("status < \"draft\""), HasSubstr("such values have no order, write = or in (…)"));
  EXPECT_THAT(Error("price > null"), HasSubstr("nothing is less or greater than null, write is null"));
  EXPECT_THAT(Error("tags = \"a\""), HasSubstr("contains looks into a list"));
  EXPECT_EQ(Error("tags contains 5"), "column 15: got 5, want a text in quotes beside tags (text)");
  EXPECT_EQ(Error("price contains \"1\""),
            "column 1: got price (decimal), want a text or a list before contains");
  EXPECT_EQ(Error("price starts with \"1\""),
            "column 1: got price (decimal), want a text beside starts with");
  EXPECT_EQ(Error("length(price) = 1"), "column 8: got price (decimal), want a text or a list in length(…)");
  EXPECT_EQ(Error("lower(tags) = ''"), "column 7: got tags (list), want a text in lower(…)");
  EXPECT_EQ(Error("length(title) is listed"), "column 1: got length(title), want a field before is listed");
  EXPECT_THAT(Error("title matches title"), HasSubstr("want a regular expression in quotes after matches"));
}

TEST(ConditionErrorsTest, AskAssignmentsOnlyWhereTheyAreKnown) {
  Names names = ModelOfTests::AllNames();
  names.assignments.are_known = false;
  EXPECT_EQ(Error("featured and assigned(\"shop\")", names),
            "column 14: got \"assigned\", want fields alone; assignments are not known here");
  names.assignments.why_not = "public.item is not assignable";
  EXPECT_THAT(Error("assigned()", names), HasSubstr("want fields alone; public.item is not assignable"));
  for (const char* const text : {"assigned(shop)", "assigned()"}) {
    EXPECT_THAT(Error(text), HasSubstr("want a platform's id in quotes, as in assigned(\"shop\")"));
  }
}

TEST(ConditionErrorsTest, AskAssignmentsForPlatformsThatThereAre) {
  Names names = ModelOfTests::AllNames();
  names.assignments.platforms = {"blog", "shop"};
  EXPECT_EQ(Error("assigned(\"shop\")", names), "none");
  EXPECT_EQ(Error("assigned(\"shopp\")", names),
            "column 10: got the text \"shopp\", want the id of a platform; did you mean shop?");
  EXPECT_EQ(Error("assigned(\"elsewhere\")", names),
            "column 10: got the text \"elsewhere\", want the id of a platform");
}

TEST(ConditionErrorsTest, KeepTheLimits) {
  EXPECT_EQ(Error(Repeated("(", 64) + "featured" + Repeated(")", 64)), "none");
  EXPECT_THAT(Error(Repeated("(", 65) + "featured" + Repeated(")", 65)), HasSubstr("want at most 64"));
  EXPECT_THAT(Error(Repeated("not ", 65) + "featured"), HasSubstr("column 261: got more than 64"));
  EXPECT_THAT(Error(Repeated("trim(", 65) + "title" + Repeated(")", 65) + " = ''"),
              HasSubstr("want at most 64"));
  EXPECT_EQ(Error(Repeated("featured or ", 600) + "featured"), "none");
  EXPECT_EQ(Error("stock in (1" + Repeated(",1", 999) + ")"), "none");
  EXPECT_THAT(Error("stock in (1" + Repeated(",1", 1000) + ")"),
              HasSubstr("want at most 1000 values in a list"));
  EXPECT_EQ(Error(std::string(8193, ' ')), "column 1: got 8193 bytes, want at most 8192");
  EXPECT_THAT(Error("title matches \"(\""),
              StartsWith("column 15: got the text \"(\", want a regular expression of RE2; "));
  EXPECT_EQ(Error("title matches \"(\\\\pL{100}){9}\""),
            "column 15: got a regular expression that needs more than 1 MiB, want a smaller one; narrow its "
            "repetitions");
  EXPECT_THAT(
      Error("title matches '[\\\\pL ]{1,20}'"),
      HasSubstr("steps, want at most 5000; write + in place of large repetitions, and ask length(…)"));
  EXPECT_EQ(Error("title matches '^[\\\\pL\\\\pN ]+$'"), "none");
  EXPECT_THAT(Error("true" + Repeated(" or title matches 'a'", 17)),
              HasSubstr("want at most 16 regular expressions"));
}

}  // namespace
}  // namespace cognate::condition
