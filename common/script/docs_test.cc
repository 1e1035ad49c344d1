// The examples of docs/scripts.md do what the page says. `-- given:` and `-- gives:` are assignments to
// fields, with `;` between them; a field that is given as nil is not listed afterwards.
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/script/test_run.h"
#include "common/value/value.h"
#include "gtest/gtest.h"

namespace cognate::script {
namespace {

struct Example {
  std::string source, given, gives, skips, rejects, fails;
};

std::vector<Example> Examples() {
  std::ifstream file("docs/scripts.md");
  std::vector<Example> examples;
  bool is_inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line == "```lua") {
      is_inside = true;
      examples.emplace_back();
    } else if (line == "```") {
      is_inside = false;
    } else if (is_inside) {
      Example& example = examples.back();
      absl::StrAppend(&example.source, line, "\n");
      absl::string_view rest = line;
      if (absl::ConsumePrefix(&rest, "-- given: ")) example.given = std::string(rest);
      if (absl::ConsumePrefix(&rest, "-- gives: ")) example.gives = std::string(rest);
      if (absl::ConsumePrefix(&rest, "-- skips: ")) example.skips = std::string(rest);
      if (absl::ConsumePrefix(&rest, "-- rejects: ")) example.rejects = std::string(rest);
      if (absl::ConsumePrefix(&rest, "-- fails: ")) example.fails = std::string(rest);
    }
  }
  return examples;
}

void Assign(absl::string_view assignments, FakeRecord& record) {
  for (const absl::string_view assignment : absl::StrSplit(assignments, "; ", absl::SkipEmpty())) {
    const Ending ending = RunOver(record, absl::StrCat("record.", assignment));
    ASSERT_EQ(ending.kind, Kind::kDone) << assignment << ": " << ending.message;
  }
}

TEST(ScriptDocsTest, EveryExampleDoesWhatThePageSays) {
  const std::vector<Example> examples = Examples();
  ASSERT_GE(examples.size(), 8u);
  for (const Example& example : examples) {
    FakeRecord record;
    Assign(example.given, record);
    const Ending ending = RunOver(record, example.source);
    if (!example.skips.empty()) {
      EXPECT_THAT(ending, Ends(Kind::kSkipped, example.skips));
    } else if (!example.rejects.empty()) {
      EXPECT_THAT(ending, Ends(Kind::kRejected, example.rejects));
    } else if (!example.fails.empty()) {
      EXPECT_THAT(ending, Ends(Kind::kFailed, ::testing::EndsWith(example.fails)));
    } else {
      EXPECT_THAT(ending, Ends(Kind::kDone, "")) << example.source;
      ASSERT_FALSE(example.gives.empty()) << example.source;
      for (const absl::string_view assignment : absl::StrSplit(example.gives, "; ", absl::SkipEmpty())) {
        const std::string name(assignment.substr(0, assignment.find(' ')));
        FakeRecord wanted({{name, value::Text("nothing")}});
        Assign(assignment, wanted);
        ASSERT_EQ(wanted.Get(name) == nullptr, record.Get(name) == nullptr) << name;
        if (wanted.Get(name) == nullptr) continue;
        EXPECT_TRUE(value::Equal(*wanted.Get(name), *record.Get(name)))
            << name << " is " << value::Describe(*record.Get(name)) << ", want " << assignment;
      }
    }
  }
}

}  // namespace
}  // namespace cognate::script
