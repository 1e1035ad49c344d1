// Random chains over random records: whatever they do, no record breaks what the chain says beforehand of its
// fields, and none breaks the process.
#include <cstdio>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/transform/test_record.h"
#include "common/value/convert.h"
#include "common/value/parse.h"
#include "gtest/gtest.h"
#include "tests/support/environment.h"
#include "tests/support/proto_matchers.h"

namespace cognate::transform {
namespace {

using ::cognate::test_support::ParseProto;

class Maker {
 public:
  explicit Maker(uint64_t seed) : random_(seed) {}

  std::mt19937_64& random() { return random_; }
  int Number(int below) { return std::uniform_int_distribution<int>(0, below - 1)(random_); }
  template <typename Items>
  auto OneOf(const Items& items) {
    return *(std::begin(items) + Number(static_cast<int>(std::size(items))));
  }
  std::string Name() {
    static constexpr const char* kNames[] = {"text", "json", "int",   "bool", "decimal", "time", "date",
                                             "list", "any",  "local", "new1", "new2",    "new3"};
    return OneOf(kNames);
  }
  std::string Text() {
    static constexpr const char* kTexts[] = {"",
                                             "a",
                                             "A b,c",
                                             "12",
                                             "-1.50",
                                             "wp_x",
                                             "true",
                                             "2026-02-28",
                                             "2026-02-28 12:00:00",
                                             "28.02.2026",
                                             "[1,\"x\",{\"k\":[]}]",
                                             "{\"k\":1}",
                                             "a:1:{s:1:\"k\";i:5;}",
                                             "http://a.org/x",
                                             "<p>Åse &amp; Bo</p>",
                                             "日本 ﬃ"};
    return OneOf(kTexts);
  }
  v1::Value Value(int kind) {
    switch (kind) {
      case 0:
      case 1:
        return value::Text(Text());
      case 2:
        return value::Int(Number(5) - 2);
      case 3:
        return value::Bool(Number(2) == 0);
      case 4:
        return value::Decimal(OneOf(kDecimals));
      case 5:
      case 9:
        return value::TimestampMicros(int64_t{1'000} * Number(2'000'000'000));
      case 6:
        return value::Date("2026-03-29");
      case 7:
        return value::List({value::Text(Text()), value::Null(), value::Text("x")});
      default:
        return Number(3) == 0
                   ? value::Map({{"k", value::Text(Text())}, {"wp_l", value::List({value::Int(1)})}})
                   : Value(Number(8));
    }
  }
  v1::Transform Step() {
    static constexpr const char* kSteps[] = {
        "rename { field: '$' into: '$' }",
        "copy { field: '$' into: '$' }",
        "drop { fields: '$' }",
        "constant { into: '$' value { text_value: 'x' } }",
        "constant { into: '$' value { null_value: NULL_VALUE } }",
        "default { field: '$' value { text_value: 'none' } also_empty: true }",
        "default { field: '$' value { int64_value: 1 } }",
        "coalesce { fields: '$' fields: '$' into: '$' }",
        "concat { fields: '$' fields: '$' separator: ',' into: '$' }",
        "split { field: '$' separator: ',' into: '$' }",
        "split { field: '$' separator: ' ' into: '$' into: '$' }",
        "template { template: '{$}-{$}' into: '$' }",
        "change_case { field: '$' letter_case: LETTER_CASE_UPPER }",
        "trim { field: '$' into: '$' }",
        "truncate { field: '$' max_characters: 3 ellipsis: '…' }",
        "slug { field: '$' into: '$' max_characters: 5 }",
        "transliterate { field: '$' }",
        "strip_tags { field: '$' into: '$' }",
        "mask { field: '$' keep_first: 1 }",
        "hash { field: '$' into: '$' }",
        "look_up { field: '$' into: '$' entries { from { int64_value: 0 } to { text_value: 'no' } } fallback "
        "{ bool_value: true } }",
        "look_up { field: '$' entries { from { text_value: 'a' } to { null_value: NULL_VALUE } } pass: true "
        "}",
        "truthy { fields: '$' fields: '$' into: '$' }",
        "to_integer { field: '$' rounding: ROUNDING_HALF_EVEN }",
        "to_decimal { field: '$' into: '$' scale: 1 rounding: ROUNDING_DOWN }",
        "change_time { field: '$' into: '$' from { timestamp: true time_zone: 'Europe/Berlin' } to { "
        "unix_seconds: true } }",
        "change_time { field: '$' into: '$' from { unix_seconds: true } to { format: '%d.%m.%Y' time_zone: "
        "'Asia/Tokyo' } }",
        "change_time { field: '$' into: '$' from { format: '%d.%m.%Y' } to { date: true } }",
        "change_time { field: '$' into: '$' from { date: true } to { timestamp: true } }",
        "get_path { field: '$' path: 'k' into: '$' }",
        "set_path { field: '$' path: 'k' value_field: '$' }",
        "set_path { field: '$' path: '[-]' value_field: '$' }",
        "decode { field: '$' encoding: ENCODING_JSON }",
        "decode { field: '$' into: '$' encoding: ENCODING_PHP }",
        "decode { field: '$' encoding: ENCODING_COMMA_LIST }",
        "encode { field: '$' encoding: ENCODING_JSON }",
        "encode { field: '$' into: '$' encoding: ENCODING_PHP }",
        "encode { field: '$' encoding: ENCODING_COMMA_LIST }",
        "rewrite_prefix { field: '$' from: 'wp_' to: 'site2_' }",
        "rewrite_urls { field: '$' rewrites { from: 'a.org' to: 'https://b.net/y' } }",
        "reference { field: '$' into: '$' source_model: 'users' }",
        "reference { field: '$' path: 'k' source_model: 'users' }",
        "status_from_deleted { field: '$' into: '$' alive { int64_value: 1 } deleted { text_value: 'gone' } "
        "}"};
    std::string text;
    for (const char* at = OneOf(kSteps); *at != '\0'; ++at) {
      if (*at == '$') {
        text += Name();
      } else {
        text += *at;
      }
    }
    if (Number(6) == 0) absl::StrAppend(&text, " when: 'int > 0 or text = \"a\"'");
    return ParseProto<v1::Transform>(text);
  }

 private:
  static constexpr const char* kDecimals[] = {"0", "1.50", "-2.25", "1e3"};
  std::mt19937_64 random_;
};

const v1::Model kModel = ParseProto<v1::Model>(R"pb(
  fields { name: "text" type: FIELD_TYPE_TEXT nullable: true max_length: 40 }
  fields { name: "json" type: FIELD_TYPE_JSON nullable: true }
  fields { name: "int" type: FIELD_TYPE_INTEGER nullable: true }
  fields { name: "bool" type: FIELD_TYPE_BOOL }
  fields { name: "decimal" type: FIELD_TYPE_DECIMAL nullable: true }
  fields { name: "time" type: FIELD_TYPE_TIMESTAMP nullable: true }
  fields { name: "date" type: FIELD_TYPE_DATE }
  fields { name: "list" type: FIELD_TYPE_LIST element_type: FIELD_TYPE_TEXT nullable: true }
  fields { name: "any" nullable: true }
  fields { name: "local" type: FIELD_TYPE_LOCAL_TIMESTAMP nullable: true }
)pb");

v1::Fields Record(Maker& maker, bool is_whole) {
  v1::Fields record;
  for (int i = 0; i < kModel.fields_size(); ++i) {
    if (!is_whole && maker.Number(4) == 0) continue;
    v1::Field* const field = record.add_fields();
    field->set_name(kModel.fields(i).name());
    const bool is_null = kModel.fields(i).nullable() && maker.Number(5) == 0;
    *field->mutable_value() = is_null ? value::Null() : maker.Value(i);
  }
  return record;
}

// What is wrong with a value by what is known of its field; empty if it keeps to it. Where a record does not
// list all its fields, a step may have nothing to write but NULL.
std::string Breach(const v1::Value& value, const v1::ModelField& field, bool may_hold_references,
                   bool is_whole) {
  if (value::IsNull(value)) return field.nullable() || !is_whole ? "" : "NULL where there is none";
  if (may_hold_references) return "";
  if (value.has_reference_value()) return "a reference where there is none";
  const std::optional<v1::OutcomeError> error = value::CheckType(value, field);
  if (error.has_value()) return error->message();
  if (field.max_length() > 0 && value.has_text_value() &&
      value::CharacterCount(value.text_value()).value_or(0) > static_cast<size_t>(field.max_length())) {
    return absl::StrCat("more than ", field.max_length(), " characters");
  }
  return "";
}

TEST(TypesPropertyTest, RecordsKeepToWhatIsKnownOfTheirFields) {
  const uint64_t seed = test_support::TestSeed();
  SCOPED_TRACE(absl::StrCat("COGNATE_TEST_SEED=", seed));
  constexpr int kChains = 4'000;
  int runs = 0, stopped = 0, values = 0;
  Maker maker(seed);
  for (int i = 0; i < kChains && !::testing::Test::HasFailure(); ++i) {
    // Steps that cannot be at their place are left out.
    Transforms steps;
    std::vector<FieldViolation> violations;
    Chain chain;
    const std::vector<v1::ModelField> fields(kModel.fields().begin(), kModel.fields().end());
    for (int left = 12; left > 0; --left) {
      *steps.Add() = maker.Step();
      violations.clear();
      Chain longer = Chain::Compile(steps, fields, &violations);
      if (violations.empty()) {
        chain = std::move(longer);
      } else {
        steps.RemoveLast();
      }
    }
    if (chain.empty()) continue;
    for (int round = 0; round < 5; ++round, ++runs) {
      const bool is_whole = maker.Number(2) == 0;
      const v1::Fields record = Record(maker, is_whole);
      TestRecord test(chain, kModel, record);
      if (chain.Run(test.record(), test.context()).has_value()) {
        ++stopped;
        continue;
      }
      const v1::Fields after = test.After(chain);
      for (const v1::Field& field : after.fields()) {
        ++values;
        const std::string breach = Breach(field.value(), *chain.FieldAfter(field.name()),
                                          chain.HoldsReferencesAfter(field.name()), is_whole);
        EXPECT_EQ(breach, "") << field.name() << " of " << record.ShortDebugString() << "\n"
                              << absl::StrJoin(steps, "\n", [](std::string* out, const v1::Transform& step) {
                                   absl::StrAppend(out, step.ShortDebugString());
                                 });
      }
    }
  }
  std::printf("figure transform.types seed=%llu runs=%d stopped=%d values=%d breaches=0\n",
              static_cast<unsigned long long>(seed), runs, stopped, values);
}

}  // namespace
}  // namespace cognate::transform
