// A schema that changes under its syncs breaks those that no longer fit, and no other; when it fits again,
// they go on.
#include "absl/strings/str_cat.h"
#include "services/platform_registry/registry_fixture.h"

namespace cognate::platform_registry {
namespace {

using test_support::HasReason;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kSource[] = R"sql(
    CREATE TABLE country (id serial PRIMARY KEY, code text NOT NULL, name text NOT NULL, area numeric, status text);
    CREATE TABLE city (id serial PRIMARY KEY, name text NOT NULL);
)sql";
constexpr char kTarget[] = R"sql(
    CREATE TABLE nation (no bigserial PRIMARY KEY, iso text NOT NULL, title text NOT NULL, size numeric);
    CREATE TABLE town (no bigserial PRIMARY KEY, title text NOT NULL);
)sql";

class DriftTest : public RegistryTest {
 protected:
  void SetUp() override {
    source_ = Add("atlas", kSource, "capture_mode: CAPTURE_MODE_REPLICATION");
    target_ = Add("shop", kTarget, "");
    ASSERT_OK(CreateSync("countries", "country", "nation",
                         "fields { source: 'code' target: 'iso' } fields { source: 'name' target: 'title' } "
                         "fields { source: 'area' target: 'size' } filter: 'status = \"on\"' "
                         "transforms { trim { field: 'name' } }"));
    ASSERT_OK(CreateSync("cities", "city", "town", "fields { source: 'name' target: 'title' }"));
  }
  std::unique_ptr<postgres::Connection> Add(const std::string& id, const char* schema,
                                            const std::string& more) {
    const std::string uri = test_support::PostgresServer::Shared().CreateDatabase();
    auto connection = test_support::ValueOrDie(postgres::Connection::Open(uri));
    EXPECT_OK(connection->Execute(schema));
    AddPostgres(id, uri, more);
    EXPECT_THAT(Analyze(id), IsEmpty());
    return connection;
  }
  absl::StatusOr<v1::CreateSyncResponse> CreateSync(const std::string& id, const std::string& from,
                                                    const std::string& to, const std::string& more) {
    return Call(&RegistryStub::CreateSync,
                absl::StrCat("sync { name: 'syncs/", id, "' source_platform: 'atlas' source_model: 'public.",
                             from, "' target_platform: 'shop' target_model: 'public.", to, "' ", more, " }"));
  }
  // News of syncs, one a line: "countries: " and why it is broken; empty if it is mended.
  std::vector<std::string> Analyze(const std::string& platform) {
    const auto analyzed =
        Call(&RegistryStub::AnalyzeModels, absl::StrCat("platform: 'platforms/", platform, "'"));
    EXPECT_OK(analyzed);
    std::vector<std::string> news;
    for (const v1::SyncDrift& drift : analyzed->drifts())
      news.push_back(absl::StrCat(drift.sync(), ": ", drift.broken()));
    return news;
  }
  std::vector<std::string> After(const std::unique_ptr<postgres::Connection>& database,
                                 const std::string& platform, const std::string& sql) {
    EXPECT_OK(database->Execute(sql));
    return Analyze(platform);
  }
  std::string Broken(const std::string& id) {
    return test_support::ValueOrDie(Call(&RegistryStub::GetSync, absl::StrCat("name: 'syncs/", id, "'")))
        .sync()
        .broken();
  }
  v1::CompiledSync Compiled(const std::string& id) {
    const auto rules = test_support::ValueOrDie(Call(&RegistryStub::GetRules, ""));
    for (const v1::CompiledSync& compiled : rules.rules().syncs()) {
      if (compiled.sync().name() == absl::StrCat("syncs/", id)) return compiled;
    }
    ADD_FAILURE() << "no rule for " << id;
    return {};
  }

  std::unique_ptr<postgres::Connection> source_;
  std::unique_ptr<postgres::Connection> target_;
};

TEST_F(DriftTest, ADroppedTargetColumnBreaksItsSyncAloneUntilItIsBack) {
  EXPECT_THAT(
      After(target_, "shop", "ALTER TABLE nation DROP COLUMN size"),
      ElementsAre(AllOf(HasSubstr("syncs/countries: sync.fields[2].target: got \"size\", want a field of "
                                  "public.nation: no, iso, title"))));
  EXPECT_THAT(Broken("countries"), HasSubstr("sync.fields[2].target"));
  EXPECT_EQ(Broken("cities"), "");
  EXPECT_EQ(Compiled("countries").broken(), Broken("countries"));
  EXPECT_EQ(Compiled("cities").broken(), "");
  const auto listed = Call(&RegistryStub::ListSyncs, "");
  ASSERT_OK(listed);
  EXPECT_EQ(listed->syncs(1).broken(), Broken("countries"));

  EXPECT_THAT(Analyze("shop"), IsEmpty()) << "it is no news any more";
  EXPECT_THAT(After(target_, "shop", "ALTER TABLE nation ADD COLUMN size numeric"),
              ElementsAre("syncs/countries: "));
  EXPECT_EQ(Broken("countries"), "");
  EXPECT_EQ(Compiled("countries").broken(), "");
}

TEST_F(DriftTest, ARenamedSourceColumnBreaksMappingFilterAndChain) {
  const auto news = After(source_, "atlas", "ALTER TABLE country RENAME COLUMN status TO state");
  EXPECT_THAT(news, ElementsAre(HasSubstr("syncs/countries: sync.filter: ")));
  EXPECT_THAT(After(source_, "atlas", "ALTER TABLE country RENAME COLUMN state TO status"),
              ElementsAre("syncs/countries: "));
  EXPECT_THAT(After(source_, "atlas", "ALTER TABLE country RENAME COLUMN name TO full_name"),
              ElementsAre(HasSubstr("sync.transforms[0].trim.field")));
  EXPECT_THAT(After(source_, "atlas", "ALTER TABLE country RENAME COLUMN full_name TO name"),
              ElementsAre("syncs/countries: "));
}

TEST_F(DriftTest, ATypeThatNoLongerConvertsBreaksIt) {
  EXPECT_THAT(After(target_, "shop", "ALTER TABLE nation ALTER COLUMN size TYPE boolean USING true"),
              ElementsAre(AllOf(HasSubstr("sync.fields[2].source"), HasSubstr("cannot be turned into"))));
}

TEST_F(DriftTest, ANewRequiredColumnBreaksItAndADefaultMendsIt) {
  EXPECT_THAT(
      After(target_, "shop", "ALTER TABLE town ADD COLUMN zip text NOT NULL"),
      ElementsAre(AllOf(HasSubstr("syncs/cities: "), HasSubstr("zip of public.town, which is NOT NULL"))));
  EXPECT_EQ(Broken("countries"), "");
  EXPECT_THAT(After(target_, "shop", "ALTER TABLE town ALTER COLUMN zip SET DEFAULT ''"),
              ElementsAre("syncs/cities: "));
}

TEST_F(DriftTest, ADroppedTableOrKeyBreaksIt) {
  EXPECT_THAT(
      After(target_, "shop", "ALTER TABLE town RENAME TO village"),
      ElementsAre(AllOf(HasSubstr("sync.target_model"), HasSubstr("which is gone from shop's database"))));
  EXPECT_TRUE(
      test_support::ValueOrDie(Call(&RegistryStub::GetModel, "name: 'platforms/shop/models/public.town'"))
          .model()
          .missing());
  EXPECT_THAT(After(target_, "shop", "ALTER TABLE village RENAME TO town"), ElementsAre("syncs/cities: "));
  EXPECT_THAT(After(source_, "atlas", "ALTER TABLE city DROP CONSTRAINT city_pkey"),
              ElementsAre(HasSubstr("has no primary key")));
}

TEST_F(DriftTest, ABrokenSyncThatIsCorrectedGoesOn) {
  After(target_, "shop", "ALTER TABLE nation DROP COLUMN size");
  const auto updated = Call(&RegistryStub::UpdateSync,
                            "sync { name: 'syncs/countries' fields { source: 'code' target: 'iso' } "
                            "fields { source: 'name' target: 'title' } } update_mask { paths: 'fields' }");
  ASSERT_OK(updated);
  EXPECT_EQ(updated->sync().broken(), "");
  EXPECT_EQ(Compiled("countries").broken(), "");
}

TEST_F(DriftTest, WhatAnAgentSaysBreaksAndMendsAsWell) {
  AddAgent("till");
  const std::string item =
      "platform: 'platforms/till' models { model: 'item' fields { name: 'id' type: FIELD_TYPE_TEXT } "
      "key_fields: 'id' ";
  ASSERT_OK(Call(&RegistryStub::PutModels, item + "fields { name: 'label' type: FIELD_TYPE_TEXT } }"));
  ASSERT_OK(
      Call(&RegistryStub::CreateSync,
           "sync { name: 'syncs/items' source_platform: 'till' source_model: 'item' target_platform: 'shop' "
           "target_model: 'public.town' fields { source: 'label' target: 'title' } }"));
  const auto broken = Call(&RegistryStub::PutModels, item + "}");
  ASSERT_OK(broken);
  ASSERT_EQ(broken->drifts_size(), 1);
  EXPECT_THAT(broken->drifts(0).broken(), HasSubstr("sync.fields[0].source"));
  const auto mended =
      Call(&RegistryStub::PutModels, item + "fields { name: 'label' type: FIELD_TYPE_TEXT } }");
  ASSERT_OK(mended);
  ASSERT_EQ(mended->drifts_size(), 1);
  EXPECT_EQ(mended->drifts(0).broken(), "");
}

}  // namespace
}  // namespace cognate::platform_registry
