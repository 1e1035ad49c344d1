#include "common/value/convert.h"

#include <limits>

#include "common/value/fingerprint.h"
#include "common/value/value.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/proto_matchers.h"

namespace cognate::value {
namespace {

using ::cognate::test_support::ParseProto;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

v1::ModelField Field(const std::string& text) {
  v1::ModelField field = ParseProto<v1::ModelField>("name: 'f' " + text);
  if (text.find("nullable") == std::string::npos) field.set_nullable(true);
  return field;
}

// "ok" or the reason.
std::string Try(const v1::Value& from, const std::string& field, v1::Value* to) {
  const std::optional<v1::OutcomeError> error = Convert(from, Field(field), to);
  if (!error.has_value()) return "ok";
  EXPECT_EQ(error->field(), "f");
  EXPECT_THAT(error->message(), HasSubstr("want"));
  return error->reason();
}

std::string Try(const v1::Value& from, const std::string& field) {
  v1::Value to;
  return Try(from, field, &to);
}

v1::Value Converted(const v1::Value& from, const std::string& field) {
  v1::Value to;
  EXPECT_EQ(Try(from, field, &to), "ok");
  v1::Value again;
  EXPECT_EQ(Try(to, field, &again), "ok");
  EXPECT_TRUE(Equal(to, again)) << "converting twice changes it";
  return to;
}

TEST(ConvertTest, IntegersKeepTheirRange) {
  EXPECT_TRUE(Equal(Converted(Int(32767), "type: FIELD_TYPE_INTEGER size_bits: 16"), Int(32767)));
  EXPECT_EQ(Try(Int(32768), "type: FIELD_TYPE_INTEGER size_bits: 16"), "OUT_OF_RANGE");
  EXPECT_EQ(Try(Int(-2147483649), "type: FIELD_TYPE_INTEGER size_bits: 32"), "OUT_OF_RANGE");
  EXPECT_EQ(Try(Int(std::numeric_limits<int64_t>::min()), "type: FIELD_TYPE_INTEGER size_bits: 64"), "ok");
  EXPECT_TRUE(Equal(Converted(Decimal("12.00"), "type: FIELD_TYPE_INTEGER size_bits: 32"), Int(12)));
  EXPECT_EQ(Try(Decimal("12.5"), "type: FIELD_TYPE_INTEGER"), "OUT_OF_RANGE");
  EXPECT_EQ(Try(Text("12"), "type: FIELD_TYPE_INTEGER"), "WRONG_TYPE");
  EXPECT_EQ(Try(Bool(true), "type: FIELD_TYPE_INTEGER"), "WRONG_TYPE");
}

TEST(ConvertTest, DecimalsKeepEveryDigitOrAreRefused) {
  EXPECT_TRUE(
      Equal(Converted(Decimal("1.50"), "type: FIELD_TYPE_DECIMAL precision: 5 scale: 2"), Decimal("1.50")));
  EXPECT_TRUE(Equal(Converted(Int(7), "type: FIELD_TYPE_DECIMAL"), Decimal("7")));
  EXPECT_EQ(Try(Decimal("1.555"), "type: FIELD_TYPE_DECIMAL precision: 5 scale: 2"), "OUT_OF_RANGE");
  EXPECT_EQ(Try(Decimal("1.5500"), "type: FIELD_TYPE_DECIMAL precision: 5 scale: 2"), "ok");
  EXPECT_EQ(Try(Decimal("1000.5"), "type: FIELD_TYPE_DECIMAL precision: 5 scale: 2"), "OUT_OF_RANGE");
  EXPECT_EQ(Try(Decimal("0.05"), "type: FIELD_TYPE_DECIMAL precision: 2 scale: 2"), "ok");
  EXPECT_EQ(Try(Decimal("NaN"), "type: FIELD_TYPE_DECIMAL precision: 2 scale: 2"), "ok");
  EXPECT_EQ(Try(Decimal("Infinity"), "type: FIELD_TYPE_DECIMAL precision: 2 scale: 2"), "OUT_OF_RANGE");
  EXPECT_EQ(Try(Decimal("twelve"), "type: FIELD_TYPE_DECIMAL"), "INVALID_TEXT");
}

TEST(ConvertTest, FloatsLoseNothing) {
  EXPECT_TRUE(Equal(Converted(Int(5), "type: FIELD_TYPE_FLOAT size_bits: 64"), Double(5)));
  EXPECT_EQ(Try(Int((int64_t{1} << 53) + 1), "type: FIELD_TYPE_FLOAT size_bits: 64"), "OUT_OF_RANGE");
  EXPECT_TRUE(Equal(Converted(Double(0.1), "type: FIELD_TYPE_FLOAT size_bits: 32"), Double(0.1)));
  EXPECT_EQ(Try(Double(0.123456789012), "type: FIELD_TYPE_FLOAT size_bits: 32"), "OUT_OF_RANGE");
  EXPECT_EQ(Try(Double(1e300), "type: FIELD_TYPE_FLOAT size_bits: 32"), "OUT_OF_RANGE");
  EXPECT_EQ(Try(Double(std::numeric_limits<double>::infinity()), "type: FIELD_TYPE_FLOAT size_bits: 32"),
            "ok");
}

TEST(ConvertTest, TextIsCountedInCharacters) {
  EXPECT_EQ(Try(Text("äöüß"), "type: FIELD_TYPE_TEXT max_length: 4"), "ok");
  v1::Value to;
  const auto error =
      Convert(Text("abcde"), Field("type: FIELD_TYPE_TEXT max_length: 4 native_type: 'varchar(4)'"), &to);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->reason(), "VALUE_TOO_LONG");
  EXPECT_EQ(error->message(),
            "field f (varchar(4)): got text \"abcde\" (5 characters), want at most 4 characters; shorten it "
            "at the source or "
            "widen the target field");
  EXPECT_EQ(Try(Text(absl::string_view("a\0b", 3)), "type: FIELD_TYPE_TEXT"), "BAD_ENCODING");
  EXPECT_EQ(Try(Bytes("abc"), "type: FIELD_TYPE_TEXT"), "WRONG_TYPE");
}

TEST(ConvertTest, NumbersAndTimesBecomeText) {
  EXPECT_TRUE(Equal(Converted(Int(-3), "type: FIELD_TYPE_TEXT"), Text("-3")));
  EXPECT_TRUE(Equal(Converted(Decimal("1.50"), "type: FIELD_TYPE_TEXT"), Text("1.5")));
  EXPECT_TRUE(Equal(Converted(Date("2026-02-28"), "type: FIELD_TYPE_TEXT"), Text("2026-02-28")));
}

TEST(ConvertTest, PaddingOfFixedWidthTextIsNoContent) {
  EXPECT_TRUE(
      Equal(Converted(Text("DE   "), "type: FIELD_TYPE_TEXT max_length: 5 native_type: 'character(5)'"),
            Text("DE")));
  EXPECT_TRUE(Equal(Converted(Text("DE "), "type: FIELD_TYPE_TEXT native_type: 'character varying(5)'"),
                    Text("DE ")));
}

TEST(ConvertTest, TextsThatStandForSomethingAreChecked) {
  EXPECT_TRUE(Equal(Converted(Text("2026-02-28T12:34:56Z"), "type: FIELD_TYPE_TIMESTAMP"),
                    TimestampMicros(1'772'282'096'000'000)));
  EXPECT_EQ(Try(Text("yesterday"), "type: FIELD_TYPE_TIMESTAMP"), "INVALID_TEXT");
  EXPECT_TRUE(Equal(Converted(Date("1970-01-02"), "type: FIELD_TYPE_LOCAL_TIMESTAMP"),
                    TimestampMicros(86'400'000'000)));
  EXPECT_TRUE(Equal(Converted(Text("2026-02-28"), "type: FIELD_TYPE_DATE"), Date("2026-02-28")));
  EXPECT_EQ(Try(Text("2026-02-31"), "type: FIELD_TYPE_DATE"), "INVALID_TEXT");
  EXPECT_TRUE(Equal(Converted(Text("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"), "type: FIELD_TYPE_UUID"),
                    Text("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")));
  EXPECT_EQ(Try(Text("no uuid"), "type: FIELD_TYPE_UUID"), "INVALID_TEXT");
  EXPECT_EQ(Try(Text("{\"a\": 1"), "type: FIELD_TYPE_JSON"), "INVALID_TEXT");
  EXPECT_TRUE(Equal(Converted(Text("{\"a\": 1}"), "type: FIELD_TYPE_JSON"), Text("{\"a\": 1}")));
  EXPECT_TRUE(Equal(Converted(Map({{"a", Int(1)}}), "type: FIELD_TYPE_JSON"), Text("{\"a\": 1}")));
}

TEST(ConvertTest, EnumsTakeTheirLabelsOnly) {
  const std::string field = "type: FIELD_TYPE_ENUM enum_labels: 'open' enum_labels: 'closed'";
  EXPECT_EQ(Try(Text("open"), field), "ok");
  EXPECT_EQ(Try(Text("ajar"), field), "NOT_AN_ENUM_LABEL");
  EXPECT_EQ(Try(Int(1), field), "WRONG_TYPE");
}

TEST(ConvertTest, NullNeedsANullableField) {
  EXPECT_EQ(Try(Null(), "type: FIELD_TYPE_TEXT"), "ok");
  EXPECT_EQ(Try(Null(), "type: FIELD_TYPE_TEXT nullable: false"), "NOT_NULL");
}

TEST(ConvertTest, ListsAreConvertedElementByElement) {
  const std::string field = "type: FIELD_TYPE_LIST element_type: FIELD_TYPE_TEXT";
  EXPECT_TRUE(
      Equal(Converted(List({Int(1), Null(), Text("x")}), field), List({Text("1"), Null(), Text("x")})));
  EXPECT_EQ(Try(List({Bytes("x")}), field), "WRONG_TYPE");
  EXPECT_EQ(Try(Text("{x}"), field), "WRONG_TYPE");
}

TEST(CheckTypeTest, TakesWhatTheFieldCanHold) {
  EXPECT_FALSE(CheckType(Int(5), Field("type: FIELD_TYPE_DECIMAL")).has_value());
  EXPECT_FALSE(CheckType(Null(), Field("type: FIELD_TYPE_DECIMAL nullable: false")).has_value());
  EXPECT_FALSE(
      CheckType(List({List({Int(1)})}), Field("type: FIELD_TYPE_LIST element_type: FIELD_TYPE_INTEGER"))
          .has_value());
}

TEST(CheckTypeTest, TakesAWellFormedFileInATextField) {
  v1::ModelField text;
  text.set_name("avatar");
  text.set_type(v1::FIELD_TYPE_TEXT);
  v1::Value value;
  v1::FileValue& file = *value.mutable_file_value();
  file.set_sha256(std::string(32, 'x'));
  file.set_name("cat.png");
  EXPECT_FALSE(CheckType(value, text).has_value());
  v1::Value converted;
  EXPECT_EQ(Convert(value, text, &converted)->reason(), "WRONG_TYPE");
  file.set_size_bytes(-1);
  EXPECT_TRUE(CheckType(value, text).has_value());
  file.set_size_bytes(0);
  for (const std::string& name :
       {std::string("a/b"), std::string("a\0b", 3), std::string(256, 'n'), std::string("\xff")}) {
    file.set_name(name);
    EXPECT_TRUE(CheckType(value, text).has_value()) << name;
  }
  file.set_name("");
  file.set_sha256("short");
  EXPECT_TRUE(CheckType(value, text).has_value());
  file.set_sha256(std::string(32, 'x'));
  text.set_type(v1::FIELD_TYPE_INTEGER);
  EXPECT_TRUE(CheckType(value, text).has_value());
}

TEST(CheckTypeTest, NamesWhatIsWrong) {
  EXPECT_EQ(CheckType(Text("5"), Field("type: FIELD_TYPE_INTEGER"))->reason(), "WRONG_TYPE");
  EXPECT_EQ(CheckType(v1::Value(), Field("type: FIELD_TYPE_TEXT"))->reason(), "WRONG_TYPE");
  EXPECT_EQ(CheckType(Decimal("x"), Field("type: FIELD_TYPE_DECIMAL"))->reason(), "INVALID_TEXT");
  EXPECT_EQ(CheckType(Text(absl::string_view("\0", 1)), Field("type: FIELD_TYPE_TEXT"))->reason(),
            "BAD_ENCODING");
  EXPECT_EQ(CheckType(List({Text("x")}), Field("type: FIELD_TYPE_LIST element_type: FIELD_TYPE_INTEGER"))
                ->message(),
            "field f: got text \"x\" (1 character), want a value for integer");
}

TEST(ConvertTest, WhatIsNotKnownBeforehandMayBeConvertible) {
  const Convertibility open = CanConvert(Field(""), Field("type: FIELD_TYPE_INTEGER"));
  EXPECT_TRUE(open.possible);
  EXPECT_THAT(open.warning, HasSubstr("nothing is known of f"));
}

TEST(CanConvertTest, TellsBeforehandWhatTypesAllow) {
  EXPECT_FALSE(CanConvert(Field("type: FIELD_TYPE_TEXT"), Field("type: FIELD_TYPE_INTEGER")).possible);
  EXPECT_THAT(CanConvert(Field("type: FIELD_TYPE_BYTES"), Field("type: FIELD_TYPE_TEXT")).reason,
              HasSubstr("cannot be turned into"));
  const Convertibility same = CanConvert(Field("type: FIELD_TYPE_TEXT"), Field("type: FIELD_TYPE_TEXT"));
  EXPECT_TRUE(same.possible);
  EXPECT_THAT(same.warning, IsEmpty());
  EXPECT_THAT(CanConvert(Field("type: FIELD_TYPE_INTEGER size_bits: 64"),
                         Field("type: FIELD_TYPE_INTEGER size_bits: 32"))
                  .warning,
              HasSubstr("beyond 32 bits"));
  EXPECT_THAT(
      CanConvert(Field("type: FIELD_TYPE_TEXT"), Field("type: FIELD_TYPE_TEXT max_length: 10")).warning,
      HasSubstr("longer than 10 characters"));
}

}  // namespace
}  // namespace cognate::value
