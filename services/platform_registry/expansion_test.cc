// Models that are made of other models' records: what is refused, what follows, and what drift does.
#include "absl/strings/str_cat.h"
#include "services/platform_registry/registry_fixture.h"

namespace cognate::platform_registry {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kPost[] = R"pb(
  model: 'post'
  fields { name: 'id' type: FIELD_TYPE_INTEGER size_bits: 64 }
  fields { name: 'slug' type: FIELD_TYPE_TEXT }
  fields { name: 'size' type: FIELD_TYPE_INTEGER }
  fields { name: 'texts' type: FIELD_TYPE_JSON nullable: true }
  key_fields: 'id'
)pb";
constexpr char kFields[] = R"pb(
  model: 'post_texts'
  fields { name: 'post_id' type: FIELD_TYPE_INTEGER size_bits: 64 }
  fields { name: 'locale' type: FIELD_TYPE_TEXT }
  fields { name: 'title' type: FIELD_TYPE_TEXT nullable: true }
)pb";
constexpr char kExpansion[] =
    "model: 'post' field: 'texts' key: 'locale' parent_fields { field: 'id' into: 'post_id' } ";

class ExpansionTest : public RegistryTest {
 protected:
  void SetUp() override {
    AddAgent("magazine");
    AddPostgres("blog");
    ASSERT_OK(Put(kPost));
    ASSERT_OK(Call(
        &RegistryStub::PutModels,
        "platform: 'platforms/blog' models { model: 'text' fields { name: 'no' type: FIELD_TYPE_INTEGER } "
        "fields { name: 'title' type: FIELD_TYPE_TEXT nullable: true } key_fields: 'no' }"));
  }
  absl::StatusOr<v1::PutModelsResponse> Put(const std::string& model) {
    return Call(&RegistryStub::PutModels,
                absl::StrCat("platform: 'platforms/magazine' models { ", model, " }"));
  }
  absl::StatusOr<v1::PutModelsResponse> PutTexts(const std::string& expansion) {
    return Put(absl::StrCat(kFields, "expansion { ", expansion, " }"));
  }
  std::string Wrong(const std::string& expansion) {
    std::string lines;
    for (const FieldViolation& violation : Violations(PutTexts(expansion).status()))
      absl::StrAppend(&lines, violation.field, ": ", violation.description, "\n");
    return lines;
  }
  absl::StatusOr<v1::CreateSyncResponse> CreateSync(const std::string& from, const std::string& to) {
    return Call(
        &RegistryStub::CreateSync,
        absl::StrCat("sync { name: 'syncs/texts' ", from, " ", to,
                     " fields { source: 'title' target: 'title' } fields { source: 'id' target: 'no' } }"));
  }
  static constexpr char kFromTexts[] = "source_platform: 'magazine' source_model: 'post_texts'";
  static constexpr char kToText[] = "target_platform: 'blog' target_model: 'text'";
  absl::StatusOr<v1::CreateSyncResponse> SyncTexts() {
    return Call(
        &RegistryStub::CreateSync,
        absl::StrCat(
            "sync { name: 'syncs/texts' ", kFromTexts, " ", kToText,
            " fields { source: 'title' target: 'title' } fields { source: 'post_id' target: 'no' } }"));
  }
};

TEST_F(ExpansionTest, TheKeyAndTheForeignKeyFollow) {
  const auto put = test_support::ValueOrDie(PutTexts(kExpansion));
  const v1::Model& model = put.models(0);
  EXPECT_THAT(model.key_fields(), ElementsAre("post_id", "locale"));
  ASSERT_EQ(model.foreign_keys_size(), 1);
  EXPECT_EQ(model.foreign_keys(0).model(), "post");
  EXPECT_THAT(model.foreign_keys(0).fields(), ElementsAre("post_id"));
  EXPECT_THAT(model.foreign_keys(0).referenced_fields(), ElementsAre("id"));
  EXPECT_EQ(model.origin(), v1::MODEL_ORIGIN_CUSTOM);
  // As it is given out it can be put again.
  v1::PutModelsRequest again;
  again.set_platform("platforms/magazine");
  *again.add_models() = model;
  EXPECT_OK(Call(&RegistryStub::PutModels, again));
}

TEST_F(ExpansionTest, EverythingThatIsWrongIsToldAtOnce) {
  EXPECT_THAT(
      Wrong("model: 'post' field: 'size' key: 'language' parent_fields { field: 'slug' into: 'nowhere' } "
            "transforms { trim { field: 'none' } }"),
      AllOf(
          HasSubstr("models[0].expansion.transforms[0].trim.field: "),
          HasSubstr("models[0].expansion.key: got \"language\", want a field of post_texts: "),
          HasSubstr("models[0].expansion.parent_fields[0].into: got \"nowhere\", want a field of post_texts"),
          HasSubstr(
              "models[0].expansion.parent_fields: got none for id, want every field of the key of post")));
  EXPECT_THAT(Wrong("model: 'nothing' field: 'texts'"),
              HasSubstr("models[0].expansion.model: got \"nothing\", want a model of magazine's catalogue"));
  EXPECT_THAT(Wrong("model: 'post_texts' field: 'texts'"), HasSubstr("itself"));
  EXPECT_THAT(
      Wrong(absl::StrCat(kExpansion, "transforms { constant { into: 'id' value { int64_value: 1 } } }")),
      HasSubstr("which the transforms write; the key goes in as it is"));
  EXPECT_THAT(
      Wrong("model: 'post' field: 'size' key: 'locale' parent_fields { field: 'id' into: 'post_id' }"),
      HasSubstr("models[0].expansion.field: got size, which holds one integer, want a list, JSON"));
  EXPECT_THAT(Wrong("model: 'post' field: 'texts' parent_fields { field: 'id' into: 'post_id' }"),
              HasSubstr("models[0].expansion.key: got nothing, so that the element's place is the key"));
  EXPECT_THAT(
      Wrong("model: 'post' field: 'texts' key: 'locale' parent_fields { field: 'id' into: 'locale' }"),
      HasSubstr("which is the key of the elements"));
  EXPECT_THAT(
      Wrong(absl::StrCat(kExpansion, "transforms { when: 'old.slug = \"x\"' trim { field: 'slug' } }")),
      HasSubstr("asks for old"));
  EXPECT_THAT(
      Wrong(absl::StrCat(kExpansion, "transforms { reference { field: 'slug' source_model: 'post' } }")),
      HasSubstr("transforms[0].reference: got a step reference"));
  EXPECT_THAT(
      Wrong(absl::StrCat(kExpansion, "transforms { when: 'assigned(\"blog\")' trim { field: 'slug' } }")),
      HasSubstr("assignments are not known in an expansion"));
}

TEST_F(ExpansionTest, NoExpansionOfExpansionsAndNoOtherParents) {
  ASSERT_OK(PutTexts(kExpansion));
  EXPECT_THAT(Put("model: 'words' fields { name: 'a' type: FIELD_TYPE_TEXT } expansion { model: 'post_texts' "
                  "field: 'title' }")
                  .status()
                  .message(),
              HasSubstr("which is made of post's records itself"));
  ASSERT_OK(
      Put("model: 'page' fields { name: 'id' type: FIELD_TYPE_INTEGER size_bits: 64 } "
          "fields { name: 'texts' type: FIELD_TYPE_JSON } key_fields: 'id'"));
  EXPECT_THAT(
      Wrong("model: 'page' field: 'texts' key: 'locale' parent_fields { field: 'id' into: 'post_id' }"),
      HasSubstr("give the new one another name"));
}

TEST_F(ExpansionTest, ATargetCannotBeOne) {
  ASSERT_OK(PutTexts(kExpansion));
  ASSERT_OK(
      Call(&RegistryStub::PutModels,
           "platform: 'platforms/blog' models { model: 'words' fields { name: 'post_id' type: "
           "FIELD_TYPE_INTEGER } "
           "fields { name: 'place' type: FIELD_TYPE_INTEGER } fields { name: 'title' type: FIELD_TYPE_TEXT "
           "nullable: true } "
           "expansion { model: 'text' field: 'title' parent_fields { field: 'no' into: 'post_id' } } }"));
  EXPECT_THAT(CreateSync("source_platform: 'magazine' source_model: 'post'",
                         "target_platform: 'blog' target_model: 'words'")
                  .status()
                  .message(),
              HasSubstr("nothing can be written there; write to text"));
}

TEST_F(ExpansionTest, RulesHaveItWhileASyncReadsItAndDriftBreaksIt) {
  ASSERT_OK(PutTexts(kExpansion));
  EXPECT_EQ(test_support::ValueOrDie(Call(&RegistryStub::GetRules, "")).rules().expansions_size(), 0);
  ASSERT_OK(SyncTexts());
  const v1::Rules rules = test_support::ValueOrDie(Call(&RegistryStub::GetRules, "")).rules();
  ASSERT_EQ(rules.expansions_size(), 1);
  EXPECT_EQ(rules.expansions(0).platform(), "magazine");
  EXPECT_EQ(rules.expansions(0).parent_model_fields_size(), 2);  // id and texts
  // The parent loses the field.
  const auto put = test_support::ValueOrDie(
      Put("model: 'post' fields { name: 'id' type: FIELD_TYPE_INTEGER size_bits: 64 } key_fields: 'id'"));
  ASSERT_EQ(put.drifts_size(), 1);
  EXPECT_THAT(
      put.drifts(0).broken(),
      AllOf(HasSubstr("sync.source_model: got post_texts, whose expansion does not fit post any more"),
            HasSubstr("expansion.field: got \"texts\"")));
  EXPECT_THAT(test_support::ValueOrDie(Call(&RegistryStub::GetRules, "")).rules().expansions(0).broken(),
              HasSubstr("texts"));
  // And gets it back.
  const auto back = test_support::ValueOrDie(Put(kPost));
  ASSERT_EQ(back.drifts_size(), 1);
  EXPECT_EQ(back.drifts(0).broken(), "");
}

}  // namespace
}  // namespace cognate::platform_registry
