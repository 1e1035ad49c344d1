#include <chrono>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/codec/php.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cognate::codec {
namespace {

using ::cognate::test_support::IsOkAndHolds;
using ::cognate::test_support::ValueOrDie;
using ::testing::ElementsAre;

std::string OldToNew(absl::string_view text, bool /*is_name*/) {
  return absl::StrReplaceAll(text, {{"old", "newer"}});
}
void ExpectRewritten(const std::string& from, const std::string& to) {
  EXPECT_THAT(RewritePhpStrings(from, OldToNew), IsOkAndHolds(to)) << from;
}
std::string Quoted(const std::string& text) { return absl::StrCat("s:", text.size(), ":\"", text, "\";"); }

TEST(RewritePhpStringsTest, MendsLengths) {
  ExpectRewritten("s:3:\"old\";", "s:5:\"newer\";");
  ExpectRewritten("a:2:{s:3:\"old\";i:1;i:5;s:6:\"é old\";}", "a:2:{s:5:\"newer\";i:1;i:5;s:8:\"é newer\";}");
  ExpectRewritten(
      "s:4:\"\xff"
      "old\";",
      "s:6:\"\xff"
      "newer\";");
}

TEST(RewritePhpStringsTest, KeepsEverythingElseToTheByte) {
  for (const std::string same : {"N;", "b:1;", "i:+05;", "d:1.50E+05;", "s:03:\"abc\";", "a:1:{i:00;R:1;}",
                                 "a:2:{i:0;i:1;i:1;r:2;}", "O:3:\"old\":1:{s:3:\"old\";i:1;}",
                                 "E:7:\"old:old\";", "C:3:\"old\":12:{s:3:\"old\";xy}", "a:0:{}"}) {
    ExpectRewritten(same, same);
  }
}

TEST(RewritePhpStringsTest, RewritesTheValuesOfObjects) {
  const std::string name = std::string("\0*\0old", 6);
  ExpectRewritten("O:1:\"A\":2:{" + Quoted(name) + "s:3:\"old\";s:1:\"b\";a:1:{s:3:\"old\";N;}}",
                  "O:1:\"A\":2:{" + Quoted(name) + "s:5:\"newer\";s:1:\"b\";a:1:{s:5:\"newer\";N;}}");
}

TEST(RewritePhpStringsTest, SaysWhichStringsAreNames) {
  std::vector<std::string> offered;
  const auto note = [&](absl::string_view text, bool is_name) {
    offered.push_back(absl::StrCat(is_name ? "name " : "value ", text));
    return std::string(text);
  };
  EXPECT_TRUE(
      RewritePhpStrings("a:2:{s:1:\"a\";s:1:\"b\";i:0;O:1:\"c\":1:{s:1:\"d\";s:1:\"e\";}}", note).ok());
  EXPECT_THAT(offered, ElementsAre("name a", "value b", "value e"));
}

TEST(RewritePhpStringsTest, RewritesWithinSerializedStrings) {
  const std::string inner = "a:1:{s:3:\"old\";s:3:\"old\";}";
  const std::string inner_after = "a:1:{s:5:\"newer\";s:5:\"newer\";}";
  ExpectRewritten(Quoted(inner), Quoted(inner_after));
  ExpectRewritten(Quoted(Quoted(Quoted("old"))), Quoted(Quoted(Quoted("newer"))));
  ExpectRewritten(Quoted("a:1:{broken old}"), Quoted("a:1:{broken newer}"));
}

TEST(RewritePhpStringsTest, BoundsTheNestingOfStrings) {
  std::string from = "old";
  std::string to = "newer";
  for (int i = 0; i < 9; ++i) from = Quoted(from), to = Quoted(to);
  ExpectRewritten(from, to);
  // What is deeper is a text like any other.
  EXPECT_EQ(ValueOrDie(RewritePhpStrings(Quoted(from), OldToNew)).find("s:3:\"newer\";") != std::string::npos,
            true);
}

TEST(RewritePhpStringsTest, IsLinearForHostileTexts) {
  // Each level says that it is serialized, and breaks at its very end.
  std::string text(1 << 20, 'x');
  for (int i = 0; i < 12; ++i) text = absl::StrCat("a:2:{i:0;", Quoted(text), "i:1;Q}");
  const std::string hostile = absl::StrCat("a:1:{i:0;", Quoted(text), "}");
  int calls = 0;
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(RewritePhpStrings(hostile, [&](absl::string_view string, bool) {
                return ++calls, std::string(string);
              }).ok());
  EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(), 20);
  EXPECT_LE(calls, 10);
}

}  // namespace
}  // namespace cognate::codec
