#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include <time.h>

#include "absl/strings/match.h"
#include "common/script/fake_record.h"
#include "common/script/interpreter.h"
#include "common/script/test_bombs.h"
#include "common/script/test_script_writer.h"
#include "common/value/parse.h"
#include "common/value/value.h"
#include "gtest/gtest.h"
#include "tests/support/environment.h"
#include "tests/support/fuzz.h"

namespace cognate::script {
namespace {

// The same script, run over a record that asks for it, has to find everything as it was.
constexpr char kCanary[] = R"(if record.canary then
  assert(a == nil and b == nil and c == nil and t == nil and s == nil and u == nil)
  assert(("a-b"):gsub("-", "+") == "a+b" and #table.concat({1, 2, 3}, ",") == 5 and tostring(decimal(1)) == "1")
  for k, v in pairs{x = 1} do assert(k == "x" and v == 1) end
  assert(getmetatable({}) == nil and getmetatable("") == nil and math.max(1, 2) == 2 and utf8.len("ü") == 1)
  record.ok = string.format("%s-%d", record.canary, 7)
  return
end
)";

FakeRecord HostileRecord() {
  v1::Value reference;
  reference.mutable_reference_value()->set_source_model("User");
  return FakeRecord({{"text", value::Text("some text, with words")},
                     {"list", value::List({value::Int(1), value::Null(), value::List({})})},
                     {"map", value::Map({{"a", value::Int(1)}})},
                     {"price", value::Decimal("12.50")},
                     {"at", value::TimestampMicros(INT64_MIN)},
                     {"raw", value::Bytes("\xff")},
                     {"day", value::Date("no day")},
                     {"of", reference}});
}

double CpuMilliseconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

std::vector<std::string> Corpus() {
  std::vector<std::string> corpus = {
      "local name = record.text:lower() record.slug = name:gsub('[^a-z]+', '-') record.list = {1, 2, null}",
      "for k, v in pairs(record.map) do record[k] = tostring(v) end if old.x then skip('a') else reject('b', "
      "'c') end",
      "record.at = timestamp(record.at.seconds + 1) record.price = decimal(string.format('%.2f', "
      "tonumber(record.price) * 1.19))"};
  for (const Bomb& bomb : kBombs) corpus.emplace_back(bomb.source);
  return corpus;
}

// A tenth of a second under a sanitizer, which makes everything several times as slow.
Limits SmallLimits() {
  Limits limits;
  limits.memory_bytes = 256 << 10;
  limits.instructions = 3000;
  limits.time = absl::Milliseconds(10);
  return limits;
}

class ScriptFuzzTest : public ::testing::Test {
 protected:
  void Check(const std::string& source) {
    auto interpreter = Interpreter::FromText(absl::StrCat(kCanary, source), limits_);
    if (!interpreter.ok()) {
      ASSERT_EQ(interpreter.status().code(), absl::StatusCode::kInvalidArgument);
      return;
    }
    ++compiled_;
    FakeRecord record = HostileRecord();
    const double started = CpuMilliseconds();
    const Ending ending = (*interpreter)->Run(record, ShopSync());
    const double took = CpuMilliseconds() - started;
    longest_ms_ = std::max(longest_ms_, took);
    ++endings_[static_cast<int>(ending.kind)];
    ASSERT_LT(took, 10'000) << source;
    ASSERT_LE((*interpreter)->meter().peak_beyond_base(), limits_.memory_bytes) << source;
    ASSERT_LE(ending.message.size(), 1000u) << source;
    ASSERT_TRUE(ending.message.empty() || value::CharacterCount(ending.message).has_value()) << source;
    FakeRecord next({{"canary", value::Text("x")}});
    Ending after = (*interpreter)->Run(next, ShopSync());
    // A processor that others use as well may be away for longer than the limit.
    for (int again = 0; absl::StrContains(after.message, "of processor time") && again < 20; ++again)
      after = (*interpreter)->Run(next, ShopSync());
    ASSERT_EQ(after.kind, Ending::Kind::kDone) << after.message << "\nafter: " << source;
    ASSERT_EQ(next.Get("ok")->text_value(), "x-7") << source;
  }

  const Limits limits_ = SmallLimits();
  int64_t compiled_ = 0;
  int64_t endings_[4] = {};
  double longest_ms_ = 0;
};

TEST_F(ScriptFuzzTest, NoScriptEscapesItsLimits) {
  // A run takes some hundred times as long as that of a parser. COGNATE_FUZZ_RUNS=200000 is the full size.
  const int runs = test_support::FuzzRuns(4'000);
  const uint64_t seed = test_support::TestSeed();
  const std::vector<std::string> corpus = Corpus();
  test_support::Mutator mutator(seed, corpus);
  ScriptWriter writer(seed);
  for (int run = 0; run < runs && !HasFatalFailure(); ++run)
    Check(run % 4 != 0 ? writer.Next() : mutator.Next());
  std::printf(
      "figure fuzz.lua seed=%llu runs=%d crashes=0 compiled=%lld done=%lld skipped=%lld rejected=%lld "
      "failed=%lld longest_ms=%.1f\n",
      static_cast<unsigned long long>(seed), runs, static_cast<long long>(compiled_),
      static_cast<long long>(endings_[0]), static_cast<long long>(endings_[1]),
      static_cast<long long>(endings_[2]), static_cast<long long>(endings_[3]), longest_ms_);
}

}  // namespace
}  // namespace cognate::script
