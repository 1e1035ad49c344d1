#include <fstream>

#include "services/platform_registry/registry_fixture.h"
#include "tests/support/temp_dir.h"

namespace cognate::platform_registry {
namespace {

using test_support::EqualsProto;
using test_support::HasReason;
using test_support::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Everything that makes a schema hard to read.
constexpr char kNastySchema[] = R"sql(
    CREATE SCHEMA "odd ""schema""";
    CREATE SCHEMA cognate;
    CREATE TABLE cognate.inbox (id int PRIMARY KEY);
    CREATE TYPE mood AS ENUM ('sad', 'so-so', 'happy');
    CREATE DOMAIN iso2 AS varchar(2) NOT NULL DEFAULT 'XX' CHECK (length(value) = 2);
    CREATE DOMAIN capital_iso2 AS iso2 CHECK (upper(value) = value);
    CREATE TABLE country (
        id smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        code capital_iso2,
        name varchar(60) NOT NULL,
        area numeric(12, -2),
        gdp numeric(20, 4) DEFAULT 0,
        feeling mood,
        tags text[] NOT NULL DEFAULT '{}',
        moods mood[],
        seen timestamptz, noon timestamp, born date, at time, ref uuid, doc jsonb, raw bytea, ratio real,
        shout text GENERATED ALWAYS AS (upper(name)) STORED,
        UNIQUE (code),
        UNIQUE (name, area)
    );
    CREATE UNIQUE INDEX only_some ON country (name) WHERE area > 0;
    CREATE UNIQUE INDEX by_expression ON country (lower(name));
    CREATE TABLE "odd ""schema"""."My Table.v2" (
        "first part" int, "second ""part""" text, "Größe" float8, boss_a int, boss_b text,
        country smallint NOT NULL REFERENCES country ON DELETE CASCADE,
        PRIMARY KEY ("second ""part""", "first part"),
        CONSTRAINT boss FOREIGN KEY (boss_b, boss_a) REFERENCES "odd ""schema""".
            "My Table.v2" ("second ""part""", "first part") ON DELETE SET NULL
    );
    CREATE TABLE region (id int PRIMARY KEY, parent int REFERENCES region ON DELETE RESTRICT);
    CREATE TABLE diary (line text);
    CREATE UNLOGGED TABLE scratch (id int PRIMARY KEY);
    CREATE TABLE log (day date, n int, region int REFERENCES region, PRIMARY KEY (day, n)) PARTITION BY RANGE (day);
    CREATE TABLE log_2026 PARTITION OF log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    CREATE TABLE gone (a int PRIMARY KEY, b int);
    ALTER TABLE gone DROP COLUMN b;
    CREATE VIEW a_view AS SELECT 1;
)sql";

class ModelsTest : public RegistryTest {
 protected:
  void SetUp() override {
    database_ = test_support::ValueOrDie(postgres::Connection::Open(database_uri_));
    ASSERT_OK(database_->Execute(kNastySchema));
    AddPostgres("atlas", database_uri_);
  }
  absl::StatusOr<v1::AnalyzeModelsResponse> Analyze() {
    return Call(&RegistryStub::AnalyzeModels, "platform: 'platforms/atlas'");
  }
  v1::Model Get(const std::string& model) {
    v1::GetModelRequest request;
    request.set_name("platforms/atlas/models/" + model);
    return test_support::ValueOrDie(Call(&RegistryStub::GetModel, request)).model();
  }
  static v1::ModelField Field(const v1::Model& model, const std::string& name) {
    for (const v1::ModelField& field : model.fields()) {
      if (field.name() == name) return field;
    }
    ADD_FAILURE() << "no field " << name;
    return {};
  }

  const std::string database_uri_ = test_support::PostgresServer::Shared().CreateDatabase();
  std::unique_ptr<postgres::Connection> database_;
};

TEST_F(ModelsTest, FindsTablesAndPartitionedTablesOnly) {
  const auto analyzed = Analyze();
  ASSERT_OK(analyzed);
  std::vector<std::string> names;
  for (const v1::Model& model : analyzed->models()) names.push_back(model.model());
  EXPECT_THAT(names, ElementsAre("odd \"schema\".My Table.v2", "public.country", "public.diary",
                                 "public.gone", "public.log", "public.region", "public.scratch"));
  EXPECT_EQ(analyzed->models(1).name(), "platforms/atlas/models/public.country");
  EXPECT_TRUE(analyzed->models(1).has_analyze_time());
}

TEST_F(ModelsTest, ReadsTypesSizesAndDefaults) {
  ASSERT_OK(Analyze());
  const v1::Model country = Get("public.country");
  EXPECT_THAT(Field(country, "id"), EqualsProto("name: 'id' type: FIELD_TYPE_INTEGER native_type: 'smallint' "
                                                "has_default: true size_bits: 16 unique: true"));
  EXPECT_THAT(Field(country, "code"),
              EqualsProto("name: 'code' type: FIELD_TYPE_TEXT native_type: 'public.capital_iso2' "
                          "has_default: true max_length: 2 unique: true"));
  EXPECT_THAT(Field(country, "name"),
              EqualsProto("name: 'name' type: FIELD_TYPE_TEXT "
                          "native_type: 'character varying(60)' max_length: 60 required: true"));
  EXPECT_THAT(Field(country, "area"),
              EqualsProto("name: 'area' type: FIELD_TYPE_DECIMAL native_type: 'numeric(12,-2)' "
                          "nullable: true precision: 12 scale: -2"));
  EXPECT_THAT(Field(country, "gdp"),
              EqualsProto("name: 'gdp' type: FIELD_TYPE_DECIMAL native_type: 'numeric(20,4)' "
                          "nullable: true has_default: true precision: 20 scale: 4"));
  EXPECT_THAT(Field(country, "feeling"),
              EqualsProto("name: 'feeling' type: FIELD_TYPE_ENUM native_type: 'public.mood' nullable: true "
                          "enum_labels: 'sad' enum_labels: 'so-so' enum_labels: 'happy'"));
  EXPECT_THAT(Field(country, "tags"), EqualsProto("name: 'tags' type: FIELD_TYPE_LIST native_type: 'text[]' "
                                                  "has_default: true element_type: FIELD_TYPE_TEXT"));
  EXPECT_EQ(Field(country, "moods").element_type(), v1::FIELD_TYPE_ENUM);
  EXPECT_EQ(Field(country, "seen").type(), v1::FIELD_TYPE_TIMESTAMP);
  EXPECT_EQ(Field(country, "noon").type(), v1::FIELD_TYPE_LOCAL_TIMESTAMP);
  EXPECT_EQ(Field(country, "born").type(), v1::FIELD_TYPE_DATE);
  EXPECT_EQ(Field(country, "at").type(), v1::FIELD_TYPE_OTHER);
  EXPECT_EQ(Field(country, "ref").type(), v1::FIELD_TYPE_UUID);
  EXPECT_EQ(Field(country, "doc").type(), v1::FIELD_TYPE_JSON);
  EXPECT_EQ(Field(country, "raw").type(), v1::FIELD_TYPE_BYTES);
  EXPECT_THAT(Field(country, "ratio"), EqualsProto("name: 'ratio' type: FIELD_TYPE_FLOAT native_type: 'real' "
                                                   "nullable: true size_bits: 32"));
  EXPECT_THAT(Field(country, "shout"), EqualsProto("name: 'shout' type: FIELD_TYPE_TEXT native_type: 'text' "
                                                   "nullable: true generated: true"));
  EXPECT_THAT(Get("public.gone").fields(), ::testing::SizeIs(1));
}

TEST_F(ModelsTest, ReadsKeysUniquesAndForeignKeysInTheirOrder) {
  ASSERT_OK(Analyze());
  const v1::Model country = Get("public.country");
  EXPECT_THAT(country.key_fields(), ElementsAre("id"));
  ASSERT_EQ(country.uniques_size(), 2);
  EXPECT_THAT(country.uniques(0), EqualsProto("name: 'country_code_key' fields: 'code'"));
  EXPECT_THAT(country.uniques(1), EqualsProto("name: 'country_name_area_key' fields: 'name' fields: 'area'"));

  const v1::Model odd = Get("odd \"schema\".My Table.v2");
  EXPECT_THAT(odd.key_fields(), ElementsAre("second \"part\"", "first part"));
  EXPECT_EQ(odd.fields(2).name(), "Größe");
  ASSERT_EQ(odd.foreign_keys_size(), 2);
  EXPECT_THAT(odd.foreign_keys(0),
              EqualsProto("name: 'My Table.v2_country_fkey' fields: 'country' model: 'public.country' "
                          "referenced_fields: 'id' delete_rule: DELETE_RULE_CASCADE required: true"));
  EXPECT_THAT(
      odd.foreign_keys(1),
      EqualsProto("name: 'boss' fields: 'boss_b' fields: 'boss_a' model: 'odd \"schema\".My Table.v2' "
                  "referenced_fields: 'second \"part\"' referenced_fields: 'first part' "
                  "delete_rule: DELETE_RULE_SET_NULL"));
  EXPECT_THAT(Get("public.region").foreign_keys(0),
              EqualsProto("name: 'region_parent_fkey' fields: 'parent' model: 'public.region' "
                          "referenced_fields: 'id' delete_rule: DELETE_RULE_RESTRICT"));
  EXPECT_THAT(Get("public.log").key_fields(), ElementsAre("day", "n"));
  EXPECT_EQ(Get("public.log").foreign_keys_size(), 1);
}

TEST_F(ModelsTest, SaysWhyATableCannotBeCaptured) {
  ASSERT_OK(Analyze());
  EXPECT_EQ(Get("public.country").capture_obstacle(), "");
  EXPECT_EQ(Get("public.log").capture_obstacle(), "");
  EXPECT_THAT(Get("public.diary").capture_obstacle(), HasSubstr("has no primary key: add one"));
  EXPECT_THAT(Get("public.scratch").capture_obstacle(), HasSubstr("UNLOGGED"));
  ASSERT_OK(database_->Execute("ALTER TABLE gone REPLICA IDENTITY NOTHING"));
  ASSERT_OK(Analyze());
  EXPECT_THAT(Get("public.gone").capture_obstacle(), HasSubstr("REPLICA IDENTITY"));
}

TEST_F(ModelsTest, AnalysingAgainForgetsWhatIsGoneAndRaisesTheRevisionOnlyForChanges) {
  const auto revision = [&] {
    return test_support::ValueOrDie(Call(&RegistryStub::GetRules, "")).revision();
  };
  ASSERT_OK(Analyze());
  const int64_t first = revision();
  ASSERT_OK(Analyze());
  EXPECT_EQ(revision(), first);
  ASSERT_OK(database_->Execute("DROP TABLE diary"));
  ASSERT_OK(Analyze());
  EXPECT_GT(revision(), first);
  EXPECT_THAT(Call(&RegistryStub::GetModel, "name: 'platforms/atlas/models/public.diary'"),
              AllOf(StatusIs(absl::StatusCode::kNotFound), HasReason("MODEL_NOT_FOUND")));
}

TEST_F(ModelsTest, ListsInPages) {
  ASSERT_OK(Analyze());
  std::string token;
  std::vector<std::string> names;
  do {
    const auto page = Call(&RegistryStub::ListModels,
                           "platform: 'platforms/atlas' page_size: 3 page_token: '" + token + "'");
    ASSERT_OK(page);
    for (const v1::Model& model : page->models()) names.push_back(model.model());
    token = page->next_page_token();
  } while (!token.empty());
  EXPECT_EQ(names.size(), 7U);
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_THAT(Call(&RegistryStub::ListModels, "platform: 'platforms/none'"), HasReason("PLATFORM_NOT_FOUND"));
}

TEST_F(ModelsTest, SaysWhyADatabaseCannotBeRead) {
  AddAgent("till");
  EXPECT_THAT(Call(&RegistryStub::AnalyzeModels, "platform: 'platforms/till'"), HasReason("NO_DATABASE"));
  AddPostgres("lost");
  EXPECT_THAT(Call(&RegistryStub::AnalyzeModels, "platform: 'platforms/lost'"),
              AllOf(StatusIs(absl::StatusCode::kFailedPrecondition), HasReason("PLATFORM_UNREACHABLE")));
  ASSERT_OK(Call(&RegistryStub::CreatePlatform,
                 "platform { name: 'platforms/mute' kind: PLATFORM_KIND_POSTGRES database { uri: '" +
                     database_uri_ + "' password { file: '/nowhere' } } }"));
  EXPECT_THAT(Call(&RegistryStub::AnalyzeModels, "platform: 'platforms/mute'"),
              HasReason("SECRET_UNAVAILABLE"));
  EXPECT_THAT(Call(&RegistryStub::AnalyzeModels, "platform: 'platforms/none'"),
              HasReason("PLATFORM_NOT_FOUND"));
}

TEST_F(ModelsTest, TakesModelsThatAnAgentDescribes) {
  AddAgent("till");
  const std::string item =
      "model: 'App\\\\Models\\\\Item' fields { name: 'id' type: FIELD_TYPE_INTEGER size_bits: 64 } "
      "key_fields: 'id'";
  ASSERT_OK(Call(&RegistryStub::PutModels, "platform: 'platforms/till' models { " + item + " }"));
  ASSERT_OK(Call(&RegistryStub::PutModels,
                 "platform: 'platforms/till' models { model: 'note' fields { name: 'x' type: "
                 "FIELD_TYPE_TEXT } }"));
  const auto listed = Call(&RegistryStub::ListModels, "platform: 'platforms/till'");
  ASSERT_OK(listed);
  ASSERT_EQ(listed->models_size(), 2);
  EXPECT_EQ(listed->models(0).name(), "platforms/till/models/App\\Models\\Item");
  const auto wrong =
      Call(&RegistryStub::PutModels,
           "platform: 'platforms/till' models { model: 'm' fields { name: 'x' type: FIELD_TYPE_TEXT } "
           "key_fields: 'id' }");
  ASSERT_THAT(wrong, HasReason("INVALID_FIELD"));
  EXPECT_EQ(Violations(wrong.status())[0].field, "models[0].key_fields[0]");
  EXPECT_THAT(Call(&RegistryStub::PutModels, "platform: 'platforms/till' models { model: 'm' }"),
              HasReason("INVALID_FIELD"));
  EXPECT_THAT(Call(&RegistryStub::PutModels, "platform: 'platforms/none' models { " + item + " }"),
              HasReason("PLATFORM_NOT_FOUND"));
}

}  // namespace
}  // namespace cognate::platform_registry
