// What a record of 10 fields costs in a chain as it is written for a shop: six declarative steps, with the
// working record and its arena.
#include "benchmark/benchmark.h"

#include "common/transform/typical_chain.h"

namespace cognate::transform {
namespace {

void BM_DeclarativeChain(benchmark::State& state) {
  const TypicalChain typical;
  for (auto _ : state) benchmark::DoNotOptimize(typical.RunOnce());
}
BENCHMARK(BM_DeclarativeChain);

void BM_CompileChain(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(TypicalChain());
}
BENCHMARK(BM_CompileChain);

}  // namespace
}  // namespace cognate::transform
