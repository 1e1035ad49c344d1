// The examples of docs/syncs.md are what it says: its YAML holds syncs that would be stored, and each row of
// its table of steps does to the record what stands there.
#include <fstream>
#include <map>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "cli/sync_file.h"
#include "cli/yaml_message.h"
#include "common/transform/test_record.h"
#include "common/value/canonical_text.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform_registry/sync_check.h"
#include "tests/support/proto_matchers.h"
#include "tests/support/status_matchers.h"

namespace cognate::cli {
namespace {

using platform_registry::Configuration;
using test_support::ParseProto;
using test_support::ValueOrDie;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kPage[] = "docs/syncs.md";

std::vector<std::string> Lines() {
  std::ifstream page(kPage);
  EXPECT_TRUE(page.good()) << kPage << "; run the test in the repository's root";
  std::vector<std::string> lines;
  for (std::string line; std::getline(page, line);) lines.push_back(line);
  return lines;
}

v1::Model MakeModel(const std::string& columns, const std::string& key) {
  v1::Model model;
  model.add_key_fields(key);
  for (const absl::string_view column : absl::StrSplit(columns, ", ")) {
    const std::vector<std::string> words = absl::StrSplit(column, ' ');
    v1::ModelField* const field = model.add_fields();
    field->set_name(words[0]);
    v1::FieldType type = v1::FIELD_TYPE_UNSPECIFIED;
    EXPECT_TRUE(v1::FieldType_Parse(absl::StrCat("FIELD_TYPE_", words[1]), &type)) << column;
    field->set_type(type);
    field->set_nullable(words[0] != key && words.back() != "!");
    field->set_has_default(words[0] == key);
  }
  return model;
}

void AddForeignKey(const std::string& field, const std::string& model, const std::string& key,
                   v1::Model* to) {
  v1::ForeignKey* const foreign = to->add_foreign_keys();
  foreign->add_fields(field);
  foreign->set_model(model);
  foreign->add_referenced_fields(key);
}

// The tables of the page.
Configuration World() {
  Configuration world;
  world.platforms["magazine"] = ParseProto<v1::Platform>(
      "name: 'platforms/magazine' channel: CHANNEL_SQL capture_mode: CAPTURE_MODE_REPLICATION");
  world.platforms["blog"] = ParseProto<v1::Platform>(
      "name: 'platforms/blog' channel: CHANNEL_SQL capture_mode: CAPTURE_MODE_REPLICATION");
  world.models[{"magazine", "public.writer"}] = MakeModel("id INTEGER, name TEXT, mail TEXT", "id");
  v1::Model& article = world.models[{"magazine", "public.article"}] = MakeModel(
      "id INTEGER, title TEXT !, body TEXT, status TEXT !, tags TEXT, writer_id INTEGER, editor_ref TEXT, "
      "price_cents INTEGER, published_on TEXT",
      "id");
  article.set_assignable(true);
  AddForeignKey("writer_id", "public.writer", "id", &article);
  world.models[{"blog", "public.author"}] = MakeModel("no INTEGER, name TEXT, mail TEXT", "no");
  v1::Model& post = world.models[{"blog", "public.post"}] = MakeModel(
      "no INTEGER, title TEXT !, slug TEXT, body TEXT, visible BOOL, tags JSON, author_no INTEGER, "
      "editor_no INTEGER, price DECIMAL, day DATE, deleted_at TIMESTAMP",
      "no");
  post.mutable_fields(1)->set_max_length(80);
  post.add_uniques()->add_fields("slug");
  AddForeignKey("author_no", "public.author", "no", &post);
  AddForeignKey("editor_no", "public.author", "no", &post);
  return world;
}

TEST(SyncDocsTest, EveryExampleIsASyncThatWouldBeStored) {
  std::map<std::string, std::vector<std::string>> written;  // by what stands behind the fence
  std::string fence;
  for (const std::string& line : Lines()) {
    if (absl::StartsWith(line, "```")) {
      fence = fence.empty() ? line.substr(3) : "";
      if (!fence.empty()) written[fence].emplace_back();
    } else if (!fence.empty()) {
      absl::StrAppend(&written[fence].back(), line, "\n");
    }
  }
  const std::vector<std::string>& blocks = written["yaml"];
  std::map<std::string, v1::Pipeline> pipelines;
  for (const std::string& block : written["pipeline"]) {
    v1::Pipeline pipeline;
    EXPECT_OK(ToMessage(ValueOrDie(ReadYaml(block, kPage)).at(0), kPage, &pipeline));
    pipelines[pipeline.name()] = pipeline;
  }
  EXPECT_THAT(blocks, SizeIs(testing::Ge(4u)));
  for (const std::string& block : blocks) {
    for (FileSync& file : ValueOrDie(ReadSyncs(block, kPage))) {
      if (file.sync.status() == v1::SYNC_STATUS_UNSPECIFIED) file.sync.set_status(v1::SYNC_STATUS_ACTIVE);
      Configuration world = World();
      world.pipelines = pipelines;
      world.PutSync(file.sync);
      const platform_registry::SyncJudgement judgement = platform_registry::JudgeSync(world, file.sync);
      EXPECT_OK(judgement.ToStatus()) << block;
      // What is written again is the same.
      EXPECT_THAT(ValueOrDie(ReadSyncs(WriteSyncs({file.sync}), kPage))[0].sync.fields(),
                  SizeIs(file.sync.fields_size()));
    }
  }
}

bool IsDateText(const std::string& text) { return text.size() == 10 && text[4] == '-' && text[7] == '-'; }

// Values as people write them in the table.
v1::Value ValueOf(const YamlNode& node) {
  v1::Value value;
  int64_t integer = 0;
  absl::string_view text = node.text;
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      value.set_null_value(google::protobuf::NULL_VALUE);
      return value;
    case YamlNode::Kind::kList:
      value.mutable_list_value();
      for (const YamlNode& item : node.items) *value.mutable_list_value()->add_values() = ValueOf(item);
      return value;
    case YamlNode::Kind::kMap:
      value.mutable_map_value();
      for (const YamlNode::Entry& entry : node.entries) {
        v1::Field* const field = value.mutable_map_value()->add_fields();
        field->set_name(entry.key);
        *field->mutable_value() = ValueOf(entry.value);
      }
      return value;
    default:
      break;
  }
  if (absl::ConsumePrefix(&text, "→ ")) {
    value.mutable_reference_value()->set_source_local_id(std::string(text));
  } else if (node.is_quoted) {
    value.set_text_value(node.text);
  } else if (text == "true" || text == "false") {
    value.set_bool_value(text == "true");
  } else if (absl::SimpleAtoi(text, &integer)) {
    value.set_int64_value(integer);
  } else if (IsDateText(node.text)) {
    value.set_date_value(node.text);
  } else if (value::IsDecimal(text)) {
    value.set_decimal_value(node.text);
  } else {
    value.set_text_value(node.text);
  }
  return value;
}

v1::Fields FieldsOf(const std::string& yaml) {
  const auto documents = ValueOrDie(ReadYaml(yaml, kPage));
  v1::Fields fields;
  *fields.mutable_fields() = ValueOf(documents.at(0)).map_value().fields();
  return fields;
}

// Of references the source's id counts.
void Shorten(v1::Value* value) {
  if (value->has_reference_value()) {
    const std::string id = value->reference_value().source_local_id();
    value->Clear();
    value->mutable_reference_value()->set_source_local_id(id);
  }
  for (v1::Value& element : *value->mutable_list_value()->mutable_values()) Shorten(&element);
}

std::string Shown(v1::Fields fields) {
  std::map<std::string, std::string> shown;
  for (v1::Field& field : *fields.mutable_fields()) {
    if (field.value().has_list_value()) Shorten(field.mutable_value());
    if (field.value().has_reference_value()) Shorten(field.mutable_value());
    shown[field.name()] = field.value().ShortDebugString();
  }
  std::string text;
  for (const auto& [name, value] : shown) absl::StrAppend(&text, name, ": ", value, "; ");
  return text;
}

std::string RunStep(const std::string& step, const v1::Fields& given) {
  const auto documents = ValueOrDie(ReadYaml(step, kPage));
  transform::Transforms transforms;
  const absl::Status read = ToMessage(documents.at(0), kPage, transforms.Add());
  if (!read.ok()) return std::string(read.message());
  v1::Model model;
  for (const v1::Field& field : given.fields()) model.add_fields()->set_name(field.name());
  std::vector<FieldViolation> violations;
  const std::vector<v1::ModelField> fields(model.fields().begin(), model.fields().end());
  const transform::Chain chain = transform::Chain::Compile(transforms, fields, &violations);
  if (!violations.empty()) return absl::StrCat(violations[0].field, ": ", violations[0].description);
  transform::TestRecord record(chain, model, given);
  const auto stop = chain.Run(record.record(), record.context());
  if (stop.has_value()) return stop->error.message();
  return Shown(record.After(chain));
}

TEST(SyncDocsTest, EveryStepHasARowThatIsTrue) {
  std::set<std::string> missing;
  const auto* const steps = v1::Transform::descriptor()->FindOneofByName("step");
  for (int i = 0; i < steps->field_count(); ++i) missing.insert(steps->field(i)->name());
  for (absl::string_view line : Lines()) {
    if (!absl::ConsumePrefix(&line, "| `") || !absl::ConsumeSuffix(&line, "` |")) continue;
    const std::vector<std::string> cells = absl::StrSplit(line, "` | `");
    if (cells.size() != 4) continue;
    EXPECT_TRUE(absl::StartsWith(cells[1], absl::StrCat(cells[0], ": "))) << line;
    missing.erase(cells[0]);
    EXPECT_EQ(RunStep(cells[1], FieldsOf(cells[2])), Shown(FieldsOf(cells[3]))) << line;
  }
  EXPECT_THAT(missing, IsEmpty()) << "no row in the table of steps";
}

}  // namespace
}  // namespace cognate::cli
