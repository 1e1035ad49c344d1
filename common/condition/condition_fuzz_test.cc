#include <limits>
#include <string>
#include <vector>

#include "common/condition/test_model.h"
#include "gtest/gtest.h"
#include "tests/support/environment.h"
#include "tests/support/fuzz.h"

namespace cognate::condition {
namespace {

const std::vector<std::string>& Corpus() {
  static const std::vector<std::string> kCorpus = {
      "status = \"published\" and (price >= 10.5 or featured) and not (old.status in (\"draft\", \"trash\"))",
      "length(trim(lower(title))) > -9223372036854775809 or upper(`first name`) starts with 'Ä\\u{1F30D}'",
      "created_at >= time \"2026-02-28T13:45:00Z\" and birthday not in (date \"2026-02-28\", '2025-01-01', "
      "null)",
      "assigned(\"shop\") != featured and old.tags contains \"a\\\\\\n\" or any contains 3.0e10 or tags = "
      "old.tags",
      "title matches \"^(a|b)*[^x-z]{2,5}$\" and meta is not null and price is not listed",
      "((((not not ((any <= other)))))) or id = \"{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}\" or any = true",
      "any ends with other and any < 1e-5 and other in (1, 1.0, 'x', true, null, -1e999999) and cover = "
      "old.cover",
      "`a``b` = '' and rating = 0.1 and title contains email and stock in (1,2,3)and(featured)"};
  return kCorpus;
}

// Values as no honest platform sends them.
std::vector<v1::Value> HostileValues() {
  v1::Value deep = value::Int(1);
  for (int i = 0; i < 64; ++i)
    deep = value::List(
        {deep, value::Map({{"a", deep.kind_case() == v1::Value::kInt64Value ? deep : value::Null()}})});
  v1::Value time;
  time.mutable_timestamp_value()->set_seconds(std::numeric_limits<int64_t>::max());
  time.mutable_timestamp_value()->set_nanos(std::numeric_limits<int32_t>::min());
  v1::Value omitted;
  omitted.mutable_omitted_value()->set_size_bytes(-1);
  v1::Value reference;
  reference.mutable_reference_value()->set_local_id("7");
  return {value::Null(),
          v1::Value(),
          value::Text("published"),
          value::Text("\xff\xfe (\x80"),
          value::Text(std::string(300, 'a')),
          value::Int(std::numeric_limits<int64_t>::min()),
          value::Double(std::numeric_limits<double>::denorm_min()),
          value::Double(-std::numeric_limits<double>::quiet_NaN()),
          value::Double(-std::numeric_limits<double>::infinity()),
          value::Decimal("no number"),
          value::Decimal(""),
          value::Decimal("-1e999999999"),
          value::Decimal("-.e"),
          value::Decimal(std::string(200, '0') + "." + std::string(200, '0') + "1"),
          value::Bool(true),
          value::Bytes("\x01"),
          value::Date("x"),
          value::List({value::Text("a"), value::Null(), value::Double(3e10)}),
          deep,
          time,
          omitted,
          reference};
}

TEST(ConditionFuzzTest, SurvivesHostileTextsAndValues) {
  const Names names = ModelOfTests::AllNames();
  const std::vector<v1::Value> values = HostileValues();
  std::vector<const v1::Value*> slots(ModelOfTests::Entries().size());
  std::vector<const v1::Value*> old_slots(slots.size() / 2);
  const std::vector<std::string> assigned = {"shop"};
  std::mt19937_64 random(test_support::TestSeed());
  int64_t parsed = 0;
  test_support::Fuzz("condition", Corpus(), [&](absl::string_view text) {
    const absl::StatusOr<Condition> condition = Condition::Parse(text, names);
    if (!condition.ok()) {
      ASSERT_EQ(condition.status().code(), absl::StatusCode::kInvalidArgument);
      ASSERT_EQ(condition.status().message().substr(0, 7), "column ");
      return;
    }
    ++parsed;
    for (auto& slot : slots) slot = random() % 8 == 0 ? nullptr : &values[random() % values.size()];
    for (auto& slot : old_slots) slot = &values[random() % values.size()];
    const Subject subject{slots, old_slots, assigned};
    const bool holds = condition->Matches(subject);
    const std::string explanation = condition->Explain(subject);
    ASSERT_FALSE(explanation.empty());
    ASSERT_LT(explanation.size(), 16u << 10);
    ASSERT_EQ(Condition::Parse(condition->text(), names)->Matches(subject), holds);
  });
  EXPECT_GT(parsed, 0);
}

}  // namespace
}  // namespace cognate::condition
