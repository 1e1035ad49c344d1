// What routing and mapping cost a record, and that syncs that do not match cost nothing:
// build/release/tests/transformer_mapping_benchmark
#include <algorithm>
#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "benchmark/benchmark.h"
#include "common/value/value.h"
#include "services/transformer/render.h"
#include "tests/support/proto_matchers.h"

namespace cognate::transformer {
namespace {

using ::cognate::test_support::ParseProto;

constexpr int kRecords = 100;  // of a wave

// Six steps of a shop, and ten lines that do about the same.
constexpr const char* kSteps[] = {
    "rename { field: 'email' into: 'login' }",
    "template { template: '{first_name} {last_name}' into: 'display_name' }",
    "look_up { field: 'status' into: 'state' entries { from { int64_value: 0 } to { text_value: 'draft' } } "
    "entries { from { int64_value: 1 } to { text_value: 'published' } } }",
    "change_time { field: 'created_at' from { timestamp: true } to { format: '%Y-%m-%d %H:%M:%S' time_zone: "
    "'Europe/Berlin' } }",
    "truncate { field: 'about' max_characters: 40 ellipsis: '...' }",
    "default { field: 'country_id' value { int64_value: 1 } }"};
constexpr char kTenLines[] = R"(
local name = string.format("%s %s", record.first_name, record.last_name)
record.display_name = name
record.login = record.email:lower()
if record.country_id == null then record.country_id = 1 end
record.rank = record.id % 100 + record.status
record.newsletter = record.id > 1000 and record.newsletter
if record.status == 1 then record.state = "published" else record.state = "draft" end
if record.first_name == "nobody" then skip("nobody") end
record.about = name .. ": " .. record.about:sub(1, 40)
record.slug = name:lower():gsub("[^a-z0-9]+", "-")
)";
constexpr char kWritten[] =
    "display_name:text login:text country_id:int64 rank:int64 newsletter:bool state:text about:text "
    "slug:text";

v1::Model Customer() {
  return ParseProto<v1::Model>(R"pb(
    fields { name: "id" type: FIELD_TYPE_INTEGER size_bits: 64 }
    fields { name: "first_name" type: FIELD_TYPE_TEXT }
    fields { name: "last_name" type: FIELD_TYPE_TEXT }
    fields { name: "email" type: FIELD_TYPE_TEXT }
    fields { name: "status" type: FIELD_TYPE_INTEGER size_bits: 16 }
    fields { name: "price" type: FIELD_TYPE_DECIMAL }
    fields { name: "created_at" type: FIELD_TYPE_TIMESTAMP }
    fields { name: "about" type: FIELD_TYPE_TEXT }
    fields { name: "newsletter" type: FIELD_TYPE_BOOL }
    fields { name: "country_id" type: FIELD_TYPE_INTEGER size_bits: 32 nullable: true }
  )pb");
}

// Writes what `fields` says ("source:type …") into the same names.
v1::CompiledSync SyncOf(const std::string& source_model, const std::string& target,
                        const std::string& fields) {
  v1::CompiledSync compiled;
  v1::Sync* const sync = compiled.mutable_sync();
  sync->set_name(absl::StrCat("syncs/", source_model, "-", target));
  sync->set_status(v1::SYNC_STATUS_ACTIVE);
  sync->set_source_platform("a");
  sync->set_source_model(source_model);
  sync->set_target_platform(target);
  sync->set_target_model("public.client");
  for (const absl::string_view word : absl::StrSplit(fields, ' ')) {
    const std::pair<std::string, std::string> field = absl::StrSplit(word, ':');
    v1::CompiledField* const made = compiled.add_fields();
    made->set_source(field.first);
    made->set_target(field.first);
    *made->mutable_target_field() = ParseProto<v1::ModelField>(
        absl::StrCat("nullable: true name: '", field.first, "' type: FIELD_TYPE_", field.second));
  }
  compiled.add_target_key_fields("id");
  *compiled.mutable_source_fields() = Customer().fields();
  return compiled;
}

constexpr char kPlainFields[] =
    "id:INTEGER first_name:TEXT last_name:TEXT email:TEXT status:INTEGER price:DECIMAL created_at:TIMESTAMP "
    "about:TEXT "
    "newsletter:BOOL country_id:INTEGER";

v1::Rules Declarative() {
  v1::Rules rules;
  *rules.add_syncs() =
      SyncOf("public.customer", "b",
             "id:INTEGER display_name:TEXT last_name:TEXT login:TEXT state:TEXT price:DECIMAL "
             "created_at:TEXT about:TEXT newsletter:BOOL country_id:INTEGER");
  for (const char* step : kSteps)
    *rules.mutable_syncs(0)->mutable_sync()->add_transforms() = ParseProto<v1::Transform>(step);
  return rules;
}

v1::Rules Scripted() {
  v1::Rules rules;
  *rules.add_syncs() = SyncOf("public.customer", "b",
                              "id:INTEGER display_name:TEXT slug:TEXT login:TEXT state:TEXT rank:INTEGER "
                              "created_at:TIMESTAMP about:TEXT newsletter:BOOL country_id:INTEGER");
  v1::RunScript* const script = rules.mutable_syncs(0)->mutable_sync()->add_transforms()->mutable_script();
  script->set_source(kTenLines);
  for (const absl::string_view word : absl::StrSplit(kWritten, ' ')) {
    const std::pair<std::string, std::string> field = absl::StrSplit(word, ':');
    script->add_writes()->set_field(field.first);
    script->mutable_writes(script->writes_size() - 1)->set_kind(field.second);
  }
  return rules;
}

// Twenty syncs take the model; the others take others, of the same platforms.
v1::Rules ManySyncs(int syncs) {
  v1::Rules rules;
  for (int i = 0; i < syncs; ++i) {
    const std::string model = i < 20 ? "public.customer" : absl::StrCat("public.model", i);
    *rules.add_syncs() = SyncOf(model, absl::StrCat("b", i % 20), kPlainFields);
  }
  return rules;
}

bus::v1::ChangeBatch Customers() {
  bus::v1::ChangeBatch batch;
  batch.add_models()->set_platform("a");
  batch.mutable_models(0)->set_model("public.customer");
  for (int i = 0; i < kRecords; ++i) {
    bus::v1::LoggedChange* const change = batch.add_changes();
    change->set_version(i + 1);
    change->set_local_id(absl::StrCat(i));
    change->set_operation(v1::OPERATION_UPDATE);
    change->set_fields(
        value::Fields(
            {{"id", value::Int(4711 + i)},
             {"first_name", value::Text("Åse")},
             {"last_name", value::Text("Bergström")},
             {"email", value::Text("Ase.Bergstrom@example.org")},
             {"status", value::Int(1)},
             {"price", value::Decimal("129.90")},
             {"created_at", value::TimestampMicros(1'772'286'303'000'000)},
             {"about", value::Text("Writes about rivers, mountains, and how to get from one to the other.")},
             {"newsletter", value::Bool(true)},
             {"country_id", value::Null()}})
            .SerializeAsString());
  }
  return batch;
}

absl::StatusOr<v1::ResolveResponse> KnowsAll(const v1::ResolveRequest& request) {
  v1::ResolveResponse response;
  for (const v1::ResolveGroup& group : request.groups()) {
    v1::ResolvedGroup* const resolved = response.add_groups();
    for (int i = 0; i < group.local_ids_size(); ++i) resolved->add_entity_ids(std::string(16, 'e'));
  }
  return response;
}

void Check(const Rendering& rendering, size_t items) {
  if (rendering.mapped.items.size() != items) throw std::logic_error("records are missing");
  for (const Item& item : rendering.mapped.items) {
    if (item.outcome.has_value()) throw std::logic_error(item.outcome->ShortDebugString());
  }
}

// One that asks the system for nothing while it is measured.
class WideArena {
 public:
  google::protobuf::Arena& Reset() {
    arena_.Reset();
    return arena_;
  }

 private:
  static google::protobuf::ArenaOptions OptionsOf(std::vector<char>& block) {
    google::protobuf::ArenaOptions options;
    options.initial_block = block.data();
    options.initial_block_size = block.size();
    return options;
  }
  std::vector<char> block_ = std::vector<char>(16 << 20);
  google::protobuf::Arena arena_{OptionsOf(block_)};
};

// Everything between a batch and what is planned.
void BM_Routing(benchmark::State& state) {
  const RuleSet rules(ManySyncs(static_cast<int>(state.range(0))));
  const bus::v1::ChangeBatch batch = Customers();
  const bus::v1::ChangeBatch* const batches[] = {&batch};
  WideArena wide;
  for (auto each : state) {
    google::protobuf::Arena& arena = wide.Reset();
    const std::vector<Wave> waves = Collect(batches, 1000);
    Rendering rendering;
    if (!Render(rules, waves[0], Missing::kMake, {KnowsAll, nullptr}, nullptr, &arena, &rendering).ok())
      std::abort();
    Check(rendering, size_t{20} * kRecords);
  }
}
BENCHMARK(BM_Routing)->Arg(20)->Arg(1000)->Repetitions(7);

// The stages that make of a record what its target gets: the chain, and the mapping of its fields.
void Map(benchmark::State& state, const v1::Rules& written) {
  const RuleSet rules(written);
  const bus::v1::ChangeBatch batch = Customers();
  const bus::v1::ChangeBatch* const batches[] = {&batch};
  google::protobuf::Arena kept;
  WideArena wide;
  const std::vector<Wave> waves = Collect(batches, 1000);
  Rendering rendering;
  if (!Render(rules, waves[0], Missing::kMake, {KnowsAll, nullptr}, nullptr, &kept, &rendering).ok())
    std::abort();
  Check(rendering, kRecords);
  for (auto each : state) {
    google::protobuf::Arena& arena = wide.Reset();
    const Candidates candidates =
        Transform(rendering.routed, {rendering.assigned, rendering.former, rendering.reach}, &arena);
    benchmark::DoNotOptimize(transformer::Map(rendering.routed, candidates, rendering.resolved, &arena));
  }
}

void BM_Declarative(benchmark::State& state) { Map(state, Declarative()); }
BENCHMARK(BM_Declarative)->Repetitions(7);

void BM_Script(benchmark::State& state) { Map(state, Scripted()); }
BENCHMARK(BM_Script)->Repetitions(7);

// Keeps the microseconds that a record took in each repetition.
class FigureReporter : public benchmark::ConsoleReporter {
 public:
  FigureReporter() : ConsoleReporter(OO_None) {}
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type == Run::RT_Iteration)
        times_[run.run_name.function_name + "/" + run.run_name.args].push_back(run.GetAdjustedCPUTime() /
                                                                               1e3 / kRecords);
    }
    ConsoleReporter::ReportRuns(runs);
  }
  double MedianOf(const std::string& name) {
    std::vector<double>& times = times_[name];
    if (times.empty()) throw std::logic_error("no run of " + name);
    std::nth_element(times.begin(), times.begin() + static_cast<long>(times.size() / 2), times.end());
    return times[times.size() / 2];
  }

 private:
  std::map<std::string, std::vector<double>> times_;
};

}  // namespace
}  // namespace cognate::transformer

int main(int argc, char** argv) {
  using cognate::transformer::kRecords;
  // Repetitions of all take turns: what else the machine does then falls on all of them.
  std::vector<char*> words(argv, argv + argc);
  std::string interleaved = "--benchmark_enable_random_interleaving=true",
              shorter = "--benchmark_min_time=0.1";
  words.insert(words.begin() + 1, {interleaved.data(), shorter.data()});
  int count = static_cast<int>(words.size());
  benchmark::Initialize(&count, words.data());
  cognate::transformer::FigureReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  const double few = reporter.MedianOf("BM_Routing/20"), many = reporter.MedianOf("BM_Routing/1000");
  std::printf("figure routing.thousand_syncs ratio=%.2f matching=20 us_with_20=%.1f us_with_1000=%.1f\n",
              many / few, few, many);
  std::printf("figure map.declarative fields=10 steps=6 us=%.2f\n", reporter.MedianOf("BM_Declarative/"));
  std::printf("figure map.lua fields=10 lines=10 us=%.2f\n", reporter.MedianOf("BM_Script/"));
  return 0;
}
