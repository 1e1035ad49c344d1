#include "common/transform/inverse.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/proto_matchers.h"

namespace cognate::transform {
namespace {

using ::cognate::test_support::EqualsProto;
using ::cognate::test_support::ParseProto;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using Mappings = google::protobuf::RepeatedPtrField<v1::FieldMapping>;

Transforms Steps(std::initializer_list<std::string> texts) {
  Transforms steps;
  for (const std::string& text : texts) *steps.Add() = ParseProto<v1::Transform>(text);
  return steps;
}

Mappings Map(std::initializer_list<std::pair<std::string, std::string>> pairs) {
  Mappings mappings;
  for (const auto& [source, target] : pairs) {
    v1::FieldMapping* const mapping = mappings.Add();
    mapping->set_source(source);
    mapping->set_target(target);
  }
  return mappings;
}

TEST(InverseTest, RenamedFieldsChangePlaces) {
  const Inverse inverse = Invert(Steps({"rename { field: 'a' into: 'b' }"}), Map({{"b", "name"}}));
  EXPECT_THAT(inverse.missing, IsEmpty());
  EXPECT_THAT(inverse.transforms, IsEmpty());
  ASSERT_THAT(inverse.fields, SizeIs(1));
  EXPECT_THAT(inverse.fields[0], EqualsProto("source: 'name' target: 'a'"));
}

TEST(InverseTest, ATextThatWasPutTogetherIsTakenApart) {
  const Inverse inverse =
      Invert(Steps({"concat { fields: 'first' fields: 'last' separator: ' ' into: 'full' }"}),
             Map({{"full", "first"}}));
  EXPECT_THAT(inverse.missing, IsEmpty());
  ASSERT_THAT(inverse.transforms, SizeIs(1));
  EXPECT_THAT(inverse.transforms[0],
              EqualsProto("split { field: 'first' separator: ' ' into: 'first_2' into: 'last' }"));
  ASSERT_THAT(inverse.fields, SizeIs(2));
  EXPECT_THAT(inverse.fields[0], EqualsProto("source: 'first_2' target: 'first'"));
}

TEST(InverseTest, StepsGoBackInTheOtherOrder) {
  const Inverse inverse =
      Invert(Steps({"split { field: 'name' separator: ', ' into: 'last' into: 'first' }",
                    "look_up { field: 'state' entries { from { int64_value: 1 } to { text_value: 'on' } } }",
                    "decode { field: 'tags' encoding: ENCODING_PHP }",
                    "encode { field: 'tags' encoding: ENCODING_JSON }"}),
             Map({{"first", "given"}, {"last", "family"}, {"state", "state"}, {"tags", "labels"}}));
  EXPECT_THAT(inverse.missing, IsEmpty());
  ASSERT_THAT(inverse.transforms, SizeIs(4));
  EXPECT_THAT(inverse.transforms[0], EqualsProto("decode { field: 'labels' encoding: ENCODING_JSON }"));
  EXPECT_THAT(inverse.transforms[1], EqualsProto("encode { field: 'labels' encoding: ENCODING_PHP }"));
  EXPECT_THAT(inverse.transforms[2],
              EqualsProto("look_up { field: 'state' entries { from { text_value: 'on' } to { "
                          "int64_value: 1 } } }"));
  EXPECT_THAT(inverse.transforms[3], EqualsProto("concat { fields: 'family' fields: 'given' separator: ', ' "
                                                 "skip_empty: true into: 'name' }"));
}

TEST(InverseTest, WhatIsMadeOfFieldsThatComeBackThemselvesStandsNotInTheWay) {
  const Inverse inverse = Invert(
      Steps({"slug { field: 'title' into: 'slug' }", "template { template: '{title} {{x}}' into: 'shown' }"}),
      Map({{"title", "title"}, {"slug", "slug"}, {"shown", "shown"}}));
  EXPECT_THAT(inverse.missing, IsEmpty());
  ASSERT_THAT(inverse.fields, SizeIs(1));
}

TEST(InverseTest, ReferencesAreThoseOfTheOtherSide) {
  Mappings fields = Map({{"author", "writer"}, {"country", "land"}});
  fields[1].mutable_reference()->set_source_model("countries");
  fields[1].mutable_reference()->set_target_model("lands");
  const Inverse inverse =
      Invert(Steps({"reference { field: 'author' source_model: 'users' target_model: 'people' }"}), fields);
  EXPECT_THAT(inverse.missing, IsEmpty());
  EXPECT_THAT(inverse.transforms[0],
              EqualsProto("reference { field: 'writer' source_model: 'people' target_model: 'users' }"));
  EXPECT_THAT(inverse.fields[1],
              EqualsProto("source: 'land' target: 'country' reference { source_model: 'lands' "
                          "target_model: 'countries' }"));
}

TEST(InverseTest, SaysWhatHasNoWayBack) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"slug { field: 'a' }", "transforms[0].slug"},
      {"trim { field: 'x' into: 'b' }", "transforms[0].trim"},
      {"hash { field: 'a' }", "transforms[0].hash"},
      {"coalesce { fields: 'x' fields: 'a' into: 'a' }", "transforms[0].coalesce"},
      {"template { template: '{x}' into: 'a' }", "transforms[0].template"},
      {"to_integer { field: 'a' }", "transforms[0].to_integer"},
      {"truthy { fields: 'a' negate: true }", "transforms[0].truthy"},
      {"status_from_deleted { field: 'x' into: 'a' }", "transforms[0].status_from_deleted"},
      {"get_path { field: 'x' into: 'a' path: 'p' }", "transforms[0].get_path"},
      {"set_path { field: 'a' value_field: 'x' path: 'p' }", "transforms[0].set_path"},
      {"script { source: 'x' writes { field: 'a' } }", "transforms[0].script"},
      {"concat { fields: 'x' fields: 'y' into: 'a' }", "transforms[0].concat"},
      {"concat { fields: 'x' fields: 'y' separator: ' ' skip_empty: true into: 'a' }",
       "transforms[0].concat"},
      {"split { field: 'x' separator: ',' into: 'a' }", "transforms[0].split"},
      {"split { field: 'x' separator: ',' into: 'a' into: 'unmapped' }", "transforms[0].split"},
      {"look_up { field: 'a' pass: true }", "transforms[0].look_up"},
      {"look_up { field: 'a' entries { from { int64_value: 1 } to { int64_value: 5 } } entries { from { "
       "int64_value: "
       "2 } to { decimal_value: '5.0' } } }",
       "transforms[0].look_up"},
      {"change_time { field: 'a' from { timestamp: true } to { date: true } }", "transforms[0].change_time"},
      {"change_time { field: 'a' from { timestamp: true } to { format: '%Y-%m-%d' } }",
       "transforms[0].change_time"},
      {"rewrite_urls { field: 'a' rewrites { from: 'x.org' to: 'z.org' } rewrites { from: 'y.org' to: "
       "'https://z.org' } }",
       "transforms[0].rewrite_urls"},
      {"reference { field: 'a' source_model: 'x' }", "transforms[0].reference"},
      {"when: 'a = 1' decode { field: 'a' encoding: ENCODING_JSON }", "transforms[0].decode"},
      {"when: 'a = 1' rename { field: 'x' into: 'a' }", "transforms[0].rename"},
  };
  for (const auto& [step, path] : cases) {
    const Inverse inverse = Invert(Steps({step}), Map({{"a", "a"}, {"b", "b"}, {"other", "other"}}));
    ASSERT_THAT(inverse.missing, SizeIs(1)) << step;
    EXPECT_EQ(inverse.missing[0].path, path);
    EXPECT_FALSE(inverse.missing[0].reason.empty());
    EXPECT_THAT(inverse.transforms, IsEmpty()) << step;
  }
  Mappings fields = Map({{"a", "b"}});
  fields[0].mutable_reference()->set_source_model("x");
  const Inverse inverse = Invert({}, fields);
  ASSERT_THAT(inverse.missing, SizeIs(1));
  EXPECT_EQ(inverse.missing[0].path, "fields[0].reference");
}

}  // namespace
}  // namespace cognate::transform
