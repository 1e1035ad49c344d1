// Each file in golden/ is a source model's fields, a chain and some records, and behind them what comes out:
// what is known of the fields after the chain, and each record; or what is wrong with the chain.
// UPDATE_GOLDEN=1 writes what comes out into the files.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/transform/chain.h"
#include "common/transform/test_record.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/proto_matchers.h"

namespace cognate::transform {
namespace {

using ::cognate::test_support::ParseProto;

constexpr char kFolder[] = "common/transform/golden/";

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// In one line.
std::string Print(const google::protobuf::Message& message) {
  google::protobuf::TextFormat::Printer printer;
  printer.SetUseUtf8StringEscaping(true);
  printer.SetSingleLineMode(true);
  std::string text;
  printer.PrintToString(message, &text);
  return std::string(absl::StripSuffix(text, " "));
}

struct Section {
  std::string title;
  std::string text;
};

std::vector<Section> Sections(const std::string& file) {
  std::vector<Section> sections(1);
  for (absl::string_view line : absl::StrSplit(file, '\n')) {
    if (absl::ConsumePrefix(&line, "== ")) {
      sections.push_back({std::string(line), ""});
    } else {
      absl::StrAppend(&sections.back().text, line, "\n");
    }
  }
  return sections;
}

// A chain over the records of one file.
struct Case {
  v1::Model model;
  Transforms transforms;
  v1::Fields old;
  std::vector<v1::Fields> records;
};

// `fields`, `transform` (for each step), `record` (several), `old` for the record before, stand in the file.
Case Parse(const std::vector<Section>& sections) {
  Case read;
  for (const Section& section : sections) {
    if (section.title == "fields") read.model = ParseProto<v1::Model>(section.text);
    if (section.title == "transform") *read.transforms.Add() = ParseProto<v1::Transform>(section.text);
    if (section.title == "old") read.old = ParseProto<v1::Fields>(section.text);
    if (section.title == "record") read.records.push_back(ParseProto<v1::Fields>(section.text));
  }
  return read;
}

std::string ShowStop(const Stop& stop) {
  if (stop.is_skipped) return absl::StrCat("skipped: ", stop.error.message(), "\n");
  return absl::StrCat(stop.error.reason(), " of ", stop.error.field(), ": ", stop.error.message(), "\n");
}

std::string ShowKnown(const Chain& chain) {
  std::string text = "== known\n";
  for (const v1::ModelField& field : chain.FieldsAfter()) {
    absl::StrAppend(&text, Print(field), chain.HoldsReferencesAfter(field.name()) ? " # references" : "",
                    "\n");
  }
  return text;
}

std::string ShowTrace(const std::vector<StepTrace>& trace) {
  std::string text;
  for (const StepTrace& step : trace) {
    if (step.is_passed)
      absl::StrAppend(&text, "# passed over ", step.step, " ", step.word, ": ", step.because, "\n");
  }
  return text;
}

std::string Outcome(const Case& given) {
  std::vector<FieldViolation> violations;
  const std::vector<v1::ModelField> fields(given.model.fields().begin(), given.model.fields().end());
  const Chain chain = Chain::Compile(given.transforms, fields, &violations);
  std::string out;
  for (const FieldViolation& violation : violations) {
    absl::StrAppend(&out, out.empty() ? "== violations\n" : "", violation.field, ": ", violation.description,
                    "\n");
  }
  if (!violations.empty()) return out;
  out = ShowKnown(chain);
  static const std::vector<std::string> kAssigned = {"shop"};
  static const script::SyncFacts kSync = {"syncs/posts", "blog", "shop", "public.posts", "public.articles"};
  for (const v1::Fields& record : given.records) {
    TestRecord test(chain, given.model, record);
    TestRecord old(chain, given.model, given.old);
    Context context = test.context();
    context.old_source = old.context().source;
    context.assigned = kAssigned;
    context.sync = &kSync;
    std::vector<StepTrace> trace;
    const std::optional<Stop> stop = chain.RunTraced(test.record(), context, &trace);
    TestRecord again(chain, given.model, record);
    context.source = again.context().source;
    EXPECT_EQ(chain.Run(again.record(), context).has_value(), stop.has_value()) << "traced and not are one";
    absl::StrAppend(&out, "== result\n", ShowTrace(trace));
    if (stop.has_value()) {
      absl::StrAppend(&out, ShowStop(*stop));
      continue;
    }
    EXPECT_THAT(test.After(chain), test_support::EqualsProto(again.After(chain)));
    const v1::Fields after = test.After(chain);
    for (const v1::Field& field : after.fields()) {
      absl::StrAppend(&out, field.name(), ": ", Print(field.value()), "\n");
    }
  }
  return out;
}

class GoldenTest : public ::testing::TestWithParam<std::string> {};

TEST_P(GoldenTest, AChainMakesOfRecordsWhatTheFileSays) {
  const std::string path = absl::StrCat(kFolder, GetParam());
  const std::vector<Section> sections = Sections(ReadFile(path));
  static const std::set<std::string> kOutputs = {"known", "result", "violations"};
  std::string given = sections[0].text;
  std::string wanted;
  for (size_t i = 1; i < sections.size(); ++i) {
    absl::StrAppend(kOutputs.contains(sections[i].title) ? &wanted : &given, "== ", sections[i].title, "\n",
                    sections[i].text);
  }
  const std::string got = Outcome(Parse(sections));
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << absl::StripSuffix(absl::StrCat(given, given.ends_with("\n\n") ? "" : "\n"), "\n")
                        << got;
  } else {
    EXPECT_EQ(absl::StripSuffix(wanted, "\n"), got);
  }
}

std::set<std::string> Files() {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kFolder)) {
    if (entry.path().extension() == ".txt") {
      names.insert(std::filesystem::relative(entry.path(), kFolder).string());
    }
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(Files, GoldenTest, ::testing::ValuesIn(Files()), [](const auto& file) {
  return absl::StrReplaceAll(absl::StripSuffix(file.param, ".txt"), {{"/", "_"}});
});

// Every word of a step has at least three files.
TEST(GoldenFiles, EveryStepHasExamples) {
  const auto* const steps = v1::Transform::descriptor()->FindOneofByName("step");
  for (int i = 0; i < steps->field_count(); ++i) {
    const std::string prefix = absl::StrCat(steps->field(i)->name(), "/");
    int count = 0;
    for (const std::string& file : Files()) count += absl::StartsWith(file, prefix) ? 1 : 0;
    EXPECT_GE(count, 3) << prefix;
  }
}

}  // namespace
}  // namespace cognate::transform
