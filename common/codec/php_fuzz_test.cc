#include <string>
#include <vector>

#include "common/codec/php.h"
#include "common/value/value.h"
#include "gtest/gtest.h"
#include "tests/support/fuzz.h"

namespace cognate::codec {
namespace {

const std::vector<std::string>& Corpus() {
  static const std::vector<std::string> kCorpus = {
      "a:3:{i:0;s:5:\"hello\";i:1;d:1.0E+25;i:2;b:1;}",
      "a:2:{s:4:\"name\";s:2:\"é\";s:1:\"5\";N;}",
      "a:1:{s:4:\"wrap\";s:20:\"a:1:{i:0;s:1:\"x\";}  \";}",
      "O:8:\"stdClass\":2:{s:1:\"a\";i:-5;s:4:\"\x01*\x01z\";r:1;}",
      "C:11:\"ArrayObject\":21:{x:i:0;a:0:{};m:a:0:{}}",
      "a:1:{i:0;a:1:{i:0;a:1:{i:0;a:1:{i:0;a:0:{}}}}}",
      "s:26:\"a:1:{i:0;s:9:\"s:2:\"xy\";\";}\";",
      "d:-INF;",
      "d:0.1;",
      "i:9223372036854775807;",
      "N;",
      "b:0;",
      "i:+5;",
      "E:3:\"A:B\";",
      "a:1:{i:s:4:\"name\";N;}",
  };
  return kCorpus;
}

TEST(PhpFuzzTest, SurvivesHostileTexts) {
  int read = 0;
  test_support::Fuzz("php_serialize", Corpus(), [&](absl::string_view serialized) {
    const absl::StatusOr<v1::Value> value = ReadPhp(serialized);
    const absl::StatusOr<std::string> kept =
        RewritePhpStrings(serialized, [](absl::string_view text, bool) { return std::string(text); });
    if (kept.ok()) {
      ASSERT_EQ(*kept, serialized);
    }
    const absl::StatusOr<std::string> longer =
        RewritePhpStrings(serialized, [](absl::string_view text, bool) { return std::string(text) + "é"; });
    ASSERT_EQ(longer.ok(), kept.ok());
    if (!value.ok()) return;
    ++read;
    ASSERT_TRUE(kept.ok()) << serialized;
    ASSERT_TRUE(LooksLikePhp(serialized)) << serialized;
    ASSERT_TRUE(ReadPhp(*longer).ok()) << *longer;
    const absl::StatusOr<std::string> written = WritePhp(*value);
    ASSERT_TRUE(written.ok());
    const absl::StatusOr<v1::Value> again = ReadPhp(*written);
    ASSERT_TRUE(again.ok()) << *written;
    ASSERT_TRUE(value::Equal(*again, *value)) << serialized;
  });
  EXPECT_GT(read, 0);
}

}  // namespace
}  // namespace cognate::codec
