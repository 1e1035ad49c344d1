#include "common/value/value.h"

#include <limits>

#include "common/value/canonical_text.h"
#include "common/value/parse.h"
#include "common/value/sql_text.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cognate::value {
namespace {

using ::testing::Eq;
using ::testing::Optional;

std::string Canonical(const v1::Value& value) {
  std::string text;
  return AppendCanonicalText(value, &text) ? text : "none";
}

std::string Sql(const v1::Value& value) {
  std::string text;
  return AppendSqlText(value, &text) ? text : "NULL";
}

std::string DecimalForm(absl::string_view text) {
  std::string out;
  return AppendCanonicalDecimal(text, &out) ? out : "none";
}

TEST(CanonicalTextTest, DecimalsHaveOneForm) {
  EXPECT_EQ(DecimalForm("5"), "5");
  EXPECT_EQ(DecimalForm("-0"), "0");
  EXPECT_EQ(DecimalForm("+007.500"), "7.5");
  EXPECT_EQ(DecimalForm("5.00"), "5");
  EXPECT_EQ(DecimalForm(".25"), "0.25");
  EXPECT_EQ(DecimalForm("1e3"), "1000");
  EXPECT_EQ(DecimalForm("12.5E-3"), "0.0125");
  EXPECT_EQ(DecimalForm("0.000e99"), "0");
  EXPECT_EQ(DecimalForm("nan"), "NaN");
  EXPECT_EQ(DecimalForm("-Infinity"), "-Infinity");
  EXPECT_EQ(DecimalForm("1e500000"), "0.1e500001");
  EXPECT_EQ(DecimalForm("123456789012345678901234567890.10"), "123456789012345678901234567890.1");
}

TEST(CanonicalTextTest, WhatIsNoNumberIsRefused) {
  for (const char* text : {"", "-", ".", "1.2.3", "1e", "abc", "1 ", "0x10", "1e99999999999"}) {
    EXPECT_EQ(DecimalForm(text), "none") << text;
    EXPECT_FALSE(IsDecimal(text)) << text;
  }
}

TEST(CanonicalTextTest, DoublesTakeTheirShortestForm) {
  EXPECT_EQ(Canonical(Double(0.1)), "0.1");
  EXPECT_EQ(Canonical(Double(-0.0)), "0");
  EXPECT_EQ(Canonical(Double(100000)), "100000");
  EXPECT_EQ(Sql(Double(1e300)), "1e+300");
  EXPECT_EQ(Sql(Double(std::numeric_limits<double>::quiet_NaN())), "NaN");
  EXPECT_EQ(Sql(Double(-std::numeric_limits<double>::infinity())), "-Infinity");
}

TEST(CanonicalTextTest, TimestampsAreWrittenAsPostgresDoes) {
  EXPECT_EQ(Canonical(TimestampMicros(0)), "1970-01-01 00:00:00+00");
  EXPECT_EQ(Canonical(TimestampMicros(1'772'282'096'123'450)), "2026-02-28 12:34:56.12345+00");
  EXPECT_EQ(Canonical(TimestampMicros(-1)), "1969-12-31 23:59:59.999999+00");
  EXPECT_EQ(Canonical(TimestampMicros(-62'135'596'800'000'000)), "0001-01-01 00:00:00+00");
  EXPECT_EQ(Canonical(TimestampMicros(-62'135'596'800'000'001)), "0001-12-31 23:59:59.999999+00 BC");
}

TEST(CanonicalTextTest, NullAndListsHaveNone) {
  EXPECT_EQ(Canonical(Null()), "none");
  EXPECT_EQ(Canonical(List({Int(1)})), "none");
  EXPECT_EQ(Canonical(Bytes(absl::string_view("\x00\xff", 2))), "\\x00ff");
}

v1::Value File(const std::string& path, char byte = 'x') {
  v1::Value value;
  value.mutable_file_value()->set_sha256(std::string(32, byte));
  value.mutable_file_value()->set_size_bytes(5);
  value.mutable_file_value()->set_path(path);
  return value;
}

TEST(CanonicalTextTest, AFileIsItsPathWhereThatNamesTheContent) {
  const std::string hash = "787878787878787878787878";
  std::string named, plain, without;
  EXPECT_TRUE(AppendCanonicalText(File("avatars/cat-" + hash + ".png"), &named));
  EXPECT_EQ(named, "avatars/cat-" + hash + ".png");
  EXPECT_TRUE(AppendCanonicalText(File("cat.png"), &plain));
  EXPECT_EQ(plain.substr(0, 15), "cat.png#sha256:");
  EXPECT_TRUE(AppendCanonicalText(File(""), &without));
  EXPECT_EQ(without.substr(0, 8), "#sha256:");
}

TEST(ValueTest, FilesAreEqualByTheirContentAndPath) {
  EXPECT_TRUE(Equal(File("a"), File("a")));
  EXPECT_FALSE(Equal(File("a"), File("b")));
  EXPECT_FALSE(Equal(File("a"), File("a", 'y')));
  EXPECT_EQ(Describe(File("a")), "a file of 5 bytes");
}

TEST(SqlTextTest, ArraysQuoteEveryElement) {
  EXPECT_EQ(Sql(List({Int(1), Null(), Text("a\"b\\c,{}"), Text("")})), R"({"1",NULL,"a\"b\\c,{}",""})");
  EXPECT_EQ(Sql(List({List({Int(1), Int(2)}), List({Int(3), Int(4)})})), R"({{"1","2"},{"3","4"}})");
  EXPECT_EQ(Sql(List({Bytes("\x01")})), R"({"\\x01"})");
  EXPECT_EQ(Sql(List({})), "{}");
}

TEST(SqlTextTest, ScalarsAreWhatPostgresReads) {
  EXPECT_EQ(Sql(Null()), "NULL");
  EXPECT_EQ(Sql(Bool(true)), "true");
  EXPECT_EQ(Sql(Int(std::numeric_limits<int64_t>::min())), "-9223372036854775808");
  EXPECT_EQ(Sql(Decimal("12.50")), "12.50");
  EXPECT_EQ(Sql(Map({{"a", Int(1)}, {"b\"", List({Text("x"), Null()})}})), R"({"a": 1, "b\"": ["x", null]})");
  v1::Value reference;
  reference.mutable_reference_value()->set_entity_id("0123456789abcdef");
  EXPECT_EQ(Sql(reference), "NULL");
  reference.mutable_reference_value()->set_local_id("7");
  EXPECT_EQ(Sql(reference), "7");
}

TEST(ValueTest, EqualityIsOfKindAndContent) {
  EXPECT_TRUE(Equal(Null(), Null()));
  EXPECT_FALSE(Equal(Null(), Text("")));
  EXPECT_FALSE(Equal(Int(5), Decimal("5")));
  EXPECT_TRUE(Equal(Map({{"a", Int(1)}, {"b", Int(2)}}), Map({{"b", Int(2)}, {"a", Int(1)}})));
  EXPECT_FALSE(Equal(List({Int(1)}), List({Int(1), Int(1)})));
  EXPECT_TRUE(Equal(Double(std::numeric_limits<double>::quiet_NaN()),
                    Double(std::numeric_limits<double>::quiet_NaN())));
}

TEST(ValueTest, TimestampsKeepMicrosecondsBefore1970) {
  const v1::Value value = TimestampMicros(-1'500'001);
  EXPECT_EQ(value.timestamp_value().seconds(), -2);
  EXPECT_EQ(value.timestamp_value().nanos(), 499'999'000);
  EXPECT_EQ(MicrosOf(value.timestamp_value()), -1'500'001);
}

TEST(ValueTest, DescribesThemselvesShortly) {
  EXPECT_EQ(Describe(Text("Äpfel")), "text \"Äpfel\" (5 characters)");
  EXPECT_EQ(Describe(Int(-5)), "int64 -5");
  EXPECT_EQ(Describe(Null()), "NULL");
  EXPECT_EQ(Describe(v1::Value()), "a value without a kind");
  EXPECT_LT(Describe(Text(std::string(5000, 'x'))).size(), 120u);
}

TEST(ParseTest, CountsCharactersAndRefusesBadEncoding) {
  EXPECT_THAT(CharacterCount("plain ascii text"), Optional(16));
  EXPECT_THAT(CharacterCount("grün 🌍 und so weiter"), Optional(20));
  EXPECT_THAT(CharacterCount(""), Optional(0));
  EXPECT_THAT(CharacterCount(absl::string_view("12345678\0", 9)), Eq(std::nullopt));
  EXPECT_THAT(CharacterCount(absl::string_view("1234\0aaaaaaaa", 13)), Eq(std::nullopt));
  for (const char* bad : {"\x80", "\xC0\xAF", "\xED\xA0\x80", "\xF5\x80\x80\x80", "ab\xE2\x82"}) {
    EXPECT_THAT(CharacterCount(bad), Eq(std::nullopt));
  }
}

TEST(ParseTest, ReadsTimesInTheirUsualForms) {
  const int64_t want = 1'772'282'096'123'456;
  EXPECT_THAT(ParseTimestamp("2026-02-28 12:34:56.123456+00"), Optional(want));
  EXPECT_THAT(ParseTimestamp("2026-02-28T12:34:56.123456000Z"), Optional(want));
  EXPECT_THAT(ParseTimestamp("2026-02-28T14:34:56.123456+02:00"), Optional(want));
  EXPECT_THAT(ParseTimestamp("2026-02-28 07:04:56.123456-0530"), Optional(want));
  EXPECT_THAT(ParseTimestamp("2026-02-28 12:34"), Optional(want - 56'123'456));
  for (const char* bad :
       {"2026-02-30 12:34", "2026-02-28", "now", "2026-02-28 25:00", "2026-02-28 12:34:56.1234567"}) {
    EXPECT_THAT(ParseTimestamp(bad), Eq(std::nullopt)) << bad;
  }
}

TEST(ParseTest, ChecksDatesAndUuids) {
  EXPECT_TRUE(IsDate("2024-02-29"));
  EXPECT_FALSE(IsDate("2023-02-29"));
  EXPECT_FALSE(IsDate("0000-01-01"));
  EXPECT_THAT(NormalUuid("{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}"),
              Optional(Eq("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")));
  EXPECT_THAT(NormalUuid("a0eebc999c0b4ef8bb6d6bb9bd380a11"),
              Optional(Eq("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")));
  EXPECT_THAT(NormalUuid("a0eebc99-9c0b"), Eq(std::nullopt));
}

}  // namespace
}  // namespace cognate::value
