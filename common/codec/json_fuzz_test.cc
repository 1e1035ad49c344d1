// The path parser and the JSON reader together: a path of one half of the input is asked of a value of the
// other.
#include <string>
#include <vector>

#include "common/codec/json.h"
#include "common/codec/nesting.h"
#include "common/codec/value_path.h"
#include "common/value/value.h"
#include "gtest/gtest.h"
#include "tests/support/fuzz.h"

namespace cognate::codec {
namespace {

const std::vector<std::string>& Corpus() {
  static const std::vector<std::string> kCorpus = {
      R"(a.b[0]["odd name"]|{"a":{"b":[{"odd name":1.50}]}})",
      R"(l[*].id|{"l":[{"id":1},{"id":-9223372036854775808},{"id":1e400}]})",
      R"(m.*.x|{"m":{"p":{"x":"\ud83d\ude00\u00e4\n"},"q":null,"r":[true,false]}})",
      R"(['x'][-]|{"x":["é\\\"\/",0.1,-0,12345678901234567890]})",
      R"(*[12]|[[[[[[[[[[]]]]]]]]]])",
      "$@:/_-.0|{\"$@:/_-\":{\"0\":0}}",
  };
  return kCorpus;
}

TEST(JsonFuzzTest, SurvivesHostileTextsAndPaths) {
  int read = 0;
  test_support::Fuzz("json_path", Corpus(), [&](absl::string_view input) {
    const size_t bar = std::min(input.find('|'), input.size());
    const absl::StatusOr<ValuePath> path = ValuePath::Parse(input.substr(0, bar));
    absl::StatusOr<v1::Value> value = ReadJson(input.substr(std::min(bar + 1, input.size())));
    if (value.ok()) {
      ++read;
      const absl::StatusOr<v1::Value> again = ReadJson(WriteJson(*value));
      ASSERT_TRUE(again.ok()) << again.status();
      ASSERT_TRUE(value::Equal(*again, *value)) << input;
      ASSERT_LE(NestingOf(*value), kMaxNesting);
    }
    if (!path.ok() || !value.ok()) return;
    path->Get(*value);
    const v1::Value before = *value;
    if (path->Set(&*value, value::Text("new")).ok()) {
      if (!path->appends()) {
        ASSERT_EQ(path->Get(*value)->text_value(), "new") << input;
      }
    } else {
      ASSERT_TRUE(value::Equal(*value, before)) << input;
    }
    ASSERT_TRUE(
        path->ForEach(&*value, [](v1::Value* found) { return found->clear_kind(), absl::OkStatus(); }).ok());
  });
  EXPECT_GT(read, 0);
}

}  // namespace
}  // namespace cognate::codec
