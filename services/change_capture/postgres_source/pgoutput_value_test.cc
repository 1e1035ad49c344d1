#include "services/change_capture/postgres_source/pgoutput_value.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/proto_matchers.h"
#include "tests/support/status_matchers.h"

namespace cognate::change_capture::pgoutput {
namespace {

using test_support::EqualsProto;
using test_support::ValueOrDie;

constexpr uint32_t kBool = 16, kBytea = 17, kInt8 = 20, kText = 25, kFloat8 = 701, kNumeric = 1700,
                   kDate = 1082, kTimestamp = 1114, kTimestampTz = 1184, kUuid = 2950, kJsonb = 3802,
                   kInt4Array = 1007, kTextArray = 1009;

v1::Value Read(uint32_t oid, absl::string_view text) {
  v1::Value value;
  TextToValue(*BuiltInType(oid), text, &value);
  return value;
}

TEST(PgoutputValueTest, ReadsEveryKindInItsOwnForm) {
  EXPECT_THAT(Read(kBool, "t"), EqualsProto("bool_value: true"));
  EXPECT_THAT(Read(kBool, "f"), EqualsProto("bool_value: false"));
  EXPECT_THAT(Read(kInt8, "-9223372036854775808"), EqualsProto("int64_value: -9223372036854775808"));
  EXPECT_THAT(Read(kFloat8, "0.1"), EqualsProto("double_value: 0.1"));
  EXPECT_THAT(Read(kFloat8, "-Infinity"), EqualsProto("double_value: -inf"));
  EXPECT_THAT(Read(kFloat8, "1e-07"), EqualsProto("double_value: 1e-07"));
  EXPECT_THAT(Read(kNumeric, "12345678901234567890.10"),
              EqualsProto("decimal_value: '12345678901234567890.10'"));
  EXPECT_THAT(Read(kNumeric, "NaN"), EqualsProto("decimal_value: 'NaN'"));
  EXPECT_THAT(Read(kText, "{not, an array}"), EqualsProto("text_value: '{not, an array}'"));
  EXPECT_THAT(Read(kBytea, "\\x00ff41"), EqualsProto(R"pb(bytes_value: "\000\377A")pb"));
  EXPECT_THAT(Read(kBytea, "\\x"), EqualsProto("bytes_value: ''"));
  EXPECT_THAT(Read(kDate, "2026-02-28"), EqualsProto("date_value: '2026-02-28'"));
  EXPECT_THAT(Read(kTimestamp, "1970-01-01 00:00:01.000001"),
              EqualsProto("timestamp_value { seconds: 1 nanos: 1000 }"));
  EXPECT_THAT(Read(kTimestampTz, "1969-12-31 23:59:59.5+00"),
              EqualsProto("timestamp_value { seconds: -1 nanos: 500000000 }"));
  EXPECT_THAT(Read(kUuid, "0190b5a8-0000-7000-8000-000000000000"),
              EqualsProto("text_value: '0190b5a8-0000-7000-8000-000000000000'"));
  EXPECT_THAT(Read(kJsonb, R"({"a": 1})"), EqualsProto(R"pb(text_value: "{\"a\": 1}")pb"));
}

TEST(PgoutputValueTest, KeepsTheTextOfWhatTheKindCannotHold) {
  for (const uint32_t oid : {kTimestamp, kTimestampTz}) {
    for (const char* text : {"infinity", "-infinity", "0044-03-15 00:00:00 BC", "10000-01-01 00:00:00"}) {
      EXPECT_EQ(Read(oid, text).text_value(), text);
    }
  }
  EXPECT_EQ(Read(kDate, "infinity").text_value(), "infinity");
  EXPECT_EQ(Read(kDate, "0044-03-15 BC").text_value(), "0044-03-15 BC");
  EXPECT_EQ(Read(kDate, "10000-01-01").text_value(), "10000-01-01");
  EXPECT_EQ(Read(kNumeric, "Infinity").text_value(), "Infinity");
  EXPECT_EQ(Read(kInt8, "9223372036854775808").text_value(), "9223372036854775808");
  EXPECT_EQ(Read(kBytea, "\\xzz").text_value(), "\\xzz");
  EXPECT_EQ(Read(kText, "\xff\xfe").bytes_value(), "\xff\xfe");
}

TEST(PgoutputValueTest, ReadsArrays) {
  EXPECT_THAT(Read(kInt4Array, "{}"), EqualsProto("list_value {}"));
  EXPECT_THAT(Read(kInt4Array, "{1,NULL,-3}"),
              EqualsProto("list_value { values { int64_value: 1 } values { null_value: NULL_VALUE } "
                          "values { int64_value: -3 } }"));
  EXPECT_THAT(
      Read(kInt4Array, "{{1,2},{3,4}}"),
      EqualsProto(
          "list_value { values { list_value { values { int64_value: 1 } values { int64_value: 2 } } } "
          "values { list_value { values { int64_value: 3 } values { int64_value: 4 } } } }"));
  EXPECT_THAT(Read(kInt4Array, "[0:1]={1,2}"),
              EqualsProto("list_value { values { int64_value: 1 } values { int64_value: 2 } }"));
  EXPECT_THAT(Read(kTextArray, R"({a,"b c","d\"e\\",NULL,"NULL","",é})"),
              EqualsProto(R"pb(list_value {
                                 values { text_value: "a" }
                                 values { text_value: "b c" }
                                 values { text_value: "d\"e\\" }
                                 values { null_value: NULL_VALUE }
                                 values { text_value: "NULL" }
                                 values { text_value: "" }
                                 values { text_value: "é" }
                               })pb"));
}

TEST(PgoutputValueTest, KeepsTheTextOfAMalformedArray) {
  for (const char* text :
       {"{", "{1", "{1,", "{1,}", "}", "{1}2", "{\"a", "{\"a\\", "[0:1={1}", "{{1},", "", "{1 {2}}"}) {
    EXPECT_EQ(Read(kTextArray, text).text_value(), text);
  }
  const std::string deep = std::string(5000, '{') + std::string(5000, '}');
  EXPECT_EQ(Read(kTextArray, deep).text_value(), deep);
}

TEST(PgoutputTypeTest, LooksThroughDomainsAndArraysAndAsksOnce) {
  int lookups = 0;
  TypeCatalog types([&](uint32_t oid) -> absl::StatusOr<std::optional<TypeRow>> {
    ++lookups;
    if (oid == 50'000) return TypeRow{'d', 50'001, 0, ','};
    if (oid == 50'001) return TypeRow{'d', kNumeric, 0, ','};
    if (oid == 50'002) return TypeRow{'b', 0, 50'000, ';'};
    if (oid == 50'003) return TypeRow{'e', 0, 0, ','};
    if (oid == 50'004) return TypeRow{'d', 50'004, 0, ','};  // over itself, as no server would
    return std::nullopt;
  });
  EXPECT_EQ(ValueOrDie(types.Find(50'000)), (ColumnType{TextForm::kDecimal, false, ','}));
  EXPECT_EQ(ValueOrDie(types.Find(50'002)), (ColumnType{TextForm::kDecimal, true, ';'}));
  EXPECT_EQ(ValueOrDie(types.Find(50'003)), (ColumnType{TextForm::kText, false, ','}));
  EXPECT_EQ(ValueOrDie(types.Find(50'004)), (ColumnType{TextForm::kText, false, ','}));
  EXPECT_EQ(ValueOrDie(types.Find(60'000)), (ColumnType{TextForm::kText, false, ','}));
  const int before = lookups;
  EXPECT_OK(types.Find(50'002));
  EXPECT_OK(types.Find(60'000));
  EXPECT_EQ(lookups, before);
}

}  // namespace
}  // namespace cognate::change_capture::pgoutput
