#include <string>

#include "common/script/test_run.h"
#include "common/value/value.h"
#include "tests/support/proto_matchers.h"

namespace cognate::script {
namespace {

using ::cognate::test_support::EqualsProto;
using ::testing::HasSubstr;

TEST(ScriptValuesTest, EveryKindComesBackAsItWas) {
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

TEST(ScriptValuesTest, TablesBecomeListsAndMaps) {
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

TEST(ScriptValuesTest, MakesWhatLuaHasNot) {
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

TEST(ScriptValuesTest, ComparesWhatLuaHasNot) {
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

}  // namespace
}  // namespace cognate::script
