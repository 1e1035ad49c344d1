// What a parent's record comes to: elements of lists, maps and JSON texts, keys, and every way to be wrong.
#include "services/transformer/expand.h"

#include "absl/strings/str_cat.h"
#include "common/value/value.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/proto_matchers.h"

namespace cognate::transformer {
namespace {

using test_support::ParseProto;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kTranslations[] = R"pb(
  platform: "magazine"
  model {
    model: "post_translations"
    fields { name: "post_id" type: FIELD_TYPE_INTEGER size_bits: 64 }
    fields { name: "locale" type: FIELD_TYPE_TEXT }
    fields { name: "title" type: FIELD_TYPE_TEXT nullable: true max_length: 20 }
    fields { name: "at" type: FIELD_TYPE_TIMESTAMP nullable: true }
    fields { name: "slug" type: FIELD_TYPE_TEXT nullable: true }
    key_fields: "post_id"
    key_fields: "locale"
    expansion {
      model: "post"
      field: "translations"
      key: "locale"
      parent_fields { field: "id" into: "post_id" }
      parent_fields { field: "slug" }
    }
  }
  parent_model_fields { name: "id" type: FIELD_TYPE_INTEGER size_bits: 64 }
  parent_model_fields { name: "slug" type: FIELD_TYPE_TEXT nullable: true }
  parent_model_fields { name: "translations" type: FIELD_TYPE_JSON nullable: true }
)pb";

constexpr char kTags[] = R"pb(
  platform: "magazine"
  model {
    model: "post_tags"
    fields { name: "post_id" type: FIELD_TYPE_INTEGER size_bits: 64 }
    fields { name: "place" type: FIELD_TYPE_INTEGER size_bits: 32 }
    fields { name: "value" type: FIELD_TYPE_TEXT }
    key_fields: "post_id"
    key_fields: "place"
    expansion {
      model: "post"
      transforms {
        script {
          source: 'if record.slug == "draft" then skip("a draft") end if record.slug == "bad" then reject("no", "tags") end record.tags = {record.slug, "x"}'
          writes { field: "tags" kind: "list" }
        }
      }
      field: "tags"
      parent_fields { field: "id" into: "post_id" }
    }
  }
  parent_model_fields { name: "id" type: FIELD_TYPE_INTEGER size_bits: 64 }
  parent_model_fields { name: "slug" type: FIELD_TYPE_TEXT nullable: true }
)pb";

class ExpandTest : public ::testing::Test {
 protected:
  void Use(v1::CompiledExpansion expansion) {
    v1::Rules rules;
    rules.set_revision(4);
    *rules.add_expansions() = std::move(expansion);
    rules_ = std::make_unique<RuleSet>(std::move(rules));
  }
  bus::v1::LoggedChange& Add(const std::string& id, const v1::Fields& fields) {
    if (batch_.models().empty()) {
      batch_.add_models()->set_platform("magazine");
      batch_.mutable_models(0)->set_model("post");
    }
    bus::v1::LoggedChange& change = *batch_.add_changes();
    change.set_version(100 + batch_.changes_size());
    change.set_local_id(id);
    change.set_operation(v1::OPERATION_UPDATE);
    change.set_fields(fields.SerializeAsString());
    return change;
  }
  v1::CapturePartsRequest Run(const SetLimits& limits = {}, ExpandPlace* place = nullptr) {
    const bus::v1::ChangeBatch* const batches[] = {&batch_};
    waves_ = Collect(batches, 10'000);
    routed_ = Routed();
    if (!waves_.empty()) routed_ = Route(*rules_, waves_[0], &arena_);
    ExpandPlace from_start;
    return Expand(routed_, rules_->revision(), limits, place != nullptr ? place : &from_start);
  }
  // Of one post with these translations: the parts one a line, or the error.
  std::string Of(const v1::Value& translations) {
    batch_.Clear();
    Add("7",
        value::Fields({{"id", value::Int(7)}, {"slug", value::Text("s")}, {"translations", translations}}));
    return Lines(Run());
  }
  std::string OfJson(absl::string_view json) { return Of(value::Text(json)); }
  static std::string Lines(const v1::CapturePartsRequest& request) {
    std::string lines;
    for (const v1::PartSet& set : request.sets()) {
      if (set.has_error()) absl::StrAppend(&lines, set.error().reason(), " ", set.error().message(), "\n");
      if (set.skipped()) absl::StrAppend(&lines, "skipped\n");
      for (const v1::Part& part : set.parts()) {
        absl::StrAppend(&lines, part.local_id(), ":");
        for (const v1::Field& field : part.fields().fields())
          absl::StrAppend(&lines, " ", field.name(), "=", value::Describe(field.value()));
        absl::StrAppend(&lines, "\n");
      }
    }
    return lines;
  }

  std::unique_ptr<RuleSet> rules_;
  bus::v1::ChangeBatch batch_;
  std::vector<Wave> waves_;
  Routed routed_;
  google::protobuf::Arena arena_;
};

class TranslationsTest : public ExpandTest {
 protected:
  void SetUp() override { Use(ParseProto<v1::CompiledExpansion>(kTranslations)); }
};

TEST_F(TranslationsTest, AListAMapAndAJsonTextComeToTheSame) {
  const std::string want =
      "7,de: post_id=int64 7 locale=text \"de\" (2 characters) title=text \"Eins\" (4 characters) at=NULL "
      "slug=text \"s\" (1 character)\n";
  EXPECT_EQ(OfJson(R"([{"locale": "de", "title": "Eins", "other": 1}])"), want);
  EXPECT_EQ(OfJson(R"({"de": {"title": "Eins"}})"), want);
  EXPECT_EQ(Of(value::List({value::Map({{"locale", value::Text("de")}, {"title", value::Text("Eins")}})})),
            want);
}

TEST_F(TranslationsTest, NothingIsNoParts) {
  for (const v1::Value& nothing :
       {value::Null(), value::Text(""), value::Text("[]"), value::Text("null"), value::Text("{}")})
    EXPECT_EQ(Of(nothing), "");
  EXPECT_EQ(Run().sets_size(), 1);
}

TEST_F(TranslationsTest, ValuesBecomeWhatTheFieldsAreDeclaredAs) {
  EXPECT_THAT(OfJson(R"([{"locale": "de", "at": "2026-02-28T12:00:00Z"}])"),
              HasSubstr("at=timestamp 2026-02-28"));
  EXPECT_THAT(OfJson(R"([{"locale": "de"}, {"locale": "en", "title": "a title that is much too long"}])"),
              HasSubstr("VALUE_TOO_LONG translations[1].title: "));
  EXPECT_THAT(OfJson(R"([{"locale": "de", "at": "soon"}])"), HasSubstr("INVALID_TEXT translations[0].at: "));
  EXPECT_THAT(OfJson(R"({"de": {"title": []}})"), HasSubstr("translations.de.title: "));
}

TEST_F(TranslationsTest, KeysAreThereAndDiffer) {
  EXPECT_THAT(OfJson(R"([{"locale": "de"}, {"title": "x"}])"), HasSubstr("translations[1].locale: got"));
  EXPECT_THAT(OfJson(R"([{"locale": ""}])"),
              HasSubstr("PART_WITHOUT_KEY translations[0].locale: got nothing"));
  EXPECT_THAT(OfJson(R"([{"locale": "de"}, {"locale": "en"}, {"locale": "de"}])"),
              HasSubstr("PART_KEY_TWICE translations[2]: got the key of translations[0], 7,de, once more"));
  EXPECT_THAT(OfJson(R"([{"locale": "a,b\\c"}])"), HasSubstr(R"(7,a\,b\\c: )"));
  EXPECT_THAT(OfJson(absl::StrCat(R"([{"locale": ")", std::string(520, 'x'), R"("}])")),
              HasSubstr("UNFIT_KEY translations[0].locale: "));
}

TEST_F(TranslationsTest, OtherThingsThanElementsAreErrors) {
  EXPECT_THAT(OfJson("a,b"), HasSubstr("NOT_ENCODED translations: got text \"a,b\""));
  EXPECT_THAT(OfJson("5"), HasSubstr("WRONG_TYPE translations: got int64 5, want a list or a map"));
  std::string many = "[";
  for (int i = 0; i <= kMaxParts; ++i)
    absl::StrAppend(&many, i == 0 ? "" : ",", R"({"locale": ")", i, R"("})");
  EXPECT_THAT(OfJson(many + "]"),
              HasSubstr("TOO_MANY_PARTS translations: got 1001 elements, want at most 1000"));
  batch_.Clear();
  Add("7", value::Fields({{"id", value::Int(7)}}));
  EXPECT_THAT(Lines(Run()), HasSubstr("FIELD_NOT_FOUND translations: the record does not list the field"));
}

TEST_F(TranslationsTest, ADeletedParentHasNoParts) {
  Add("7", v1::Fields()).set_operation(v1::OPERATION_DELETE);
  const v1::CapturePartsRequest request = Run();
  ASSERT_EQ(request.sets_size(), 1);
  EXPECT_EQ(request.sets(0).version(), 101);
  EXPECT_EQ(request.sets(0).rules_revision(), 4);
  EXPECT_THAT(request.sets(0).parts(), IsEmpty());
  EXPECT_THAT(routed_.changes, IsEmpty());  // no sync takes the parents themselves
}

TEST_F(TranslationsTest, WhatTheRecordDoesNotHoldYetComesToNothing) {
  Add("7", value::Fields({{"id", value::Int(7)}})).set_is_amended(true);
  EXPECT_THAT(Run().sets(), IsEmpty());
}

TEST_F(TranslationsTest, ARequestTakesSoManySetsAndTheNextGoesOn) {
  for (int i = 0; i < 5; ++i)
    Add(absl::StrCat(i), value::Fields({{"id", value::Int(i)}, {"translations", value::Text("[]")}}));
  ExpandPlace place;
  EXPECT_EQ(Run({.sets = 2}, &place).sets(1).parent().local_id(), "1");
  EXPECT_EQ(Expand(routed_, 4, {.sets = 2}, &place).sets(0).parent().local_id(), "2");
  EXPECT_EQ(Expand(routed_, 4, {.sets = 2}, &place).sets_size(), 1);
  EXPECT_EQ(Expand(routed_, 4, {.sets = 2}, &place).sets_size(), 0);
}

TEST_F(TranslationsTest, OneThatIsBrokenLeavesThePartsAlone) {
  auto expansion = ParseProto<v1::CompiledExpansion>(kTranslations);
  expansion.set_broken("the field is gone");
  Use(expansion);
  EXPECT_EQ(OfJson(R"([{"locale": "de"}])"), "");
  EXPECT_THAT(Run().sets(), IsEmpty());
}

TEST_F(ExpandTest, AKeyOfSeveralFieldsGoesOnWithTheElements) {
  auto expansion = ParseProto<v1::CompiledExpansion>(kTranslations);
  expansion.mutable_model()->add_key_fields("third");
  Use(expansion);
  Add(R"(a\,b,7)", value::Fields({{"id", value::Int(7)}, {"translations", value::Text(R"({"d,e": {}})")}}));
  EXPECT_THAT(Lines(Run()), HasSubstr(R"(a\,b,7,d\,e: )"));
}

class TagsTest : public ExpandTest {
 protected:
  void SetUp() override { Use(ParseProto<v1::CompiledExpansion>(kTags)); }
  std::string OfSlug(const std::string& slug) {
    batch_.Clear();
    Add("7", value::Fields({{"id", value::Int(7)}, {"slug", value::Text(slug)}}));
    return Lines(Run());
  }
};

TEST_F(TagsTest, AScriptMakesTheListAndPlacesAreKeys) {
  EXPECT_EQ(OfSlug("red"),
            "7,0: post_id=int64 7 place=int64 0 value=text \"red\" (3 characters)\n"
            "7,1: post_id=int64 7 place=int64 1 value=text \"x\" (1 character)\n");
}

TEST_F(TagsTest, AScriptSkipsAndRejects) {
  EXPECT_EQ(OfSlug("draft"), "skipped\n");
  EXPECT_THAT(OfSlug("bad"), HasSubstr("SCRIPT_REJECTED "));
}

}  // namespace
}  // namespace cognate::transformer
