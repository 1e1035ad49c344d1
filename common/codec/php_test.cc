#include "common/codec/php.h"

#include <chrono>
#include <cmath>
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
using value::Bytes;
using value::Decimal;
using value::Double;
using value::Int;
using value::List;
using value::Map;
using value::Null;
using value::Text;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

void ExpectRead(const std::string& serialized, const v1::Value& value) {
  EXPECT_THAT(ReadPhp(serialized), IsOkAndHolds(EqualsProto(value))) << serialized;
}
void ExpectWritten(const v1::Value& value, const std::string& serialized) {
  EXPECT_THAT(WritePhp(value), IsOkAndHolds(serialized));
}

TEST(ReadPhpTest, ReadsScalars) {
  ExpectRead("N;", Null());
  ExpectRead("b:1;", Bool(true));
  ExpectRead("b:0;", Bool(false));
  ExpectRead("i:-9223372036854775808;", Int(INT64_MIN));
  ExpectRead("d:0.1;", Double(0.1));
  ExpectRead("d:1.0E+25;", Double(1e25));
  ExpectRead("d:-INF;", Double(-HUGE_VAL));
  EXPECT_TRUE(std::isnan(ValueOrDie(ReadPhp("d:NAN;")).double_value()));
  ExpectRead("s:0:\"\";", Text(""));
  ExpectRead("s:6:\"ä\";\"}\";", Text("ä\";\"}"));
  ExpectRead("s:2:\"\xff\xfe\";", Bytes("\xff\xfe"));
  ExpectRead(std::string("s:3:\"a\0b\";", 10), Bytes(std::string("a\0b", 3)));
}

TEST(ReadPhpTest, TellsListsFromMaps) {
  ExpectRead("a:0:{}", List({}));
  ExpectRead("a:2:{i:0;s:1:\"a\";i:1;a:1:{i:0;N;}}", List({Text("a"), List({Null()})}));
  ExpectRead("a:2:{i:1;i:5;i:0;i:6;}", Map({{"1", Int(5)}, {"0", Int(6)}}));
  ExpectRead("a:3:{i:0;i:5;i:1;i:6;s:1:\"x\";i:7;}", Map({{"0", Int(5)}, {"1", Int(6)}, {"x", Int(7)}}));
  ExpectRead("a:1:{i:-3;b:1;}", Map({{"-3", Bool(true)}}));
  ExpectRead("a:2:{s:1:\"x\";i:1;s:1:\"x\";i:2;}", Map({{"x", Int(2)}}));
  ExpectRead("a:3:{i:0;i:1;i:1;i:2;i:0;i:3;}", List({Int(3), Int(2)}));
}

TEST(ReadPhpTest, RefusesObjectsByName) {
  for (const std::string object : {"O:8:\"stdClass\":0:{}", "C:1:\"A\":0:{}", "E:3:\"A:B\";", "r:1;", "R:2;",
                                   "a:1:{i:0;O:1:\"A\":0:{}}"}) {
    EXPECT_THAT(ReadPhp(object), StatusIs(kInvalid, StartsWith("HAS_OBJECTS: got an object or a reference")))
        << object;
  }
  EXPECT_THAT(ReadPhp("O:9:\"stdClass\":0:{}"), StatusIs(kInvalid, StartsWith("NOT_ENCODED:")));
  EXPECT_THAT(ReadPhp("R:x;"), StatusIs(kInvalid, StartsWith("NOT_ENCODED:")));
}

TEST(ReadPhpTest, RefusesWhatPhpDidNotWrite) {
  for (const std::string text : {"",
                                 "N",
                                 "hello",
                                 "b:2;",
                                 "b:1",
                                 "i:;",
                                 "i:1",
                                 "i:1x;",
                                 "a:1:{i:s:1:\"n\";N;}",
                                 "i:9223372036854775808;",
                                 "d:;",
                                 "d:0x1p3;",
                                 "d:1e;",
                                 "s:5:\"abc\";",
                                 "s:2:\"abc\";",
                                 "s:3:\"abc\"",
                                 "s:-1:\"\";",
                                 "s:99999999999999999999:\"\";",
                                 "a:1:{}",
                                 "a:1:{i:0;N;",
                                 "a:0:{i:0;N;}",
                                 "a:1:{N;N;}",
                                 "a:1:{d:1;N;}",
                                 "a:1:{s:1:\"\xff\";N;}",
                                 "a:9999999:{i:0;N;}",
                                 "N;N;",
                                 "i: 1;",
                                 " N;",
                                 "{}",
                                 "S:1:\"a\";",
                                 "a:-1:{}"}) {
    EXPECT_THAT(ReadPhp(text), StatusIs(kInvalid, StartsWith("NOT_ENCODED: got "))) << text;
    EXPECT_THAT(
        RewritePhpStrings(text, [](absl::string_view string, bool) { return std::string(string); }).ok(),
        text == "a:1:{s:1:\"\xff\";N;}")
        << text;
  }
  EXPECT_THAT(ReadPhp("a:1:{i:0;s:4:\"abc\";}"),
              StatusIs(kInvalid, HasSubstr("at byte 9, want a string as long")));
}

TEST(ReadPhpTest, BoundsDepthAndNumberOfValues) {
  const auto nested = [](int depth) {
    std::string serialized = "N;";
    for (int i = 0; i < depth; ++i) serialized = absl::StrCat("a:1:{i:0;", serialized, "}");
    return serialized;
  };
  EXPECT_EQ(NestingOf(ValueOrDie(ReadPhp(nested(64)))), 64);
  EXPECT_THAT(ReadPhp(nested(65)),
              StatusIs(kInvalid, StartsWith("NOT_ENCODED: got arrays nested deeper than 64")));
  EXPECT_THAT(RewritePhpStrings(nested(65), [](absl::string_view text, bool) { return std::string(text); }),
              StatusIs(kInvalid));
  std::string many = absl::StrCat("a:", kMaxValues + 1, ":{");
  for (int i = 0; i <= kMaxValues; ++i) many += "i:0;N;";
  EXPECT_THAT(ReadPhp(many + "}"), StatusIs(kInvalid, HasSubstr("more than 1000000 values")));
}

TEST(WritePhpTest, WritesLengthsInBytes) {
  ExpectWritten(Text("é"), "s:2:\"é\";");
  ExpectWritten(List({Int(1), Null(), Bool(true), Double(0.5)}), "a:4:{i:0;i:1;i:1;N;i:2;b:1;i:3;d:0.5;}");
  ExpectWritten(Map({}), "a:0:{}");
}

TEST(WritePhpTest, WritesNamesAsPhpWouldKeepThem) {
  ExpectWritten(Map({{"5", Null()}, {"-5", Null()}, {"0", Null()}}), "a:3:{i:5;N;i:-5;N;i:0;N;}");
  ExpectWritten(
      Map({{"05", Null()}, {"-0", Null()}, {"", Null()}, {"1.5", Null()}, {"+5", Null()}, {" 5", Null()}}),
      "a:6:{s:2:\"05\";N;s:2:\"-0\";N;s:0:\"\";N;s:3:\"1.5\";N;s:2:\"+5\";N;s:2:\" 5\";N;}");
  ExpectWritten(Map({{"9223372036854775807", Null()}, {"9223372036854775808", Null()}}),
                "a:2:{i:9223372036854775807;N;s:19:\"9223372036854775808\";N;}");
}

TEST(WritePhpTest, WritesWhatPhpHasNotAsText) {
  ExpectWritten(Decimal("12.50"), "s:5:\"12.50\";");
  ExpectWritten(value::Date("2026-02-28"), "s:10:\"2026-02-28\";");
  ExpectWritten(value::TimestampMicros(1'772'282'096'500'000), "s:22:\"2026-02-28T12:34:56.5Z\";");
  ExpectWritten(Bytes("\xff"), "s:1:\"\xff\";");
  v1::Value reference;
  reference.mutable_reference_value();
  ExpectWritten(reference, "N;");
  reference.mutable_reference_value()->set_local_id("7");
  ExpectWritten(reference, "s:1:\"7\";");
  EXPECT_THAT(WritePhp(v1::Value()), StatusIs(kInvalid, HasSubstr("a value without a kind")));
  v1::Value deep;
  for (int i = 0; i < 65; ++i) {
    v1::Value outer = List({deep.kind_case() == v1::Value::KIND_NOT_SET ? Null() : deep});
    deep.Swap(&outer);
  }
  EXPECT_THAT(WritePhp(deep), StatusIs(kInvalid, HasSubstr("nested deeper than 64")));
}

TEST(LooksLikePhpTest, KnowsWhatPhpWrites) {
  for (const std::string text :
       {"N;", "b:0;", "i:-5;", "d:0.5;", "d:1.0E-7;", "s:5:\"hello\";", "s:0:\"\";", "a:0:{}", "a:1:{i:0;N;}",
        "O:8:\"stdClass\":0:{}", "C:1:\"A\":0:{}", "E:3:\"A:B\";"}) {
    EXPECT_TRUE(LooksLikePhp(text)) << text;
  }
}

TEST(LooksLikePhpTest, TakesNoWordForIt) {
  for (const std::string text : {"",
                                 "N",
                                 "n;",
                                 "hello",
                                 "a",
                                 "a:",
                                 "a:b",
                                 "i:x;",
                                 "i:-;",
                                 "d:;",
                                 "d:x;",
                                 "s:5:hello;",
                                 "s:4:\"hello\";",
                                 "s:9:\"hello\";",
                                 "a:1:x}",
                                 "a: 1:{}",
                                 "b:2;",
                                 "http://a",
                                 "O:x:{}",
                                 "a:1:{",
                                 "{\"a\":1}",
                                 "R:1;",
                                 "s:1:\";",
                                 "i:1",
                                 "note: see a:1:{i:0;N;}"}) {
    EXPECT_FALSE(LooksLikePhp(text)) << text;
  }
}

TEST(PhpSpeedTest, ReadsWritesAndRewritesLargeTexts) {
  v1::Value value;
  for (int i = 0; i < 40'000; ++i) {
    *value.mutable_list_value()->add_values() =
        Map({{"id", Int(i)},
             {"url", Text("https://example.org/wp-content/uploads/2026/02/photo.jpg")},
             {"width", Double(0.5)}});
  }
  const auto start = std::chrono::steady_clock::now();
  const std::string serialized = ValueOrDie(WritePhp(value));
  const auto written = std::chrono::steady_clock::now();
  EXPECT_TRUE(ReadPhp(serialized).ok());
  const auto read = std::chrono::steady_clock::now();
  EXPECT_THAT(RewritePhpStrings(serialized, [](absl::string_view text, bool) { return std::string(text); }),
              IsOkAndHolds(serialized));
  const auto rewritten = std::chrono::steady_clock::now();
  const auto speed = [&](auto duration) {
    return static_cast<double>(serialized.size()) / (1 << 20) /
           std::chrono::duration<double>(duration).count();
  };
  std::printf(
      "figure codec.php read_mebibytes_per_second=%.0f write_mebibytes_per_second=%.0f "
      "rewrite_mebibytes_per_second=%.0f\n",
      speed(read - written), speed(written - start), speed(rewritten - read));
}

}  // namespace
}  // namespace cognate::codec
