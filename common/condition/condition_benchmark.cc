#include "benchmark/benchmark.h"
#include "common/condition/test_model.h"

namespace cognate::condition {
namespace {

const RecordOfTests& Record() {
  static const RecordOfTests* const kRecord = new RecordOfTests({{"status", value::Text("published")},
                                                                 {"price", value::Decimal("12.50")},
                                                                 {"stock", value::Int(7)},
                                                                 {"rating", value::Double(4.5)},
                                                                 {"title", value::Text("A hat of felt")}},
                                                                {{"status", value::Text("draft")}}, {"shop"});
  return *kRecord;
}

void Matches(benchmark::State& state, const char* text) {
  const absl::StatusOr<Condition> condition = Condition::Parse(text, ModelOfTests::AllNames());
  if (!condition.ok()) return state.SkipWithError(condition.status().ToString().c_str());
  const Subject subject = Record().subject();
  for (auto _ : state) benchmark::DoNotOptimize(condition->Matches(subject));
}

void Parse(benchmark::State& state) {
  const Names names = ModelOfTests::AllNames();
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        Condition::Parse("status = \"published\" and (price >= 10.5 or featured)", names));
  }
}

BENCHMARK_CAPTURE(Matches, text_and_decimal, "status = \"published\" and price > 10");
BENCHMARK_CAPTURE(Matches, integer, "stock > 5");
BENCHMARK_CAPTURE(Matches, double_with_decimal, "rating >= 4.25");
BENCHMARK_CAPTURE(Matches, list,
                  "status in (\"draft\", \"published\", \"trash\") and old.status = \"draft\"");
BENCHMARK_CAPTURE(Matches, pattern, "title matches \"^A .*felt$\"");
BENCHMARK_CAPTURE(Matches, lower, "lower(title) contains \"felt\"");
BENCHMARK(Parse);

}  // namespace
}  // namespace cognate::condition
