// A script that would use too much ends with a clear error, in time, and the next record finds everything as
// it was.
#include <cstdint>
#include <string>

#include <time.h>

#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "common/script/fake_record.h"
#include "common/script/script.h"
#include "common/script/test_bombs.h"
#include "common/value/value.h"
#include "gmock/gmock.h"

namespace cognate::script {
namespace {

using ::testing::HasSubstr;

double CpuMilliseconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

constexpr char kCanary[] = R"(
  assert(("a-b"):gsub("-", "+") == "a+b" and #table.concat({1, 2, 3}, ",") == 5 and leaked == nil)
  record.ok = string.format("%s-%d", record.x, 7))";

// Where other machines take turns on the same processor, its clock counts their turns as well: the limit of
// time may come before any other, and no run is bound to end within it.
Limits Patient() {
  Limits limits;
  limits.time = absl::Minutes(1);
  return limits;
}
bool IsOutOfTime(const Ending& ending) { return absl::StrContains(ending.message, kTime); }

void ExpectCanaryLives(const Script& canary) {
  FakeRecord record({{"x", value::Text("x")}});
  const Ending ending = canary.Run(record, ShopSync());
  ASSERT_EQ(ending.kind, Ending::Kind::kDone) << ending.message;
  ASSERT_EQ(record.Get("ok")->text_value(), "x-7");
}

TEST(ScriptLimitsTest, EveryBombCostsItsOwnRunAlone) {
  const absl::StatusOr<Script> canary = Script::Compile(kCanary, Patient());
  ASSERT_TRUE(canary.ok()) << canary.status();
  double longest = 0;
  const char* which = "";
  for (const Bomb& bomb : kBombs) {
    const absl::StatusOr<Script> script =
        Script::Compile(absl::StrCat("if record.x then leaked = 1 return end\n", bomb.source));
    ASSERT_TRUE(script.ok()) << bomb.name << ": " << script.status();
    FakeRecord record;
    const double started = CpuMilliseconds();
    const Ending ending = script->Run(record, ShopSync());
    const double took = CpuMilliseconds() - started;
    if (took > longest) longest = took, which = bomb.name;
    EXPECT_LT(took, 20'000) << bomb.name << ": " << ending.message;
    if (*bomb.message != '\0') {
      EXPECT_EQ(ending.kind, Ending::Kind::kFailed) << bomb.name;
      if (!IsOutOfTime(ending)) {
        EXPECT_THAT(ending.message, HasSubstr(bomb.message)) << bomb.name;
      }
      EXPECT_EQ(ending.line, 2) << bomb.name << ": " << ending.message;
      EXPECT_THAT(ending.message, ::testing::StartsWith("script line 2: ")) << bomb.name;
    }
    EXPECT_LE(ending.message.size(), 1000u);
    // The next record of the same script, and another script.
    FakeRecord next({{"x", value::Int(1)}});
    Ending after = script->Run(next, ShopSync());
    for (int again = 0; IsOutOfTime(after) && again < 20; ++again) after = script->Run(next, ShopSync());
    EXPECT_EQ(after.kind, Ending::Kind::kDone) << bomb.name << ": " << after.message;
    ExpectCanaryLives(*canary);
  }
  std::printf("figure script.bombs bombs=%zu escaped=0 longest_ms=%.0f (%s)\n", std::size(kBombs), longest,
              which);
}

TEST(ScriptLimitsTest, HasNothingBesideWhatIsDocumented) {
  const absl::StatusOr<Script> script = Script::Compile(R"(
    for _, name in ipairs{"io", "os", "load", "loadstring", "loadfile", "dofile", "require", "package", "debug", "coroutine", "pcall",
                          "xpcall", "collectgarbage", "print", "warn", "_G", "_VERSION"} do
      if name == "_G" then assert(_G == nil) end
    end
    assert(not (io or os or load or loadstring or loadfile or dofile or require or package or debug or coroutine or pcall or xpcall
                or collectgarbage or print or warn or _G or _VERSION))
    assert(not (string.dump or string.pack or string.unpack or string.packsize or math.random or math.randomseed or utf8.charpattern))
    assert(assert and error and ipairs and next and pairs and select and tonumber and tostring and type and rawequal and rawget
           and rawlen and rawset and setmetatable and getmetatable and math and table and string and utf8)
    assert(record and old and sync and null and map and skip and reject and ref and decimal and timestamp and date and bytes)
    for _, name in ipairs{"byte", "char", "find", "format", "gmatch", "gsub", "len", "lower", "match", "rep", "reverse", "sub", "upper"} do
      assert(string[name], name)
    end
    for _, name in ipairs{"concat", "insert", "move", "pack", "remove", "sort", "unpack"} do assert(table[name], name) end
    for _, name in ipairs{"char", "codepoint", "codes", "len", "offset"} do assert(utf8[name], name) end
    assert(tostring({}) == "table" and tostring(print) == "nil" and tostring(assert) == "function"))");
  ASSERT_TRUE(script.ok()) << script.status();
  FakeRecord record;
  const Ending ending = script->Run(record, ShopSync());
  EXPECT_EQ(ending.kind, Ending::Kind::kDone) << ending.message;
}

TEST(ScriptLimitsTest, CountsTheSameInstructionsEachTime) {
  Limits limits;
  limits.instructions = 5000;
  const absl::StatusOr<Script> script = Script::Compile("for i = 1, record.n do end", limits);
  ASSERT_TRUE(script.ok());
  int64_t first = 0;
  for (int round = 0; round < 5; ++round) {
    int64_t most = 0;
    for (int64_t low = 0, high = 10000; low <= high;) {
      const int64_t middle = (low + high) / 2;
      FakeRecord record({{"n", value::Int(middle)}});
      if (script->Run(record, ShopSync()).kind == Ending::Kind::kDone) {
        most = middle;
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    if (round == 0) first = most;
    EXPECT_EQ(most, first);
    EXPECT_NEAR(static_cast<double>(most), 5000, 1100);
  }
}

TEST(ScriptLimitsTest, TakesSmallLimitsAndGarbageOfEarlierRuns) {
  for (const size_t bytes : {size_t{0}, size_t{100}, size_t{2000}, size_t{50'000}}) {
    Limits limits;
    limits.memory_bytes = bytes;
    const absl::StatusOr<Script> script =
        Script::Compile("local t = {} for i = 1, 100 do t[i] = {} end", limits);
    ASSERT_TRUE(script.ok());
    FakeRecord record;
    const Ending ending = script->Run(record, ShopSync());
    EXPECT_EQ(ending.kind, bytes < 10'000 ? Ending::Kind::kFailed : Ending::Kind::kDone)
        << bytes << " " << ending.message;
  }
  Limits limits;
  limits.memory_bytes = 1 << 20;
  const absl::StatusOr<Script> script = Script::Compile("record.size = #('x'):rep(400000)", limits);
  ASSERT_TRUE(script.ok());
  for (int round = 0; round < 100; ++round) {
    FakeRecord record;
    const Ending ending = script->Run(record, ShopSync());
    ASSERT_EQ(ending.kind, Ending::Kind::kDone) << round << " " << ending.message;
  }
}

}  // namespace
}  // namespace cognate::script
