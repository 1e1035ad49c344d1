// The examples of docs/conditions.md are what it says: those of its blocks `condition` are parsed, and those
// of `refused` are refused with the words that stand below them.
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/condition/test_model.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cognate::condition {
namespace {

using ::testing::SizeIs;

// The lines of all blocks of this name, without those that are empty.
std::vector<std::string> Block(absl::string_view name) {
  std::ifstream page("docs/conditions.md");
  EXPECT_TRUE(page.good()) << "docs/conditions.md; run the test in the repository's root";
  std::vector<std::string> lines;
  bool is_within = false;
  for (std::string line; std::getline(page, line);) {
    if (absl::StartsWith(line, "```")) {
      is_within = line == absl::StrCat("```", name);
    } else if (is_within && !line.empty()) {
      lines.push_back(line);
    }
  }
  return lines;
}

TEST(ConditionDocsTest, EveryExampleIsACondition) {
  const std::vector<std::string> examples = Block("condition");
  EXPECT_THAT(examples, SizeIs(testing::Ge(20u)));
  for (const std::string& example : examples) {
    const absl::StatusOr<Condition> condition = Condition::Parse(example, ModelOfTests::AllNames());
    EXPECT_TRUE(condition.ok()) << example << ": " << condition.status();
  }
}

TEST(ConditionDocsTest, EveryRefusalIsAsThePageSays) {
  const std::vector<std::string> lines = Block("refused");
  ASSERT_THAT(lines, SizeIs(testing::Ge(10u)));
  for (size_t i = 0; i + 1 < lines.size(); i += 2) {
    const absl::StatusOr<Condition> condition = Condition::Parse(lines[i], ModelOfTests::AllNames());
    ASSERT_FALSE(condition.ok()) << lines[i];
    EXPECT_EQ(condition.status().message(), absl::StripAsciiWhitespace(lines[i + 1])) << lines[i];
  }
}

TEST(ConditionDocsTest, EveryExplanationIsAsThePageSays) {
  const RecordOfTests record(
      {{"status", value::Text("draft")}, {"price", value::Decimal("8")}, {"cost", value::Decimal("10.00")}},
      {{"status", value::Text("trash")}});
  const std::vector<std::string> lines = Block("explained");
  ASSERT_THAT(lines, SizeIs(testing::Ge(6u)));
  for (size_t i = 0; i + 1 < lines.size(); i += 2) {
    const absl::StatusOr<Condition> condition = Condition::Parse(lines[i], ModelOfTests::AllNames());
    ASSERT_TRUE(condition.ok()) << lines[i] << ": " << condition.status();
    EXPECT_EQ(condition->Explain(record.subject()), absl::StripAsciiWhitespace(lines[i + 1])) << lines[i];
  }
}

}  // namespace
}  // namespace cognate::condition
