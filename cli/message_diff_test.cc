#include "cli/message_diff.h"

#include "cognate/v1/sync.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/proto_matchers.h"

namespace cognate::cli {
namespace {

using test_support::ParseProto;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Diff(const std::string& before, const std::string& after) {
  std::vector<std::string> lines;
  for (const Difference& difference : Differences(ParseProto<v1::Sync>(before), ParseProto<v1::Sync>(after)))
    lines.push_back(FormatDifference(difference).substr(4));
  return lines;
}

TEST(MessageDiffTest, NamesEachFieldThatIsDifferent) {
  EXPECT_THAT(Diff("filter: 'a = 1'", "filter: 'a = 1'"), IsEmpty());
  EXPECT_THAT(Diff("filter: 'a = 1' all_fields: true", "filter: 'a = 2' leave { action: LEAVE_ACTION_KEEP }"),
              ElementsAre("- all_fields: true", "~ filter: \"a = 1\" → \"a = 2\"",
                          "+ leave: {action: LEAVE_ACTION_KEEP}"));
  EXPECT_THAT(Diff("transforms { truncate { field: 't' max_characters: 3 } }",
                   "transforms { truncate { field: 't' max_characters: 4 } }"),
              ElementsAre("~ transforms[0].truncate.max_characters: 3 → 4"));
  EXPECT_THAT(Diff("transforms { trim { field: 't' } }", "transforms { slug { field: 't' } }"),
              ElementsAre("- transforms[0].trim: {field: t}", "+ transforms[0].slug: {field: t}"));
  EXPECT_THAT(Diff("leave { values { name: 'a' value { int64_value: 1 } } }",
                   "leave { values { name: 'a' value { text_value: 'x' } } }"),
              ElementsAre("~ leave.values[0].value: {int64_value: 1} → {text_value: x}"));
}

TEST(MessageDiffTest, WhatCameInTheMiddleOfAListDoesNotMoveTheRest) {
  const std::string a = "fields { source: 'a' target: 'a' }", b = "fields { source: 'b' target: 'b' }",
                    c = "fields { source: 'c' target: 'c' }", d = "fields { source: 'd' target: 'b' }";
  EXPECT_THAT(Diff(a + c, a + b + c), ElementsAre("+ fields[1]: {source: b, target: b}"));
  EXPECT_THAT(Diff(a + b + c, a + c), ElementsAre("- fields[1]: {source: b, target: b}"));
  EXPECT_THAT(Diff(a + b + c, b + c), ElementsAre("- fields[0]: {source: a, target: a}"));
  EXPECT_THAT(Diff(a + b + c, a + d + c), ElementsAre("~ fields[1].source: b → d"));
  EXPECT_THAT(Diff(a + b, b + a),
              ElementsAre("- fields[0]: {source: a, target: a}", "+ fields[1]: {source: a, target: a}"));
  EXPECT_THAT(
      Diff("transforms { drop { fields: ['a', 'b', 'c'] } }", "transforms { drop { fields: ['a', 'c'] } }"),
      ElementsAre("- transforms[0].drop.fields[1]: b"));
}

}  // namespace
}  // namespace cognate::cli
