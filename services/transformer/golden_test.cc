// Each file in golden/ is a batch of changes, a ledger, and behind them what the stages make of both: the
// questions to the ledger, the entries for the lanes, the reports to feedback. UPDATE_GOLDEN=1 writes what
// comes out into the files.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "cognate/v1/change_capture_service.pb.h"
#include "common/value/fingerprint.h"
#include "common/value/value.h"
#include "gtest/gtest.h"
#include "services/transformer/pipeline.h"
#include "tests/support/proto_matchers.h"

namespace cognate::transformer {
namespace {

using ::cognate::test_support::ParseProto;

constexpr char kFolder[] = "services/transformer/golden/";

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string Print(const google::protobuf::Message& message) {
  google::protobuf::TextFormat::Printer printer;
  printer.SetUseUtf8StringEscaping(true);
  std::string text;
  printer.PrintToString(message, &text);
  return text;
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

bus::v1::ChangeBatch BatchOf(const Section& section) {
  const auto request = ParseProto<v1::CaptureRequest>(section.text);
  bus::v1::ChangeBatch batch;
  for (const absl::string_view word : absl::StrSplit(section.title, ' ')) {
    if (word == "allow_incomplete") batch.set_allow_incomplete(true);
    if (word != "batch" && word != "allow_incomplete") batch.set_target_platform(std::string(word));
  }
  for (const v1::Change& change : request.changes()) {
    AddLogged(change, &batch).set_model_index(batch.models_size());
    batch.add_models()->set_platform(request.platform());
    batch.mutable_models(batch.models_size() - 1)->set_model(change.model());
  }
  return batch;
}

// A ledger in lines:  `record <platform> <model> <local id> is <entity>`, `target <entity> <platform> <model>
// is <local id>`, `applied <platform> <model> <local id> { fields }`, `plan <platform> <model> <entity>
// STALE|APPLIED|DUE_AS_DELETE`, `assigned <entity> <platforms…>`.
// Of all that is applied.
constexpr int64_t kAppliedVersion = 7;

class LineLedger {
 public:
  explicit LineLedger(const std::string& lines) {
    for (const absl::string_view line : absl::StrSplit(lines, '\n', absl::SkipEmpty())) {
      const std::vector<std::string> words = absl::StrSplit(line, ' ');
      if (words[0] == "record") entities_[Key(words[1], words[2], words[3])] = Entity(words[5]);
      if (words[0] == "target") local_ids_[Key(words[2], words[3], Entity(words[1]))] = words[5];
      if (words[0] == "plan") decisions_[Key(words[1], words[2], Entity(words[3]))] = words[4];
      if (words[0] == "assigned") assigned_[Entity(words[1])] = {words.begin() + 2, words.end()};
      if (words[0] != "applied") continue;
      const size_t from = line.find('{') + 1;
      fingerprints_[Key(words[1], words[2], words[3])] =
          value::Fingerprint(ParseProto<v1::Fields>(std::string(line.substr(from, line.rfind('}') - from))));
    }
  }

  v1::ResolveResponse Resolve(const v1::ResolveRequest& request) {
    v1::ResolveResponse response;
    for (const v1::ResolveGroup& group : request.groups()) {
      v1::ResolvedGroup* const resolved = response.add_groups();
      for (const std::string& local_id : group.local_ids()) {
        std::string& entity = entities_[Key(group.platform(), group.model(), local_id)];
        if (entity.empty() && group.create()) entity = Entity(absl::StrCat("new", ++made_));
        resolved->add_entity_ids(entity);
        if (group.with_assignments()) {
          resolved->add_assignment_places(resolved->assignment_sets_size());
          const std::vector<std::string>& platforms = assigned_[entity];
          resolved->add_assignment_sets()->mutable_platforms()->Assign(platforms.begin(), platforms.end());
        }
        const std::string& fingerprint = fingerprints_[Key(group.platform(), group.model(), local_id)];
        resolved->add_fingerprints(fingerprint);
        resolved->add_applied_versions(fingerprint.empty() ? 0 : kAppliedVersion);
        if (!group.target_model().empty()) {
          resolved->add_target_local_ids(
              local_ids_[Key(group.target_platform(), group.target_model(), entity)]);
        }
      }
    }
    return response;
  }

  v1::PlanResponse Plan(const v1::PlanRequest& request) {
    v1::PlanResponse response;
    for (const v1::PlanGroup& group : request.groups()) {
      v1::PlannedGroup* const planned = response.add_groups();
      for (const std::string& entity : group.entity_ids()) {
        const std::string key = Key(group.platform(), group.model(), entity);
        const std::string& decision = decisions_[key];
        v1::PlanDecision planned_as = v1::PLAN_DECISION_DUE;
        if (!decision.empty()) v1::PlanDecision_Parse(absl::StrCat("PLAN_DECISION_", decision), &planned_as);
        planned->add_decisions(planned_as);
        planned->add_local_ids(local_ids_[key]);
      }
    }
    return response;
  }

 private:
  static std::string Key(const std::string& platform, const std::string& model, const std::string& id) {
    return absl::StrCat(platform, " ", model, " ", id);
  }
  static std::string Entity(std::string name) {
    name.resize(16, '.');
    return name;
  }

  std::map<std::string, std::vector<std::string>> assigned_;
  std::map<std::string, std::string> entities_, local_ids_, fingerprints_, decisions_;
  int made_ = 0;
};

// What comes out, as the sections behind the ledger.
std::string Outcome(const RuleSet& rules, const std::vector<Section>& sections) {
  std::vector<bus::v1::ChangeBatch> batches;
  std::string ledger_lines;
  for (const Section& section : sections) {
    if (absl::StartsWith(section.title, "batch")) batches.push_back(BatchOf(section));
    if (section.title == "ledger") ledger_lines = section.text;
  }
  std::vector<const bus::v1::ChangeBatch*> pointers;
  for (const bus::v1::ChangeBatch& batch : batches) pointers.push_back(&batch);
  LineLedger lines(ledger_lines);
  std::string out;
  const Ledger ledger = {[&](const v1::ResolveRequest& request) -> absl::StatusOr<v1::ResolveResponse> {
                           absl::StrAppend(&out, "== resolve\n", Print(request));
                           return lines.Resolve(request);
                         },
                         [&](const v1::PlanRequest& request) -> absl::StatusOr<v1::PlanResponse> {
                           absl::StrAppend(&out, "== plan\n", Print(request));
                           return lines.Plan(request);
                         }};
  google::protobuf::Arena arena;
  for (const Wave& wave : Collect(pointers, 1000)) {
    absl::StatusOr<WaveResult> result = RunWave(rules, wave, ledger, nullptr, LaneLimits(), &arena);
    if (!result.ok()) return result.status().ToString();
    for (const LaneOrder& lane : result->decisions.lanes) {
      for (const bus::v1::LaneBatch* batch : lane.batches) {
        absl::StrAppend(&out, "== lane ", lane.platform, "\n", Print(*batch));
      }
    }
    for (const v1::ReportRequest& report : result->decisions.reports)
      absl::StrAppend(&out, "== report\n", Print(report));
  }
  return out;
}

class GoldenTest : public ::testing::TestWithParam<std::string> {};

TEST_P(GoldenTest, StagesMakeOfAFileWhatItSays) {
  const RuleSet rules(ParseProto<v1::Rules>(ReadFile(absl::StrCat(kFolder, "rules.textproto"))));
  const std::string path = absl::StrCat(kFolder, GetParam());
  const std::vector<Section> sections = Sections(ReadFile(path));
  std::string given = sections[0].text;
  std::string wanted;
  for (size_t i = 1; i < sections.size(); ++i) {
    const bool input = absl::StartsWith(sections[i].title, "batch") || sections[i].title == "ledger";
    absl::StrAppend(input ? &given : &wanted, "== ", sections[i].title, "\n", sections[i].text);
  }
  const std::string got = Outcome(rules, sections);
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << absl::StripSuffix(given, "\n") << "\n" << got;
  } else {
    EXPECT_EQ(absl::StripSuffix(wanted, "\n"), got);
  }
}

std::set<std::string> Files() {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".txt") names.insert(entry.path().filename());
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(Files, GoldenTest, ::testing::ValuesIn(Files()),
                         [](const auto& file) { return file.param.substr(0, file.param.find('.')); });

}  // namespace
}  // namespace cognate::transformer
