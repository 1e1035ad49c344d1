// A script that would use too much ends with a clear error, in time, and the next record finds everything as
// it was.
#include <cstdint>
#include <string>

#include <time.h>

#include "common/script/fake_record.h"
#include "common/script/script.h"
#include "common/value/value.h"
#include "gmock/gmock.h"

namespace cognate::script {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using Kind = Ending::Kind;

double CpuMilliseconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

constexpr char kCanary[] = R"(
  assert(("a-b"):gsub("-", "+") == "a+b" and #table.concat({1, 2, 3}, ",") == 5 and leaked == nil)
  record.ok = string.format("%s-%d", record.x, 7))";

void ExpectCanaryLives(const Script& canary) {
  FakeRecord record({{"x", value::Text("x")}});
  const Ending ending = canary.Run(record, ShopSync());
  ASSERT_EQ(ending.kind, Kind::kDone) << ending.message;
  ASSERT_EQ(record.Get("ok")->text_value(), "x-7");
}

struct Bomb {
  const char* name;
  const char* source;
  const char* message;  // part of it; empty: it may also go well
};

// What used up a limit, in words.
constexpr char kInstructions[] = "more than 1000000 instructions", kMemory[] = "more than 8 MiB of memory",
               kTime[] = "more than 100ms of processor time", kAnyLimit[] = "more than";

constexpr Bomb kBombs[] = {
    {"a loop that does not end", "while true do end", kInstructions},
    {"a goto loop", "::again:: goto again", kInstructions},
    {"repeat", "repeat until false", kInstructions},
    {"a for loop", "for i = 1, math.huge do end", kInstructions},
    {"tail calls", "local function f() return f() end f()", kInstructions},
    {"deep recursion", "local function f(n) return 1 + f(n + 1) end f(1)", ""},
    {"mutual recursion with many locals",
     "local f function f(a) local b,c,d,e,g,h=1,2,3,4,5,6 return f(a+1)+b end f(1)", ""},
    {"recursion through a metamethod",
     "local t = setmetatable({}, {}) t = setmetatable(t, {__index = function(t, k) return t[k .. 1] end}) "
     "return t.x",
     ""},
    {"recursion through tostring",
     "local t t = setmetatable({}, {__tostring = function(x) return tostring(x) end}) tostring(t)",
     "overflow"},
    {"recursion through sort", "local function f() table.sort({3, 2, 1}, function() f() end) end f()",
     "overflow"},
    {"recursion through gsub", "local function f() return ('x'):gsub('x', f) end f()", "overflow"},
    {"a chain of __index",
     "local t = {} for i = 1, 5000 do t = setmetatable({}, {__index = t}) end return t.x",
     "'__index' chain too long"},
    {"__index of itself", "local t = {} setmetatable(t, {__index = t}) return t.x", "loop"},
    {"__call of itself", "local t = {} setmetatable(t, {__call = t}) t()", "as __call, want a function"},
    {"rep of much", "return ('x'):rep(1e9)", "would be longer than"},
    {"rep of nothing", "return (''):rep(math.maxinteger)", ""},
    {"rep with a separator", "return (''):rep(1 << 62, 'x')", "would be longer than"},
    {"rep up to the limit", "return ('x'):rep(8 * 1024 * 1024)", kMemory},
    {"rep again and again", "local s = 'x' while true do s = s:rep(2) end", ""},
    {"doubling", "local s = 'x' while true do s = s .. s end", kMemory},
    {"a growing list", "local t = {} for i = 1, 1e9 do t[i] = i end", kAnyLimit},
    {"a growing map", "local t = {} for i = 1, 1e9 do t['k' .. i] = i end", kAnyLimit},
    {"growing lists of lists", "local t = {} while true do t = {t, {}, {}} end", kAnyLimit},
    {"huge upvalues",
     "local s = ('x'):rep(1 << 20) local t = {} while true do local u = s .. #t t[#t + 1] = function() "
     "return u end end",
     kMemory},
    {"many closures", "local t = {} while true do local u = #t t[u + 1] = function() return u end end",
     kAnyLimit},
    {"concat of much",
     "local s, t = ('x'):rep(1 << 16), {} for i = 1, 1000 do t[i] = s end return table.concat(t)", kMemory},
    {"concat of nothing",
     "return table.concat(setmetatable({}, {__index = function() return '' end}), '', 1, math.maxinteger)",
     kInstructions},
    {"concat with a C function as __index",
     "return table.concat(setmetatable({}, {__index = math.max, __len = function() return 1 << 60 end}))",
     ""},
    {"concat by __len",
     "return table.concat(setmetatable({}, {__len = function() return 1 << 60 end, __index = function() "
     "return 'x' end}))",
     kAnyLimit},
    {"insert by __len", "table.insert(setmetatable({}, {__len = function() return 1 << 60 end}), 1, 'x')",
     kTime},
    {"remove by __len", "table.remove(setmetatable({}, {__len = function() return 1 << 60 end}), 1)", kTime},
    {"move of nothing", "table.move({}, 1, 1 << 60, 2)", kTime},
    {"unpack of much", "return table.unpack({}, 1, 1e7)", "too many results"},
    {"unpack of many", "return #table.pack(table.unpack({}, 1, 900000))", ""},
    {"pack of many", "local t = {} for i = 1, 20 do t = table.pack(t, table.unpack(t)) end", ""},
    {"utf8.char of many", "return utf8.char(table.unpack({}, 1, 200000))", ""},
    {"utf8.char again and again", "while true do local s = utf8.char(0x10FFFF, 0x10FFFF):rep(1e6) end",
     kAnyLimit},
    {"utf8.len again and again", "local s = ('ü'):rep(1 << 20) while true do utf8.len(s) end", kTime},
    {"utf8.codes of what is none", "local s = ('\\x80'):rep(1 << 20) for p, c in utf8.codes(s) do end", ""},
    {"upper again and again", "local s = ('x'):rep(1 << 21) while true do local t = s:upper() end",
     kAnyLimit},
    {"reverse again and again", "local s = ('x'):rep(1 << 21) while true do local t = s:reverse() end",
     kAnyLimit},
    {"sort with a bad comparator",
     "local t = {} for i = 1, 1000 do t[i] = i end table.sort(t, function() return true end)",
     "invalid order function"},
    {"sort with a slow comparator",
     "local t = {} for i = 1, 1e4 do t[i] = -i end table.sort(t, function(a, b) for i = 1, 1e4 do end return "
     "a < b end)",
     kInstructions},
    {"sort of many",
     "local t = {} for i = 1, 150000 do t[i] = (i * 7919) % 150000 end table.sort(t) table.sort(t, math.ult)",
     ""},
    {"sort of long texts",
     "local t, s = {}, ('\\0'):rep(1 << 20) for i = 1, 1000 do t[i] = s .. '' end table.sort(t)", ""},
    {"sort by __len", "table.sort(setmetatable({}, {__len = function() return (1 << 31) - 2 end}))",
     "compare two nil"},
    {"comparing long texts",
     "local s = ('\\0'):rep(1 << 20) local t = s .. 'x' while true do local x = s < t end", kTime},
    {"comparing equal long texts",
     "local s = ('x'):rep(1 << 21) local t = s .. 'y' s = s .. 'y' while true do local x = s == t end",
     kTime},
    {"numbers in long texts", "local s = ('1'):rep(1 << 20) while true do local x = tonumber(s) end", kTime},
    {"decimals in long texts",
     "local d = decimal(('1'):rep(1 << 20)) local e = decimal(('1'):rep(1 << 20)) while true do local x = d "
     "< e end",
     kTime},
    {"format with a wide field", "return string.format('%99999d', 1)", "invalid conversion"},
    {"format with a wide text", "return string.format('%100.999s', 'x')", "invalid conversion"},
    {"format of many", "return string.format(('%99d'):rep(1e5), table.unpack({}, 1, 1e5))", "bad argument"},
    {"format again and again",
     "local s = ('x'):rep(1 << 20) while true do local t = string.format('%s%s', s, s) end", kAnyLimit},
    {"format with a hostile __tostring",
     "return string.format('%s', setmetatable({}, {__tostring = function() while true do end end}))",
     kInstructions},
    {"an address by %p", "return string.format('%p', {})", "got %p"},
    {"nested gsub",
     "local s = ('x'):rep(2000) return s:gsub('x', function() return (s:gsub('x', function() return s end)) "
     "end)",
     kAnyLimit},
    {"gsub that grows", "local s = 'x' while true do s = s:gsub('x', 'xx') end", kAnyLimit},
    {"a pattern that takes Lua years", "return ('a'):rep(60):find('.*?.*?.*?.*?.*?.*?b')", ""},
    {"nested repetitions", "return ('x'):rep(50000):find('(x+x+)+y')", ""},
    {"large repetitions", "return ('a'):rep(1e5):find('(((a{0,10}){0,10}){0,10})(c)')",
     "bytes for this pattern"},
    {"a pattern that is too large", "return ('a'):find('((a{0,100}){0,100}){0,100}')", "want RE2 syntax"},
    {"many patterns", "for i = 1, 1e6 do ('a'):find('(a|b)' .. i) end", kAnyLimit},
    {"many large patterns", "for i = 1, 1e6 do ('a'):find('((a{0,30}){0,30})' .. i) end", kTime},
    {"gmatch of empty matches", "for i = 1, 1e6 do for m in ('x'):rep(1e5):gmatch('') do end end", kAnyLimit},
    {"plain find of a bad needle",
     "local s = ('a'):rep(1 << 20) return s:find(('a'):rep(1 << 19) .. 'b', 1, true)", ""},
    {"plain find again and again", "local s = ('a'):rep(1 << 20) while true do s:find('b', 1, true) end",
     kTime},
    {"an error with a hostile __tostring",
     "error(setmetatable({}, {__tostring = function() while true do end end}))", "an error of a table"},
    {"__gc", "setmetatable({}, {__gc = function() while true do end end})", "a metatable with __gc"},
    {"__gc that comes late", "local mt = {} setmetatable({}, mt) mt.__gc = function() while true do end end",
     ""},
    {"__close", "local x <close> = setmetatable({}, {__close = function() while true do end end})",
     "a metatable with __close"},
    {"__close that comes late",
     "local mt = {} local t = setmetatable({}, mt) mt.__close = function() while true do end end local x "
     "<close> = t",
     "non-closable"},
    {"__close of a for loop",
     "local mt = {} local t = setmetatable({}, mt) mt.__close = function() end for i in next, {}, nil, t do "
     "end",
     "non-closable"},
    {"__mode", "setmetatable({}, {__mode = 'k'})", "a metatable with __mode"},
    {"a metatable for texts", "getmetatable('').__index = {}", "index a nil value"},
    {"setmetatable of texts", "setmetatable('', {})", "table expected"},
    {"setmetatable of the record", "setmetatable(record, {})", "table expected"},
    {"getmetatable of the record",
     "assert(getmetatable(record) == nil and getmetatable(string) == nil and getmetatable(null) == nil)", ""},
    {"writes into a library", "string.upper = nil", "cannot be changed"},
    {"rawset of a library", "rawset(string, 'upper', nil)", "table expected"},
    {"writes through a text", "local s = 'x' s.upper = 1", "index a string value"},
    {"next over holes",
     "local t = {} for i = 1, 5e4 do t[i .. ''] = 1 end while next(t) do t[next(t)] = nil end", kTime},
    {"pairs within pairs",
     "local t = {} for i = 1, 3e4 do t[i .. ''] = 1 end while true do for k in pairs(t) do for l in pairs(t) "
     "do break end end end",
     kTime},
    {"rehash after rehash",
     "local t = {} for i = 1, 65535 do t[i .. ''] = 1 end local i = 0 while true do i = i + 1 t['a' .. i] = "
     "1 t['a' .. i] = nil end",
     kAnyLimit},
    {"a value that doubles", "local t = {} for i = 1, 40 do t = {t, t} end record.x = t",
     "bytes that are written"},
    {"many writes", "local s = ('x'):rep(1 << 20) for i = 1, 100 do record['f' .. i] = s end",
     "bytes that are written"},
    {"a message without end", "error(('x'):rep(1 << 20))", "xxx"},
    {"a name without end", "record[('x'):rep(1 << 20)] = 1", ""},
    {"select", "return select(-1, table.unpack({}, 1, 200000))", ""},
    {"a vararg function", "local function f(...) return f(1, ...) end f()", kAnyLimit},
    {"many arguments again and again",
     "local function f(...) return select('#', ...) end local t = {} while true do f(table.unpack(t, 1, "
     "100000)) end",
     kAnyLimit},
    {"bytes in hexadecimal", "local b = bytes(('x'):rep(1 << 20)) while true do local s = tostring(b) end",
     kAnyLimit},
    {"joining", "local d = decimal(('1'):rep(1 << 20)) while true do local s = d .. 'x' end", kAnyLimit},
};

TEST(ScriptLimitsTest, EveryBombCostsItsOwnRunAlone) {
  const absl::StatusOr<Script> canary = Script::Compile(kCanary);
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
    EXPECT_LT(took, 500) << bomb.name << ": " << ending.message;
    if (*bomb.message != '\0') {
      EXPECT_EQ(ending.kind, Kind::kFailed) << bomb.name;
      EXPECT_THAT(ending.message, HasSubstr(bomb.message)) << bomb.name;
      EXPECT_EQ(ending.line, 2) << bomb.name << ": " << ending.message;
      EXPECT_THAT(ending.message, ::testing::StartsWith("script line 2: ")) << bomb.name;
    }
    EXPECT_LE(ending.message.size(), 1000u);
    // The next record of the same script, and another script.
    FakeRecord next({{"x", value::Int(1)}});
    const Ending after = script->Run(next, ShopSync());
    EXPECT_EQ(after.kind, Kind::kDone) << bomb.name << ": " << after.message;
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
  EXPECT_EQ(ending.kind, Kind::kDone) << ending.message;
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
      if (script->Run(record, ShopSync()).kind == Kind::kDone) {
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
    EXPECT_EQ(ending.kind, bytes < 10'000 ? Kind::kFailed : Kind::kDone) << bytes << " " << ending.message;
  }
  Limits limits;
  limits.memory_bytes = 1 << 20;
  const absl::StatusOr<Script> script = Script::Compile("record.size = #('x'):rep(600000)", limits);
  ASSERT_TRUE(script.ok());
  for (int round = 0; round < 100; ++round) {
    FakeRecord record;
    const Ending ending = script->Run(record, ShopSync());
    ASSERT_EQ(ending.kind, Kind::kDone) << round << " " << ending.message;
  }
}

}  // namespace
}  // namespace cognate::script
