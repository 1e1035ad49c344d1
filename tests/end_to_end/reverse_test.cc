// The way back of a sync, derived: two-way syncs whose chains are each other's inverses write each edit once.
#include "absl/strings/str_replace.h"
#include "cognate/v1/pipeline_service.grpc.pb.h"
#include "cognate/v1/rules_service.grpc.pb.h"
#include "tests/end_to_end/two_databases.h"

namespace cognate {
namespace {

using test_support::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kSource[] = R"sql(
    CREATE TABLE person (id serial PRIMARY KEY, first text, last text, level int, meta_key text, born text, note text);
)sql";
constexpr char kTarget[] = R"sql(
    CREATE TABLE contact (no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, full_name text, rank text,
                          key text, birthday date, kind text, note text);
)sql";
// Each write of a delivery and of a person counts.
constexpr char kCount[] = R"sql(
    CREATE TABLE writes (n bigserial);
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO writes DEFAULT VALUES; RETURN NULL; END $$;
    CREATE TRIGGER noted AFTER INSERT OR UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION note();
)sql";
constexpr char kRules[] = R"pb(
  conflict_policy: CONFLICT_POLICY_SOURCE
  natural_keys { fields: 'key' }
  fields { source: 'full' target: 'full_name' }
  fields { source: 'level' target: 'rank' }
  fields { source: 'meta_key' target: 'key' }
  fields { source: 'born' target: 'birthday' }
  fields { source: 'kind' target: 'kind' }
  fields { source: 'note' target: 'note' conflict_policy: CONFLICT_POLICY_MANUAL }
  transforms { concat { fields: 'first' fields: 'last' into: 'full' separator: ' | ' } }
  transforms {
    look_up {
      field: 'level'
      entries {
        from { int64_value: 1 }
        to { text_value: 'junior' }
      }
      entries {
        from { int64_value: 2 }
        to { text_value: 'senior' }
      }
    }
  }
  transforms { rewrite_prefix { field: 'meta_key' from: 'wp_' to: 'site2_' } }
  transforms {
    change_time {
      field: 'born'
      from { format: '%d.%m.%Y' }
      to { date: true }
    }
  }
  transforms {
    constant {
      into: 'kind'
      value { text_value: 'person' }
    }
  }
)pb";

class ReverseTest : public TwoDatabases {
 protected:
  void SetUp() override {
    Build(std::string(kSource) + absl::StrReplaceAll(kCount, {{"%s", "person"}}),
          std::string(kTarget) + absl::StrReplaceAll(kCount, {{"%s", "contact"}}),
          /*target_is_captured=*/true);
  }
  absl::StatusOr<v1::ReverseSyncResponse> Reverse(const std::string& text) {
    const auto rules = v1::RulesService::NewStub(cluster_.ChannelTo("platform-registry"));
    return Do(*rules, &v1::RulesService::Stub::ReverseSync, text);
  }
  static std::vector<std::string> Missing(const v1::ReverseSyncResponse& response) {
    std::vector<std::string> fields;
    for (const v1::NotInvertible& missing : response.missing()) fields.push_back(missing.field());
    return fields;
  }
};

constexpr char kPeople[] =
    "SELECT string_agg(concat_ws(' ', first, last, level, meta_key, born, note), '; ' ORDER BY id) FROM "
    "person";
constexpr char kContacts[] =
    "SELECT string_agg(concat_ws(' ', full_name, rank, key, birthday, kind, note), '; ' ORDER BY no) FROM "
    "contact";

TEST_F(ReverseTest, ADerivedPairWritesEachEditOnce) {
  ASSERT_THAT(CreateSync("people", "person", "contact", kRules), IsOk());
  const auto back = Reverse("name: 'syncs/people'");
  ASSERT_THAT(back, IsOk());
  EXPECT_EQ(back->sync().name(), "syncs/people-back");
  EXPECT_EQ(back->sync().conflict_policy(), v1::CONFLICT_POLICY_TARGET);
  EXPECT_THAT(Missing(*back), ElementsAre());
  ASSERT_EQ(back->sync().natural_keys_size(), 1);
  EXPECT_EQ(back->sync().natural_keys(0).fields(0), "meta_key");
  // As it comes it can be stored, and says nothing that disagrees.
  v1::CreateSyncRequest create;
  *create.mutable_sync() = back->sync();
  const auto created = grpc_support::Call(*registry_, &RegistryStub::CreateSync, create, {});
  ASSERT_THAT(created, IsOk());
  for (const std::string& warning : created->warnings())
    EXPECT_THAT(warning, testing::Not(HasSubstr("comes back")));

  Run("INSERT INTO person (first, last, level, meta_key, born, note) VALUES ('Ada', 'King', 1, 'wp_ada', "
      "'28.02.2026', 'a')");
  ExpectTarget(kContacts, "Ada | King junior site2_ada 2026-02-28 person a");
  ASSERT_THAT(target_->Execute("INSERT INTO contact (full_name, rank, key, birthday, note) VALUES "
                               "('Bo | Ek', 'senior', 'site2_bo', '2025-01-02', 'b')"),
              IsOk());
  Expect(*source_, kPeople, "Ada King 1 wp_ada 28.02.2026 a; Bo Ek 2 wp_bo 02.01.2025 b");
  for (int i = 1; i <= 5; ++i) {
    Run(absl::StrCat("UPDATE person SET last = 'King", i, "', level = ", 1 + i % 2, " WHERE first = 'Ada'"));
    ExpectTarget("SELECT full_name FROM contact WHERE key = 'site2_ada'", absl::StrCat("Ada | King", i));
    ASSERT_THAT(target_->Execute(
                    absl::StrCat("UPDATE contact SET birthday = '2025-01-1", i, "' WHERE key = 'site2_bo'")),
                IsOk());
    Expect(*source_, "SELECT born FROM person WHERE meta_key = 'wp_bo'", absl::StrCat("1", i, ".01.2025"));
  }
  // Two inserts and ten edits are there once each, and arrived once each. What flapped would be behind them.
  Run("INSERT INTO person (first, last, level, meta_key, born) VALUES ('end', 'x', 1, 'wp_end', "
      "'01.01.2026')");
  ExpectTarget("SELECT count(*) FROM contact", "3");
  EXPECT_EQ(Ask(*source_, "SELECT count(*) FROM writes"), "13");
  EXPECT_EQ(Ask(*target_, "SELECT count(*) FROM writes"), "13");
}

TEST_F(ReverseTest, WhatHasNoWayBackIsSaidWithItsPath) {
  const auto pipelines = v1::PipelineService::NewStub(cluster_.ChannelTo("platform-registry"));
  ASSERT_THAT(Do(*pipelines, &v1::PipelineService::Stub::CreatePipeline, R"pb(
                pipeline {
                  name: 'pipelines/neat'
                  transforms { trim { field: 'last' } }
                  transforms { slug { field: 'meta_key' } }
                })pb"),
              IsOk());
  const auto back = Reverse(SyncText("people", "person", "contact", R"pb(
    filter: 'level > 1'
    before: 'pipelines/neat'
    fields { source: 'last' target: 'full_name' }
    fields { source: 'meta_key' target: 'key' }
    fields { source: 'note' target: 'note' missing_only: true }
    fields { source: 'first' target: 'kind' }
    transforms { change_case { field: 'first' letter_case: LETTER_CASE_UPPER } }
  )pb"));
  ASSERT_THAT(back, IsOk());
  EXPECT_THAT(Missing(*back), testing::UnorderedElementsAre("sync.transforms[0].change_case",
                                                            "pipelines/neat.transforms[1].slug",
                                                            "pipelines/neat.transforms[0].trim",
                                                            "sync.fields[2].missing_only", "sync.filter"));
  ASSERT_EQ(back->sync().fields_size(), 1);
  EXPECT_EQ(back->sync().fields(0).source(), "note");
  EXPECT_EQ(ErrorReason(Reverse("name: 'syncs/nobody'").status()), "SYNC_NOT_FOUND");
  EXPECT_EQ(ErrorReason(Reverse("").status()), "INVALID_FIELD");
}

TEST_F(ReverseTest, AWayBackThatMakesSomethingElseIsWarnedOf) {
  ASSERT_THAT(CreateSync("people", "person", "contact", R"pb(
                fields { source: 'first' target: 'full_name' }
                fields { source: 'note' target: 'note' }
                transforms { change_case { field: 'first' letter_case: LETTER_CASE_UPPER } })pb"),
              IsOk());
  const auto linted = Do(*registry_, &RegistryStub::LintSync, R"pb(
    sync {
      name: 'syncs/back'
      source_platform: 'blog'
      source_model: 'public.contact'
      target_platform: 'magazine'
      target_model: 'public.person'
      fields { source: 'full_name' target: 'first' }
      fields { source: 'note' target: 'note' }
    })pb");
  ASSERT_THAT(linted, IsOk());
  std::string found;
  for (const v1::SyncFinding& finding : linted->findings()) {
    if (finding.reason() == "CHAINS_DISAGREE") found += finding.field() + ": " + finding.message() + "\n";
  }
  EXPECT_THAT(found,
              HasSubstr("sync.fields[0].source: full_name: \"Ab c\" comes back by syncs/people as \"AB C\""));
  EXPECT_THAT(found, testing::Not(HasSubstr("note")));
}

TEST_F(ReverseTest, TheCommandWritesWhatApplyTakes) {
  ASSERT_THAT(CreateSync("people", "person", "contact", kRules), IsOk());
  const auto written =
      cluster_.Run({"sync", "reverse", "people", "--output", cluster_.directory() + "/back.yaml"});
  ASSERT_EQ(written.code, 0) << written.output;
  const auto applied = cluster_.Run({"sync", "apply", cluster_.directory() + "/back.yaml"});
  ASSERT_EQ(applied.code, 0) << applied.output;
  EXPECT_THAT(applied.output, HasSubstr("syncs/people-back created"));
  // The way back of the way back is the way.
  const auto again = cluster_.Run({"sync", "reverse", "people-back"});
  EXPECT_THAT(again.output, HasSubstr("name: syncs/people\n"));
  EXPECT_THAT(again.output, HasSubstr("rewrite_prefix: {field: "));
}

}  // namespace
}  // namespace cognate
