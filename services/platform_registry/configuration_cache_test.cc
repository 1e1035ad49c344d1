// What processes keep of the configuration, and compile of it a piece at a time, is what is in the database,
// whoever changed it last, and however a change ended.
#include "services/platform_registry/configuration_cache.h"

#include <iostream>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cognate/v1/pipeline_service.grpc.pb.h"
#include "services/platform_registry/configuration_store.h"
#include "services/platform_registry/registry_fixture.h"
#include "services/platform_registry/rules.h"
#include "services/platform_registry/sync_check.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;
using test_support::EqualsProto;
using test_support::StatusIs;
using test_support::ValueOrDie;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using PipelineStub = v1::PipelineService::Stub;

constexpr int kSteps = 600;

class ConfigurationCacheTest : public ::testing::Test {
 protected:
  ConfigurationCacheTest() {
    Config config;
    config.postgres.uri = uri_;
    pool_ = ValueOrDie(postgres::Pool::Create(PoolOptions(config)));
  }

  int Number(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  bool Chance(int percent) { return Number(100) < percent; }
  std::string Platform() { return StrCat("p", Number(4)); }
  std::string Model() { return StrCat("m", Number(3)); }
  Registry& Either() { return Chance(50) ? *one_ : *other_; }

  std::string RandomModel(const std::string& name) {
    std::string model =
        StrCat("models { model: '", name, "' key_fields: 'id' assignable: ", Chance(70) ? "true" : "false",
               " fields { name: 'id' type: FIELD_TYPE_TEXT generated: true }");
    for (int i = 0; i < 4; ++i) {
      if (i == 0 || Chance(75))
        absl::StrAppend(&model, " fields { name: 'f", i, "' nullable: true type: ",
                        Chance(70) ? "FIELD_TYPE_TEXT" : "FIELD_TYPE_INTEGER size_bits: 32", " }");
    }
    if (Chance(40))
      absl::StrAppend(&model, " foreign_keys { fields: 'f0' model: '", Model(),
                      "' referenced_fields: 'id' }");
    return model + " }";
  }
  std::string RandomSync(int number) {
    const int source = Number(4);
    std::string sync =
        StrCat("sync { name: 'syncs/s", number, "' source_platform: 'p", source, "' source_model: '", Model(),
               "' target_platform: 'p", (source + 1 + Number(3)) % 4, "' target_model: '", Model(), "'");
    Chance(50) ? absl::StrAppend(&sync, " all_fields: true")
               : absl::StrAppend(&sync, " fields { source: 'f", Number(4), "' target: 'f", Number(4), "' }");
    if (Chance(25)) absl::StrAppend(&sync, " filter: \"", Condition(), "\"");
    if (Chance(25)) absl::StrAppend(&sync, " before: 'pipelines/l", Number(2), "'");
    if (Chance(25)) absl::StrAppend(&sync, " only_assigned: true");
    return sync + " }";
  }
  std::string Condition() { return Chance(50) ? StrCat("assigned('", Platform(), "')") : "f1 = 'x'"; }
  std::string AllModels() { return RandomModel("m0") + RandomModel("m1") + RandomModel("m2"); }
  std::string Pipeline() {
    return StrCat("pipeline { name: 'pipelines/l", Number(2), "' transforms { trim { field: 'f", Number(4),
                  "' } } }");
  }

  // Some are refused: what they tried must leave nothing behind.
  bool Step() {
    Registry& registry = Either();
    switch (Number(12)) {
      case 0:
        return registry
            .Call(&RegistryStub::CreatePlatform,
                  StrCat("platform { name: 'platforms/", Platform(), "' kind: PLATFORM_KIND_AGENT }"))
            .ok();
      case 1:
        return Chance(8) &&
               registry.Call(&RegistryStub::DeletePlatform, StrCat("name: 'platforms/", Platform(), "'"))
                   .ok();
      case 2:
        return registry
            .Call(&RegistryStub::UpdatePlatform,
                  StrCat("platform { name: 'platforms/", Platform(),
                         "' channel: ", Chance(20) ? "CHANNEL_NONE" : "CHANNEL_AGENT",
                         " } update_mask { paths: 'channel' }"))
            .ok();
      case 3:
      case 4:
        return registry
            .Call(&RegistryStub::PutModels, StrCat("platform: 'platforms/", Platform(), "' ",
                                                   Chance(60) ? RandomModel(Model()) : AllModels()))
            .ok();
      case 5:
        return Chance(50) ? registry.Call(&PipelineStub::CreatePipeline, Pipeline()).ok()
                          : registry
                                .Call(&PipelineStub::UpdatePipeline,
                                      StrCat(Pipeline(), " update_mask { paths: 'transforms' }"))
                                .ok();
      case 6:
        return Chance(40) &&
               registry.Call(&PipelineStub::DeletePipeline, StrCat("name: 'pipelines/l", Number(2), "'"))
                   .ok();
      case 7:
        return Chance(40) &&
               registry.Call(&RegistryStub::DeleteSync, StrCat("name: 'syncs/s", Number(8), "'")).ok();
      case 8:
        return registry
            .Call(&RegistryStub::UpdateSync,
                  StrCat("sync { name: 'syncs/s", Number(8), "' filter: \"", Condition(),
                         "\" status: ", Chance(30) ? "SYNC_STATUS_PAUSED" : "SYNC_STATUS_ACTIVE",
                         " } update_mask { paths: 'status' paths: 'filter' }"))
            .ok();
      default:
        return registry.Call(&RegistryStub::CreateSync, RandomSync(Number(8))).ok();
    }
  }

  Configuration Loaded() {
    Configuration configuration;
    EXPECT_OK(pool_->InTransaction("load", [&](postgres::Transaction& transaction) -> absl::Status {
      ASSIGN_OR_RETURN(configuration, LoadConfiguration(transaction));
      return absl::OkStatus();
    }));
    return configuration;
  }

  absl::Status Write(postgres::Transaction& transaction, const std::string& platform) {
    return transaction.Execute(
        StrCat("UPDATE platforms SET revision = revision WHERE name = '", platform, "'"));
  }
  std::set<std::string> PlatformsOf(ConfigurationCache& cache) {
    std::set<std::string> platforms;
    EXPECT_OK(pool_->InTransaction("copy", [&](postgres::Transaction& transaction) -> absl::Status {
      RETURN_IF_ERROR(LockConfiguration(transaction));
      ASSIGN_OR_RETURN(const Configuration configuration, cache.Copy(transaction));
      for (const auto& [id, platform] : configuration.platforms) platforms.insert(id);
      return absl::OkStatus();
    }));
    return platforms;
  }

  void ExpectAllTheSame() {
    const Configuration loaded = Loaded();
    const v1::Rules wanted = CompileRules(loaded);
    for (Registry* const registry : {one_.get(), other_.get()}) {
      const auto got = registry->Call(&RegistryStub::GetRules, "known_revision: -1");
      ASSERT_OK(got);
      ASSERT_THAT(got->rules(), EqualsProto(wanted));
    }
    for (const auto& [name, sync] : loaded.syncs) ASSERT_EQ(sync.broken(), WhyBroken(loaded, sync)) << name;
  }

  const unsigned seed_ = std::random_device()();
  std::mt19937 random_{seed_};
  const std::string uri_ = test_support::PostgresServer::Shared().CreateDatabase();
  std::unique_ptr<Registry> one_ = std::make_unique<Registry>(uri_);
  std::unique_ptr<Registry> other_ = std::make_unique<Registry>(uri_);
  std::unique_ptr<postgres::Pool> pool_;
};

TEST_F(ConfigurationCacheTest, TwoProcessesThatWriteInTurnsHaveTheRulesOfOneThatReadsAllAnew) {
  std::cout << "seed " << seed_ << std::endl;
  for (int i = 0; i < 4; ++i) {
    ASSERT_OK(Either().Call(&RegistryStub::CreatePlatform,
                            StrCat("platform { name: 'platforms/p", i, "' kind: PLATFORM_KIND_AGENT }")));
    ASSERT_OK(
        Either().Call(&RegistryStub::PutModels, StrCat("platform: 'platforms/p", i, "' ", AllModels())));
  }
  int done = 0;
  for (int step = 0; step < kSteps; ++step) {
    done += Step() ? 1 : 0;
    if (Chance(40)) ExpectAllTheSame();
    ASSERT_FALSE(HasFatalFailure()) << "seed " << seed_ << ", step " << step;
  }
  ExpectAllTheSame();
  std::cout << done << " of " << kSteps << " changes were made" << std::endl;
}

// The numbers that a rolled back transaction had taken are those of whoever commits next.
TEST_F(ConfigurationCacheTest, WhatOthersCommitAfterARollbackIsSeenHoweverOftenItWroteOneObject) {
  ASSERT_OK(other_->Call(&RegistryStub::CreatePlatform,
                         "platform { name: 'platforms/atlas' kind: PLATFORM_KIND_AGENT }"));
  ConfigurationCache loaded, fresh;
  EXPECT_THAT(PlatformsOf(loaded), ElementsAre("atlas"));
  EXPECT_THAT(pool_->InTransaction("rolled_back",
                                   [&](postgres::Transaction& transaction) -> absl::Status {
                                     RETURN_IF_ERROR(LockConfiguration(transaction));
                                     for (int i = 0; i < 2; ++i) RETURN_IF_ERROR(Write(transaction, "atlas"));
                                     for (ConfigurationCache* const cache : {&loaded, &fresh})
                                       RETURN_IF_ERROR(cache->Copy(transaction).status());
                                     return absl::AbortedError("rolled back");
                                   }),
              StatusIs(absl::StatusCode::kAborted));
  ASSERT_OK(other_->Call(&RegistryStub::CreatePlatform,
                         "platform { name: 'platforms/shop' kind: PLATFORM_KIND_AGENT }"));
  EXPECT_THAT(PlatformsOf(loaded), ElementsAre("atlas", "shop"));
  EXPECT_THAT(PlatformsOf(fresh), ElementsAre("atlas", "shop"));
}

TEST_F(ConfigurationCacheTest, EachObjectThatOneStatementWritesIsSeen) {
  ConfigurationCache cache;
  EXPECT_THAT(PlatformsOf(cache), IsEmpty());
  EXPECT_OK(pool_->InTransaction("many", [&](postgres::Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(LockConfiguration(transaction));
    RETURN_IF_ERROR(transaction.Execute(R"sql(
        INSERT INTO platforms (name, display_name, kind, channel, capture_mode, revision)
        SELECT 'p' || g, '', 'PLATFORM_KIND_AGENT', 'CHANNEL_AGENT', 'CAPTURE_MODE_AGENT', 1
        FROM generate_series(1, 3) g)sql"));
    return transaction.Execute("DELETE FROM platforms WHERE name IN ('p1', 'p3')");
  }));
  EXPECT_THAT(PlatformsOf(cache), ElementsAre("p2"));
  EXPECT_OK(pool_->Run("numbers", [&](postgres::Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const postgres::Rows rows,
                     transaction.Query({"numbers",
                                        "SELECT name, change FROM configuration_changes ORDER BY "
                                        "change"}));
    EXPECT_EQ(rows.size(), 3);
    EXPECT_EQ(rows.GetText(0, 0), "p2");
    EXPECT_THAT(std::vector<int64_t>({rows.GetInt64(1, 1), rows.GetInt64(2, 1)}), ElementsAre(4, 5));
    return absl::OkStatus();
  }));
}

// What is gone, or came, the cache has seen already in the transaction that was rolled back.
TEST_F(ConfigurationCacheTest, ATransactionThatIsMadeAgainConcernsTheSameSyncs) {
  for (const char* const id : {"atlas", "shop"}) {
    ASSERT_OK(other_->Call(
        &RegistryStub::CreatePlatform,
        StrCat("platform { name: 'platforms/", id, "' kind: PLATFORM_KIND_AGENT channel: CHANNEL_AGENT }")));
    ASSERT_OK(other_->Call(&RegistryStub::PutModels,
                           StrCat("platform: 'platforms/", id, "' models { model: 'm' key_fields: 'id' ",
                                  "fields { name: 'id' type: FIELD_TYPE_TEXT generated: true } ",
                                  "fields { name: 'f' type: FIELD_TYPE_TEXT nullable: true } }")));
  }
  ASSERT_OK(other_->Call(&RegistryStub::CreateSync,
                         "sync { name: 'syncs/s' source_platform: 'atlas' source_model: 'm' "
                         "target_platform: 'shop' target_model: 'm' all_fields: true }"));
  const v1::Sync sync = Loaded().syncs.at("syncs/s");
  ConfigurationCache loaded, fresh;
  EXPECT_THAT(PlatformsOf(loaded), ElementsAre("atlas", "shop"));
  const auto own_of = [&](ConfigurationCache& cache, const std::string& sql) {
    Concern own;
    cache.SetJudged();
    EXPECT_THAT(pool_->InTransaction("again",
                                     [&](postgres::Transaction& transaction) -> absl::Status {
                                       RETURN_IF_ERROR(LockConfiguration(transaction));
                                       RETURN_IF_ERROR(transaction.Execute(sql));
                                       RETURN_IF_ERROR(
                                           cache.With(transaction, [&](const ConfigurationCache::View& view) {
                                             own = view.own;
                                             return absl::OkStatus();
                                           }));
                                       return absl::AbortedError("rolled back");
                                     }),
                StatusIs(absl::StatusCode::kAborted));
    return own;
  };
  const std::string take_out = "UPDATE syncs SET deleted = true WHERE name = 's'";
  EXPECT_TRUE(own_of(fresh, take_out).everything);
  for (int i = 0; i < 3; ++i) {
    const Concern own = own_of(loaded, take_out);
    EXPECT_TRUE(own.Has(sync));
    EXPECT_FALSE(own.everything);
  }
  const Concern other = own_of(loaded, "UPDATE pipelines SET revision = revision");
  EXPECT_FALSE(other.Has(sync));
}

// A restored database goes back; whatever is there then is what counts.
TEST_F(ConfigurationCacheTest, AProcessThatIsAheadOfItsDatabaseReadsAllAnew) {
  const auto database = ValueOrDie(postgres::Connection::Open(uri_));
  for (const char* const id : {"atlas", "shop"})
    ASSERT_OK(one_->Call(&RegistryStub::CreatePlatform,
                         StrCat("platform { name: 'platforms/", id, "' kind: PLATFORM_KIND_AGENT }")));
  ASSERT_OK(
      one_->Call(&RegistryStub::PutModels,
                 "platform: 'platforms/atlas' models { model: 'm' key_fields: 'id' fields { name: 'id' type: "
                 "FIELD_TYPE_TEXT } }"));
  ExpectAllTheSame();
  ASSERT_OK(database->Execute(R"sql(
      ALTER TABLE platform_registry.platforms DISABLE TRIGGER USER;
      DELETE FROM platform_registry.platforms WHERE name = 'shop';
      ALTER TABLE platform_registry.platforms ENABLE TRIGGER USER;
      UPDATE platform_registry.configuration SET changes = 1, revision = revision + 1
  )sql"));
  const auto refused = one_->Call(&RegistryStub::CreateSync,
                                  "sync { name: 'syncs/s' source_platform: 'atlas' source_model: 'm' "
                                  "target_platform: 'shop' target_model: 'm' all_fields: true }");
  EXPECT_THAT(std::string(refused.status().message()), ::testing::HasSubstr("shop"));
  ExpectAllTheSame();
}

}  // namespace
}  // namespace cognate::platform_registry
