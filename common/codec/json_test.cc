#include "common/codec/json.h"

#include <chrono>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/codec/nesting.h"
#include "common/value/value.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/proto_matchers.h"
#include "tests/support/status_matchers.h"

namespace cognate::codec {
namespace {

using ::cognate::test_support::EqualsProto;
using ::cognate::test_support::IsOkAndHolds;
using ::cognate::test_support::StatusIs;
using ::cognate::test_support::ValueOrDie;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using value::Bool;
using value::Decimal;
using value::Int;
using value::List;
using value::Map;
using value::Null;
using value::Text;

void ExpectRefused(const std::string& json, const std::string& words) {
  EXPECT_THAT(ReadJson(json), StatusIs(absl::StatusCode::kInvalidArgument,
                                       ::testing::AllOf(StartsWith("NOT_ENCODED: got "), HasSubstr(words))))
      << json;
}

TEST(ReadJsonTest, ReadsEveryKind) {
  EXPECT_THAT(ReadJson(R"( {"a" : [1, -2.50, "x", true, false, null, {}, []], "b": {"c": "d"}} )"),
              IsOkAndHolds(EqualsProto(Map({{"a", List({Int(1), Decimal("-2.50"), Text("x"), Bool(true),
                                                        Bool(false), Null(), Map({}), List({})})},
                                            {"b", Map({{"c", Text("d")}})}}))));
}

TEST(ReadJsonTest, KeepsEveryDigitOfANumber) {
  EXPECT_THAT(ReadJson("9223372036854775807"), IsOkAndHolds(EqualsProto(Int(INT64_MAX))));
  EXPECT_THAT(ReadJson("-9223372036854775808"), IsOkAndHolds(EqualsProto(Int(INT64_MIN))));
  EXPECT_THAT(ReadJson("9223372036854775808"), IsOkAndHolds(EqualsProto(Decimal("9223372036854775808"))));
  EXPECT_THAT(ReadJson("0.10000000000000000000000000001"),
              IsOkAndHolds(EqualsProto(Decimal("0.10000000000000000000000000001"))));
  EXPECT_THAT(ReadJson("1e400"), IsOkAndHolds(EqualsProto(Decimal("1e400"))));
  EXPECT_THAT(ReadJson("1.0E-7"), IsOkAndHolds(EqualsProto(Decimal("1.0E-7"))));
  EXPECT_THAT(ReadJson("-0"), IsOkAndHolds(EqualsProto(Int(0))));
  for (const std::string number :
       {"01", "-", "+1", "1.", ".5", "1e", "1e+", "0x1", "NaN", "1e999999999999"}) {
    ExpectRefused(number, "want ");
  }
  ExpectRefused(std::string(1001, '1'), "a number of at most 1000 bytes");
}

TEST(ReadJsonTest, KeepsTheOrderOfNamesAndTheLastOfEqualOnes) {
  EXPECT_THAT(ReadJson(R"({"b":1,"a":2,"b":{"x":3}})"),
              IsOkAndHolds(EqualsProto(Map({{"b", Map({{"x", Int(3)}})}, {"a", Int(2)}}))));
  std::string many = "{";
  for (int i = 0; i < 40; ++i) absl::StrAppend(&many, i == 0 ? "" : ",", "\"n", i % 20, "\":", i);
  const v1::Value map = ValueOrDie(ReadJson(many + "}"));
  ASSERT_EQ(map.map_value().fields_size(), 20);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(map.map_value().fields(i).name(), absl::StrCat("n", i));
    EXPECT_EQ(map.map_value().fields(i).value().int64_value(), i + 20);
  }
}

TEST(ReadJsonTest, ReadsEscapes) {
  EXPECT_THAT(ReadJson(R"("\"\\\/\b\f\n\r\t\u00e4\uD83D\uDE00é")"),
              IsOkAndHolds(EqualsProto(Text("\"\\/\b\f\n\r\tä\U0001F600é"))));
  for (const std::string text :
       {R"("\u0000")", R"("\ud800")", R"("\ud83dx")", R"("\ud83d\u0041")", R"("\udc00")", R"("\x")",
        R"("\u12")", R"("\u12G4")", R"("\)", R"("\u)", R"("\ud83d\)"}) {
    ExpectRefused(text, "");
  }
}

TEST(ReadJsonTest, RefusesWhatIsNoJson) {
  for (const std::string json :
       {"",        " ",        "{",          "[",     "[1",   "[1,",      "[1,]",     "{\"a\"",
        "{\"a\":", "{\"a\":1", "{\"a\":1,}", "{a:1}", "'a'",  "\"a",      "\"a\nb\"", "tru",
        "truex",   "nul",      "[1] 2",      "// a",  "\xff", "\"\xc3\"", "]"}) {
    ExpectRefused(json, "");
  }
  ExpectRefused("{\"a\":1 \"b\":2}", "got \"\"b\":2}\" at byte 7, want \",\" or \"}\"");
  ExpectRefused(std::string("\"\0\"", 3), "a NUL character");
}

TEST(ReadJsonTest, BoundsDepthAndNumberOfValues) {
  const std::string deep = std::string(64, '[') + std::string(64, ']');
  EXPECT_EQ(NestingOf(ValueOrDie(ReadJson(deep))), 64);
  ExpectRefused("[" + deep + "]", "nested deeper than 64 at byte 64");
  ExpectRefused(std::string(8 << 20, '['), "nested deeper than 64");
  std::string many = "[0";
  for (int i = 0; i < kMaxValues; ++i) many += ",0";
  ExpectRefused(many + "]", "more than 1000000 values");
}

TEST(WriteJsonTest, WritesEveryKind) {
  EXPECT_EQ(WriteJson(Map({{"a", List({Int(INT64_MIN), Decimal("12.50"), Text("x"), Bool(true), Null()})},
                           {"\"b\n", Map({})},
                           {"c", List({})}})),
            R"({"a":[-9223372036854775808,12.50,"x",true,null],"\"b\n":{},"c":[]})");
  EXPECT_EQ(WriteJson(value::Bytes(std::string("\x00\xff", 2))), "\"AP8=\"");
  EXPECT_EQ(WriteJson(value::TimestampMicros(1'772'282'096'500'000)), "\"2026-02-28T12:34:56.5Z\"");
  EXPECT_EQ(WriteJson(value::TimestampMicros(-1)), "\"1969-12-31T23:59:59.999999Z\"");
  EXPECT_EQ(WriteJson(value::Date("2026-02-28")), "\"2026-02-28\"");
  EXPECT_EQ(WriteJson(value::Double(0.1)), "0.1");
  EXPECT_EQ(WriteJson(value::Double(1e300)), "1e+300");
  EXPECT_EQ(WriteJson(value::Double(HUGE_VAL)), "\"Infinity\"");
  EXPECT_EQ(WriteJson(Text("é/\\\x01")), R"("é/\\\u0001")");
  EXPECT_EQ(WriteJson(Text("\xff")), "\"\uFFFD\"");
  EXPECT_EQ(WriteJson(v1::Value()), "null");
  v1::Value reference;
  reference.mutable_reference_value()->set_model("post");
  EXPECT_EQ(WriteJson(reference), "null");
  reference.mutable_reference_value()->set_local_id("7");
  EXPECT_EQ(WriteJson(reference), "\"7\"");
}

TEST(WriteJsonTest, WritesDecimalsAsNumbersThatJsonKnows) {
  EXPECT_EQ(WriteJson(List({Decimal("+007.50"), Decimal(".5"), Decimal("5."), Decimal("-.5e3"),
                            Decimal("1E20000"), Decimal("00"), Decimal("-0.0")})),
            "[7.50,0.5,5,-0.5e3,1E20000,0,-0.0]");
  EXPECT_EQ(WriteJson(List({Decimal("NaN"), Decimal("-Infinity"), Decimal("x"), Decimal("."), Decimal("")})),
            R"(["NaN","-Infinity","x",".",""])");
}

TEST(WriteJsonTest, IsReadBackAsItWas) {
  const v1::Value value = Map({{"n", Null()},
                               {"i", Int(-5)},
                               {"d", Decimal("1.230")},
                               {"t", Text("\U0001F600 \" \\ \x7f")},
                               {"l", List({List({}), Map({{"", Bool(false)}})})}});
  EXPECT_THAT(ReadJson(WriteJson(value)), IsOkAndHolds(EqualsProto(value)));
}

TEST(JsonSpeedTest, ReadsAndWritesLargeTexts) {
  std::string json = "[";
  while (json.size() < (4 << 20))
    json += R"({"id":12345,"name":"Ærøskøbing \"x\"","price":12.50,"tags":["a","b"]},)";
  json.back() = ']';
  const auto begin = std::chrono::steady_clock::now();
  const v1::Value value = ValueOrDie(ReadJson(json));
  const auto read = std::chrono::steady_clock::now();
  EXPECT_EQ(WriteJson(value), json);
  const auto written = std::chrono::steady_clock::now();
  const auto speed = [](auto duration) { return 4 / std::chrono::duration<double>(duration).count(); };
  std::printf("figure codec.json read_mebibytes_per_second=%.0f write_mebibytes_per_second=%.0f\n",
              speed(read - begin), speed(written - read));
}

}  // namespace
}  // namespace cognate::codec
