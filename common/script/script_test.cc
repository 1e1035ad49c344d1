#include "common/script/script.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "common/script/fake_record.h"
#include "common/value/value.h"
#include "tests/support/proto_matchers.h"
#include "tests/support/status_matchers.h"

namespace cognate::script {
namespace {

using ::cognate::test_support::EqualsProto;
using ::testing::HasSubstr;
using Kind = Ending::Kind;

MATCHER_P2(Ends, kind, message, "") {
  *result_listener << "kind " << static_cast<int>(arg.kind) << ", message: " << arg.message;
  return arg.kind == kind && ::testing::ExplainMatchResult(message, arg.message, result_listener);
}

Ending RunOver(FakeRecord& record, absl::string_view source) {
  const absl::StatusOr<Script> script = Script::Compile(source);
  if (!script.ok()) return {Kind::kFailed, std::string(script.status().message()), "", 0};
  return script->Run(record, ShopSync());
}

Ending RunAlone(absl::string_view source) {
  FakeRecord record;
  return RunOver(record, source);
}

// The value that the expression gives to a field.
v1::Value ValueOf(absl::string_view expression, FakeRecord record = FakeRecord()) {
  const Ending ending = RunOver(record, absl::StrCat("record.result = ", expression));
  EXPECT_EQ(ending.kind, Kind::kDone) << expression << ": " << ending.message;
  const v1::Value* const result = record.Get("result");
  return result == nullptr ? v1::Value() : *result;
}

std::string TextOf(absl::string_view expression) {
  return ValueOf(absl::StrCat("tostring(", expression, ")")).text_value();
}

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

TEST(ScriptTest, EveryKindComesBackAsItWas) {
  v1::Value reference;
  reference.mutable_reference_value()->set_source_model("User");
  reference.mutable_reference_value()->set_source_local_id("7");
  reference.mutable_reference_value()->set_model("Customer");
  for (const v1::Value& each : {value::Null(),
                                value::Bool(true),
                                value::Bool(false),
                                value::Int(INT64_MIN),
                                value::Int(INT64_MAX),
                                value::Double(0.1),
                                value::Double(1.0),
                                value::Decimal("-12.50"),
                                value::Decimal("123456789012345678901234567890.10"),
                                value::Text(""),
                                value::Text("Grüße"),
                                value::Bytes(absl::string_view("\0\xff\x80", 3)),
                                value::TimestampMicros(-1),
                                value::TimestampMicros(1'700'000'000'123'456),
                                value::Date("2026-02-28"),
                                value::List({}),
                                value::List({value::Int(1), value::Null(), value::List({})}),
                                value::Map({}),
                                value::Map({{"a", value::Map({})}, {"1", value::List({value::Text("x")})}}),
                                reference}) {
    const v1::Value result = ValueOf("record.x", FakeRecord({{"x", each}}));
    EXPECT_EQ(each.kind_case(), result.kind_case());
    EXPECT_TRUE(value::Equal(each, result)) << value::Describe(each) << " is now " << value::Describe(result);
  }
  EXPECT_EQ(ValueOf("record.x", FakeRecord({{"x", reference}})).reference_value().model(), "Customer");
}

TEST(ScriptTest, TablesBecomeListsAndMaps) {
  EXPECT_THAT(ValueOf("{}"), EqualsProto(value::List({})));
  EXPECT_THAT(ValueOf("map{}"), EqualsProto(value::Map({})));
  EXPECT_THAT(ValueOf("{1, 'a', null}"),
              EqualsProto(value::List({value::Int(1), value::Text("a"), value::Null()})));
  EXPECT_THAT(ValueOf("{b = 1, a = 2.5}"),
              EqualsProto(value::Map({{"a", value::Double(2.5)}, {"b", value::Int(1)}})));
  EXPECT_THAT(RunAlone("record.x = {1, nil, 3}"), Ends(Kind::kFailed, HasSubstr("hole")));
  EXPECT_THAT(RunAlone("record.x = {1, a = 2}"), Ends(Kind::kFailed, HasSubstr("a list or a map")));
  EXPECT_THAT(RunAlone("record.x = {[1.5] = 2}"), Ends(Kind::kFailed, HasSubstr("a number as a key")));
  EXPECT_THAT(RunAlone("record.x = {[true] = 2}"), Ends(Kind::kFailed, HasSubstr("a boolean as a key")));
  EXPECT_THAT(RunAlone("local t = {}; t.t = t; record.x = t"),
              Ends(Kind::kFailed, HasSubstr("nested deeper than 64")));
  EXPECT_THAT(RunAlone("record.x = print"), Ends(Kind::kDone, ""));  // there is no print: nil
  EXPECT_THAT(RunAlone("record.x = assert"), Ends(Kind::kFailed, HasSubstr("got a function")));
  EXPECT_THAT(RunAlone("record.x = record"), Ends(Kind::kFailed, HasSubstr("got record itself")));
  EXPECT_THAT(RunAlone("record.x = '\\xff'"), Ends(Kind::kFailed, HasSubstr("not UTF-8")));
}

TEST(ScriptTest, MakesWhatLuaHasNot) {
  EXPECT_THAT(ValueOf("decimal('12.50')"), EqualsProto(value::Decimal("12.50")));
  EXPECT_THAT(ValueOf("decimal(7)"), EqualsProto(value::Decimal("7")));
  EXPECT_THAT(ValueOf("decimal(0.1)"), EqualsProto(value::Decimal("0.1")));
  EXPECT_THAT(ValueOf("date('2026-02-28')"), EqualsProto(value::Date("2026-02-28")));
  EXPECT_THAT(ValueOf("date(timestamp(86399))"), EqualsProto(value::Date("1970-01-01")));
  EXPECT_THAT(ValueOf("timestamp(1.5)"), EqualsProto(value::TimestampMicros(1'500'000)));
  EXPECT_THAT(ValueOf("timestamp('1970-01-01T01:00:01+01:00')"),
              EqualsProto(value::TimestampMicros(1'000'000)));
  EXPECT_THAT(ValueOf("timestamp(date('1970-01-02'))"), EqualsProto(value::TimestampMicros(86'400'000'000)));
  EXPECT_THAT(ValueOf("bytes('\\0\\255')"), EqualsProto(value::Bytes(absl::string_view("\0\xff", 2))));
  v1::Value reference;
  reference.mutable_reference_value()->set_source_model("User");
  reference.mutable_reference_value()->set_source_local_id("7");
  EXPECT_THAT(ValueOf("ref('User', 7)"), EqualsProto(reference));
  EXPECT_THAT(ValueOf("ref('User', '7')"), EqualsProto(reference));
  EXPECT_THAT(ValueOf("ref('User', decimal('7.0'))"), EqualsProto(reference));
  EXPECT_THAT(RunAlone("decimal('x')"),
              Ends(Kind::kFailed,
                   "script line 1: decimal: got string \"x\", want an integer, a float or "
                   "a text such as \"12.50\""));
  EXPECT_THAT(RunAlone("date('2026-02-30')"), Ends(Kind::kFailed, HasSubstr("a day that exists")));
  for (const char* wrong :
       {"timestamp('noon')", "timestamp(1e300)", "timestamp(0/0)", "timestamp(math.maxinteger)",
        "timestamp({})", "bytes(1)", "ref('', 1)", "ref('User', '')", "ref('User', 1.5)", "ref('User', null)",
        "decimal(null)", "ref('User', string.rep('x', 513))", "date(1)"}) {
    EXPECT_THAT(RunAlone(wrong), Ends(Kind::kFailed, HasSubstr("want "))) << wrong;
  }
}

TEST(ScriptTest, ComparesWhatLuaHasNot) {
  for (const char* truth : {"decimal('1.0') == decimal('1')",
                            "decimal('9') < decimal('10')",
                            "decimal('9') < 10",
                            "2 < decimal('2.5')",
                            "decimal('0.1') <= 0.1",
                            "not (decimal('1') == 1)",
                            "timestamp(1) < timestamp(2)",
                            "timestamp(1) == timestamp(1.0)",
                            "date('2025-12-31') < date('2026-01-01')",
                            "bytes('a') == bytes('a')",
                            "ref('U', 1) == ref('U', '1')",
                            "ref('U', 1) ~= ref('V', 1)",
                            "null == null",
                            "null ~= nil",
                            "not not null",
                            "date('2026-01-02').day == 2",
                            "timestamp('2026-01-02T03:04:05.000006Z').hour == 3",
                            "timestamp('2026-01-02T03:04:05.000006Z').microseconds == 6",
                            "timestamp(-0.5).seconds == -1",
                            "bytes('ab').text == 'ab'",
                            "#bytes('ab') == 2",
                            "ref('U', 1).id == '1'",
                            "ref('U', 1).model == 'U'",
                            "tonumber(decimal('7.0')) == 7",
                            "math.type(tonumber(decimal('7.0'))) == 'integer'",
                            "tonumber(decimal('0.5')) == 0.5",
                            "tonumber('0x10') == 16",
                            "tonumber('zz', 36) == 1295",
                            "tonumber(null) == nil",
                            "type(null) == 'null'",
                            "type(decimal(1)) == 'decimal'",
                            "type(record) == 'record'",
                            "type(string) == 'library'",
                            "'a' .. decimal('1.50') == 'a1.5'",
                            "decimal(1) .. '' == '1'"}) {
    EXPECT_THAT(ValueOf(truth), EqualsProto(value::Bool(true))) << truth;
  }
  EXPECT_EQ(TextOf("decimal('012.50')"), "12.5");
  EXPECT_EQ(TextOf("timestamp(0)"), "1970-01-01 00:00:00+00");
  EXPECT_EQ(TextOf("date('2026-02-28')"), "2026-02-28");
  EXPECT_EQ(TextOf("bytes('\\1\\255')"), "\\x01ff");
  EXPECT_EQ(TextOf("ref('User', 7)"), "User 7");
  EXPECT_EQ(TextOf("null"), "null");
  EXPECT_THAT(RunAlone("return date('2026-01-01') < timestamp(0)"),
              Ends(Kind::kFailed, HasSubstr("comparison of a date with a timestamp")));
  EXPECT_THAT(RunAlone("return null < 1"), Ends(Kind::kFailed, HasSubstr("compare null with number")));
  EXPECT_THAT(RunAlone("return 'a' .. null"), Ends(Kind::kFailed, HasSubstr("null")));
  EXPECT_THAT(RunAlone("return decimal(1) + 1"),
              Ends(Kind::kFailed, HasSubstr("arithmetic on a decimal value")));
  EXPECT_THAT(RunAlone("return '1' + 1"), Ends(Kind::kFailed, HasSubstr("arithmetic on a string value")));
  EXPECT_THAT(RunAlone("decimal(1).x = 2"), Ends(Kind::kFailed, HasSubstr("cannot be changed")));
  EXPECT_THAT(RunAlone("return timestamp(0).week"),
              Ends(Kind::kFailed, HasSubstr("got timestamp.week, which does not exist")));
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
