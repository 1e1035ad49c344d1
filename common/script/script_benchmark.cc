// What a script costs a record: build/release/tests/common_script_benchmark
#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "common/script/fake_record.h"

namespace cognate::script {
namespace {

// Ten lines over ten fields, as in docs/scripts.md.
constexpr char kTenLines[] = R"(
local name = string.format("%s %s", record.first_name, record.last_name)
record.display_name = name
record.slug = name:lower():gsub("[^a-z0-9]+", "-")
if record.country == null then record.country = "DE" end
record.total = record.price * record.quantity
record.is_large = record.total > 1000
record.email = record.email:lower()
if record.status == "draft" then skip("a draft") end
record.author = ref("User", record.author_id)
record.tags = { sync.source, record.country }
)";

constexpr char kTenPlainLines[] = R"(
record.display_name = record.first_name .. " " .. record.last_name
if record.country == null then record.country = "DE" end
record.total = record.price * record.quantity
record.is_large = record.total > 1000
record.status_code = record.status == "published" and 1 or 0
record.email = record.email:lower()
if record.status == "draft" then skip("a draft") end
record.first_name = nil
record.last_name = nil
record.author = ref("User", record.author_id)
)";

FakeRecord::Values TenFields() {
  return {{"first_name", value::Text("Ada")},
          {"last_name", value::Text("Lovelace")},
          {"country", value::Null()},
          {"price", value::Double(12.5)},
          {"quantity", value::Int(3)},
          {"email", value::Text("Ada@Example.org")},
          {"status", value::Text("published")},
          {"author_id", value::Int(77)},
          {"created_at", value::TimestampMicros(1)},
          {"body", value::Text(std::string(500, 'x'))}};
}

void Run(benchmark::State& state, absl::string_view source) {
  const absl::StatusOr<Script> script = Script::Compile(source);
  if (!script.ok()) return state.SkipWithError(std::string(script.status().message()).c_str());
  const SyncFacts sync = ShopSync();
  FakeRecord record(TenFields());
  for (auto each : state) {
    state.PauseTiming();
    record = FakeRecord(TenFields());
    state.ResumeTiming();
    const Ending ending = script->Run(record, sync);
    if (ending.kind != Ending::Kind::kDone) return state.SkipWithError(ending.message.c_str());
  }
}

void BM_Empty(benchmark::State& state) {
  const absl::StatusOr<Script> script = Script::Compile("");
  const SyncFacts sync = ShopSync();
  FakeRecord record(TenFields());
  for (auto each : state) benchmark::DoNotOptimize(script->Run(record, sync));
}
BENCHMARK(BM_Empty);

void BM_TenLines(benchmark::State& state) { Run(state, kTenLines); }
BENCHMARK(BM_TenLines);

void BM_TenPlainLines(benchmark::State& state) { Run(state, kTenPlainLines); }
BENCHMARK(BM_TenPlainLines);

void BM_LongText(benchmark::State& state) {
  FakeRecord record({{"body", value::Text(std::string(static_cast<size_t>(state.range(0)), 'x'))}});
  const absl::StatusOr<Script> script = Script::Compile("for i = 1, 100 do record.size = #record.body end");
  for (auto each : state) benchmark::DoNotOptimize(script->Run(record, ShopSync()));
}
BENCHMARK(BM_LongText)->Arg(1 << 10)->Arg(8 << 10)->Arg(128 << 10);

void BM_AMillionInstructions(benchmark::State& state) {
  FakeRecord record;
  const absl::StatusOr<Script> script = Script::Compile("while true do end");
  for (auto each : state) benchmark::DoNotOptimize(script->Run(record, ShopSync()));
}
BENCHMARK(BM_AMillionInstructions);

void BM_Compile(benchmark::State& state) {
  for (auto each : state) benchmark::DoNotOptimize(Script::Compile(kTenLines));
}
BENCHMARK(BM_Compile);

}  // namespace
}  // namespace cognate::script

BENCHMARK_MAIN();
