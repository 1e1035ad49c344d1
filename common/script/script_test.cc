#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "common/script/test_run.h"
#include "common/value/value.h"
#include "tests/support/proto_matchers.h"

namespace cognate::script {
namespace {

using ::cognate::test_support::EqualsProto;
using ::testing::HasSubstr;

TEST(ScriptTest, ReadsAndWritesFields) {
  FakeRecord record({{"title", value::Text("hello")}, {"odd name", value::Int(7)}, {"gone", value::Int(1)}});
  const Ending ending = RunOver(record, R"(
    record.title = record.title:upper()
    record["odd name"] = record["odd name"] + 1
    record.gone = nil
    record.empty = null
    assert(record.unknown == nil and record.gone == nil and record.empty == null))");
  EXPECT_THAT(ending, Ends(Kind::kDone, ""));
  EXPECT_EQ(record.values().size(), 3u);
  EXPECT_THAT(*record.Get("title"), EqualsProto(value::Text("HELLO")));
  EXPECT_THAT(*record.Get("odd name"), EqualsProto(value::Int(8)));
  EXPECT_THAT(*record.Get("empty"), EqualsProto(value::Null()));
}

TEST(ScriptTest, KnowsTheSyncAndTheOldRecord) {
  FakeRecord record({{"x", value::Int(2)}}, {{"x", value::Int(1)}});
  EXPECT_THAT(RunOver(record, R"(
    assert(old.x == 1 and old.y == nil and record.x == 2)
    assert(sync.name == "users-to-customers" and sync.source == "blog" and sync.target == "shop")
    assert(sync.source_model == "User" and sync.target_model == "Customer"))"),
              Ends(Kind::kDone, ""));
  EXPECT_THAT(RunAlone("old.x = 1"), Ends(Kind::kFailed, HasSubstr("assign into record")));
  EXPECT_THAT(RunAlone("sync.name = 'x'"), Ends(Kind::kFailed, HasSubstr("cannot be changed")));
  EXPECT_THAT(RunAlone("return sync.nmae"),
              Ends(Kind::kFailed, HasSubstr("got sync.nmae, want name, source")));
  EXPECT_THAT(RunAlone("record[1] = 2"), Ends(Kind::kFailed, HasSubstr("as the name of a field")));
}

TEST(ScriptTest, SkipsAndRejects) {
  const Ending skipped = RunAlone("\nskip('a draft')\nerror('not here')");
  EXPECT_THAT(skipped, Ends(Kind::kSkipped, "a draft"));
  EXPECT_EQ(skipped.line, 2);
  const Ending rejected = RunAlone("local function f() reject('no such country', 'country') end\n\nf()");
  EXPECT_THAT(rejected, Ends(Kind::kRejected, "no such country"));
  EXPECT_EQ(rejected.field, "country");
  EXPECT_EQ(rejected.line, 1);
  EXPECT_THAT(RunAlone("skip()"), Ends(Kind::kSkipped, ""));
  EXPECT_THAT(RunAlone("reject()"), Ends(Kind::kFailed, HasSubstr("got no message")));
  EXPECT_THAT(RunAlone("reject({})"), Ends(Kind::kFailed, HasSubstr("got a table")));
  EXPECT_THAT(RunAlone("reject(('ü'):rep(1000))"),
              Ends(Kind::kRejected, ::testing::SizeIs(::testing::Le(1000u))));
  EXPECT_THAT(RunAlone("reject('\\xff')"), Ends(Kind::kRejected, "?"));
}

TEST(ScriptTest, SaysTheLineOfAnError) {
  EXPECT_THAT(RunAlone("local x = 1\nlocal y = x.y.z"),
              Ends(Kind::kFailed, HasSubstr("script line 2: attempt to index")));
  EXPECT_THAT(RunAlone("\n\nerror('bad')"), Ends(Kind::kFailed, "script line 3: bad"));
  EXPECT_THAT(RunAlone("\nerror('bad', 0)"), Ends(Kind::kFailed, "script line 2: bad"));
  EXPECT_THAT(RunAlone("\ntable.sort({3, 'x', 1})"),
              Ends(Kind::kFailed, HasSubstr("script line 2: attempt to compare")));
  EXPECT_THAT(RunAlone("\nlocal t = {}\nt = ('x'):rep(-1):bad()"),
              Ends(Kind::kFailed, HasSubstr("script line 3")));
  EXPECT_THAT(RunAlone("\nerror({})"),
              Ends(Kind::kFailed, "script line 2: got an error of a table, want error() with a text"));
  EXPECT_THAT(RunAlone("error()"), Ends(Kind::kFailed, HasSubstr("an error of a nil")));
  EXPECT_THAT(RunAlone("assert(false)"), Ends(Kind::kFailed, "script line 1: assertion failed!"));
  FakeRecord record;
  record.Refuse("id");
  const Ending refused = RunOver(record, "\nrecord.id = 1");
  EXPECT_THAT(refused,
              Ends(Kind::kFailed, "script line 2: got an assignment to id, which the step does not write"));
  EXPECT_EQ(refused.field, "id");
  EXPECT_EQ(refused.line, 2);
}

TEST(ScriptTest, RefusesWhatIsNoScriptWithItsLine) {
  const auto refusal = [](absl::string_view source) {
    return std::string(Script::Compile(source).status().message());
  };
  EXPECT_EQ(Script::Compile("x =").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(refusal("x = 1\n\ny = = 2"), "script line 3: unexpected symbol near '='");
  EXPECT_THAT(refusal("x = 1\n_ENV = {}"), HasSubstr("script line 2: got the name _ENV"));
  EXPECT_THAT(refusal("\x1bLuaS"), HasSubstr("attempt to load a binary chunk"));
  EXPECT_THAT(refusal(std::string(kMaxSourceBytes + 1, ' ')), HasSubstr("want at most 65536"));
  EXPECT_THAT(refusal(std::string(1000, '(')), HasSubstr("overflow"));
  EXPECT_TRUE(Script::Compile("").ok());
}

TEST(ScriptTest, WalksInTheSameOrderInEveryProcess) {
  EXPECT_EQ(TextOf("(function() local s = '' for k in pairs{z=1, [2]=1, [-1]=1, a=1, [0.5]=1, [true]=1, b=1, "
                   "[1]=1} do "
                   "s = s .. tostring(k) .. ' ' end return s end)()"),
            "-1 0.5 1 2 a b z true ");
  EXPECT_EQ(
      TextOf(
          "(function() local s, t, k = '', {z=1, [2]=1, a=1, [false]=1, [tostring]=1} repeat k = next(t, k) "
          "s = s .. tostring(k) .. ' ' until k == nil return s end)()"),
      "2 a z false function nil ");
  EXPECT_EQ(TextOf("(function() local t = {a=1, b=2, c=3} for k in pairs(t) do t[k] = nil t.b = nil end "
                   "return next(t) end)()"),
            "nil");
  FakeRecord record({{"b", value::Int(1)}, {"a", value::Null()}});
  EXPECT_THAT(RunOver(record,
                      "local s = '' for name, v in pairs(record) do s = s .. name .. '=' .. tostring(v) .. ' "
                      "' end skip(s)"),
              Ends(Kind::kSkipped, "a=null b=1 "));
  EXPECT_THAT(RunAlone("local s = '' for name, v in pairs(sync) do s = s .. name .. ' ' end skip(s)"),
              Ends(Kind::kSkipped, "name source source_model target target_model "));
  EXPECT_THAT(RunAlone("pairs(old)"), Ends(Kind::kFailed, HasSubstr("got old to walk over")));
}

TEST(ScriptTest, NoValueLeaksFromOneRunToTheNext) {
  const absl::StatusOr<Script> script = Script::Compile(R"(
    assert(leaked == nil and string.leaked == nil and record.leaked == nil)
    assert(type(string.upper) == "function" and ("x"):upper() == "X" and tostring(1) == "1" and table.concat{1} == "1")
    leaked = record.secret
    tostring, string, table = nil, {upper = 1}, nil
    rawset = 5
    local mt = {__index = function() return record.secret end}
    holder = setmetatable({}, mt)
    if record.ending == 1 then error("x") end
    if record.ending == 2 then skip("x") end
    if record.ending == 3 then while true do end end
    if record.ending == 4 then local t = {} while true do t[#t + 1] = {} end end)");
  ASSERT_TRUE(script.ok()) << script.status();
  for (int round = 0; round < 25; ++round) {
    FakeRecord record({{"secret", value::Text("s3cret")}, {"ending", value::Int(round % 5)}});
    const Ending ending = script->Run(record, ShopSync());
    const Kind kinds[] = {Kind::kDone, Kind::kFailed, Kind::kSkipped, Kind::kFailed, Kind::kFailed};
    EXPECT_EQ(ending.kind, kinds[round % 5]) << ending.message;
    EXPECT_THAT(ending.message, ::testing::Not(HasSubstr("assertion")));
  }
}

TEST(ScriptTest, RunsInManyThreadsAtOnce) {
  const absl::StatusOr<Script> script =
      Script::Compile("local n = 0 for i = 1, 100 do n = n + record.x end record.y = n");
  ASSERT_TRUE(script.ok());
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int each = 0; each < 24; ++each) {
    threads.emplace_back([&, each] {
      for (int round = 0; round < 200; ++round) {
        FakeRecord record({{"x", value::Int(each * 1000 + round)}});
        const Ending ending = script->Run(record, ShopSync());
        if (ending.kind != Kind::kDone || record.Get("y")->int64_value() != (each * 1000 + round) * 100)
          ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace cognate::script
