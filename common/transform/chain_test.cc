#include "common/transform/chain.h"

#include <chrono>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "common/transform/test_record.h"
#include "common/transform/typical_chain.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/proto_matchers.h"

namespace cognate::transform {
namespace {

using ::cognate::test_support::EqualsProto;
using ::cognate::test_support::ParseProto;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Transforms Steps(std::initializer_list<std::string> texts) {
  Transforms steps;
  for (const std::string& text : texts) *steps.Add() = ParseProto<v1::Transform>(text);
  return steps;
}

Chain CompileGood(const Transforms& steps, const v1::Model& model) {
  std::vector<FieldViolation> violations;
  Chain chain = Chain::Compile(
      steps, std::vector<v1::ModelField>(model.fields().begin(), model.fields().end()), &violations);
  for (const FieldViolation& violation : violations)
    ADD_FAILURE() << violation.field << ": " << violation.description;
  return chain;
}

const v1::Model kModel = ParseProto<v1::Model>(R"pb(
  fields { name: "id" type: FIELD_TYPE_INTEGER }
  fields { name: "title" type: FIELD_TYPE_TEXT max_length: 80 }
  fields { name: "body" type: FIELD_TYPE_TEXT nullable: true }
)pb");

TEST(ChainTest, AnEmptyChainLetsTheRecordThroughAsItIs) {
  const Chain none;
  EXPECT_TRUE(none.empty());
  const Chain chain = CompileGood({}, kModel);
  EXPECT_TRUE(chain.empty());
  EXPECT_EQ(chain.slots(), 3U);
  const v1::Fields fields = value::Fields({{"id", value::Int(1)}, {"title", value::Text("a")}});
  TestRecord test(chain, kModel, fields);
  EXPECT_FALSE(chain.Run(test.record(), test.context()).has_value());
  EXPECT_THAT(test.After(chain), EqualsProto(fields));
}

TEST(ChainTest, TellsTheFieldsThatItReadsAndThoseItLeaves) {
  const Chain chain = CompileGood(Steps({"rename { field: 'title' into: 'name' }", "drop { fields: 'body' }",
                                         "copy { field: 'name' into: 'label' }"}),
                                  kModel);
  EXPECT_THAT(chain.reads(), ElementsAre("title"));
  EXPECT_EQ(chain.FieldAfter("title"), nullptr);
  EXPECT_EQ(chain.SlotAfter("body"), -1);
  ASSERT_NE(chain.FieldAfter("label"), nullptr);
  EXPECT_EQ(chain.FieldAfter("label")->max_length(), 80);
  EXPECT_EQ(chain.FieldsAfter().size(), 3U);
}

TEST(ChainTest, AConditionIsReadByItsFieldsAndByThoseOfBefore) {
  const Chain chain = CompileGood(Steps({"when: \"old.title = 'a'\" drop { fields: 'body' }"}), kModel);
  EXPECT_THAT(chain.reads(), ElementsAre("title"));
  const v1::Fields fields = value::Fields({{"title", value::Text("b")}, {"body", value::Text("c")}});
  const v1::Fields before = value::Fields({{"title", value::Text("a")}});
  TestRecord test(chain, kModel, fields);
  TestRecord old(chain, kModel, before);
  Context context = test.context();
  context.old_source = old.context().source;
  ASSERT_FALSE(chain.Run(test.record(), context).has_value());
  EXPECT_THAT(test.After(chain), EqualsProto(value::Fields({{"title", value::Text("b")}})));
  EXPECT_EQ(context.source[2]->text_value(), "c") << "the source's record is never changed";
}

TEST(ChainTest, WhatAConditionMayLeaveOutMayBeMissingFromWhatIsMadeOfIt) {
  const Chain chain = CompileGood(Steps({"copy { field: 'title' into: 'new' } when: 'id > 0'",
                                         "truthy { fields: 'new' fields: 'body' into: 'unsure' }",
                                         "rename { field: 'new' into: 'renamed' }",
                                         "truthy { fields: 'renamed' fields: 'id' into: 'unsure_too' }",
                                         "truthy { fields: 'body' fields: 'id' into: 'sure' }"}),
                                  kModel);
  EXPECT_TRUE(chain.FieldAfter("unsure")->nullable());
  EXPECT_TRUE(chain.FieldAfter("unsure_too")->nullable());
  EXPECT_FALSE(chain.FieldAfter("sure")->nullable()) << "NULL is false";
}

TEST(ChainTest, SaysAllThatIsWrongAtOnce) {
  std::vector<FieldViolation> violations;
  Chain::Compile(Steps({"trim { field: 'titel' }", "", "truncate { field: 'id' }",
                        "when: 'nope' drop { fields: 'id' }"}),
                 std::vector<v1::ModelField>(kModel.fields().begin(), kModel.fields().end()), &violations);
  ASSERT_EQ(violations.size(), 5U);
  EXPECT_EQ(violations[0].field, "transforms[0].trim.field");
  EXPECT_EQ(violations[0].description,
            "got \"titel\", want a field of the record at this step: id, title, body");
  EXPECT_EQ(violations[1].field, "transforms[1]");
  EXPECT_EQ(violations[2].field, "transforms[2].truncate.max_characters");
  EXPECT_EQ(violations[3].field, "transforms[2].truncate.field");
  EXPECT_EQ(violations[4].field, "transforms[3].when");
}

TEST(ChainTest, IsLimitedInItsLengthAndItsTables) {
  std::vector<FieldViolation> violations;
  Transforms steps;
  for (int i = 0; i < 201; ++i) *steps.Add() = ParseProto<v1::Transform>("trim { field: 'title' }");
  Chain::Compile(steps, std::vector<v1::ModelField>(kModel.fields().begin(), kModel.fields().end()),
                 &violations);
  ASSERT_EQ(violations.size(), 1U);
  EXPECT_EQ(violations[0].description, "got 201 steps, want at most 200");
  violations.clear();
  Transforms table = Steps({"look_up { field: 'id' }"});
  for (int i = 0; i < 10'001; ++i) {
    v1::LookUpEntry* const entry = table[0].mutable_look_up()->add_entries();
    *entry->mutable_from() = *entry->mutable_to() = value::Int(i);
  }
  Chain::Compile(table, std::vector<v1::ModelField>(kModel.fields().begin(), kModel.fields().end()),
                 &violations);
  ASSERT_EQ(violations.size(), 1U);
  EXPECT_EQ(violations[0].description, "got 10001, want at most 10000");
}

TEST(ChainTest, RefusesWhatWasLeftOutOnlyWhereAStepReadsIt) {
  v1::Fields fields = value::Fields({{"title", value::Text("a")}, {"body", v1::Value()}});
  fields.mutable_fields(1)->mutable_value()->mutable_omitted_value()->set_size_bytes(9'000'000);
  const Chain other = CompileGood(Steps({"trim { field: 'title' }"}), kModel);
  TestRecord first(other, kModel, fields);
  EXPECT_FALSE(other.Run(first.record(), first.context()).has_value());
  for (const char* step :
       {"trim { field: 'body' }", "template { template: '{body}' into: 'x' }",
        "split { field: 'body' separator: ',' "
        "into: 'x' into: 'y' }",
        "coalesce { fields: 'body' into: 'x' }", "truthy { fields: 'body' }",
        "set_path { field: 'x' path: 'y' value_field: 'body' }",
        "decode { field: 'body' encoding: ENCODING_JSON }",
        "script { source: 'record.title = record.body' writes { field: 'title' kind: 'text' } }"}) {
    const Chain chain = CompileGood(Steps({step}), kModel);
    TestRecord test(chain, kModel, fields);
    const std::optional<Stop> stop = chain.Run(test.record(), test.context());
    ASSERT_TRUE(stop.has_value()) << step;
    EXPECT_EQ(stop->error.reason(), "VALUE_TOO_LARGE") << step;
    EXPECT_EQ(stop->error.field(), "body") << step;
  }
}

TEST(ChainTest, RefusesWhatBecomesTooLarge) {
  const v1::Fields fields = value::Fields(
      {{"title", value::Text(std::string(3 << 20, ','))}, {"body", value::Text(std::string(3 << 20, 'b'))}});
  for (const char* step : {"template { template: '{body}{body}{body}' into: 'x' }",
                           "concat { fields: 'body' fields: 'body' fields: 'body' into: 'x' }",
                           "split { field: 'title' separator: ',' into: 'x' }",
                           "decode { field: 'title' encoding: ENCODING_COMMA_LIST }",
                           "mask { field: 'body' character: '\\342\\200\\242' }"}) {
    const Chain chain = CompileGood(Steps({step}), kModel);
    TestRecord test(chain, kModel, fields);
    const std::optional<Stop> stop = chain.Run(test.record(), test.context());
    ASSERT_TRUE(stop.has_value()) << step;
    EXPECT_EQ(stop->error.reason(), "VALUE_TOO_LARGE") << step;
    EXPECT_THAT(stop->error.message(), HasSubstr("transforms[0] (")) << step;
  }
}

TEST(ChainTest, TellsEachStep) {
  const Chain chain = CompileGood(
      Steps({"when: \"title = 'x'\" drop { fields: 'body' }", "template { template: '{id}' into: 'key' }"}),
      kModel);
  const v1::Fields fields = value::Fields({{"id", value::Int(7)}, {"title", value::Text("y")}});
  TestRecord test(chain, kModel, fields);
  std::vector<StepTrace> trace;
  ASSERT_FALSE(chain.RunTraced(test.record(), test.context(), &trace).has_value());
  ASSERT_EQ(trace.size(), 2U);
  EXPECT_TRUE(trace[0].is_passed);
  EXPECT_EQ(trace[0].word, "drop");
  EXPECT_THAT(trace[0].because, HasSubstr("title"));
  EXPECT_THAT(trace[1].before, EqualsProto(value::Fields({{"id", value::Int(7)}})));
  EXPECT_THAT(trace[1].after, EqualsProto(value::Fields({{"key", value::Text("7")}})));
}

TEST(ChainTest, TakesAFewMicroseconds) {
  const TypicalChain typical;
  constexpr int kRounds = 20'000;
  for (int i = 0; i < kRounds / 10; ++i) ASSERT_TRUE(typical.RunOnce());
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kRounds; ++i) ASSERT_TRUE(typical.RunOnce());
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
  std::printf("figure map.declarative_chain fields=10 steps=6 us=%.2f\n", took.count() / kRounds);
}

}  // namespace
}  // namespace cognate::transform
