// What a change of rules would take away is counted before it goes: what the registry keeps of it.
#include "services/platform_registry/leave_guard.h"

#include "absl/strings/str_cat.h"
#include "services/clients/guard.h"
#include "services/platform_registry/registry_fixture.h"

namespace cognate::platform_registry {
namespace {

using test_support::HasReason;
using test_support::ParseProto;

bool Takes(const std::string& before, const std::string& after) {
  return MayTakeAway(ParseProto<v1::Sync>(before), ParseProto<v1::Sync>(after));
}

TEST(MayTakeAwayTest, WhatOnlyWidensTakesNothingAway) {
  EXPECT_FALSE(Takes("filter: 'a = 1'", ""));
  EXPECT_FALSE(Takes("only_assigned: true", ""));
  EXPECT_FALSE(Takes("sync_ids: '1'", "sync_ids: ['2', '1']"));
  EXPECT_FALSE(Takes("sync_ids: '1'", ""));
  EXPECT_FALSE(Takes("ignore_ids: ['1', '2']", "ignore_ids: '2'"));
  EXPECT_FALSE(Takes("", "all_fields: true transforms { trim { field: 'a' } }"));
  EXPECT_FALSE(Takes("", "leave { action: LEAVE_ACTION_KEEP }")) << "nothing can leave";
}

TEST(MayTakeAwayTest, WhatMayNarrowIsCounted) {
  EXPECT_TRUE(Takes("", "filter: 'a = 1'"));
  EXPECT_TRUE(Takes("filter: 'a = 1'", "filter: 'a = 1 or b = 2'")) << "conditions are not compared";
  EXPECT_TRUE(Takes("", "only_assigned: true"));
  EXPECT_TRUE(Takes("", "sync_ids: '1'"));
  EXPECT_TRUE(Takes("sync_ids: ['1', '2']", "sync_ids: ['2', '3']"));
  EXPECT_TRUE(Takes("ignore_ids: '1'", "ignore_ids: ['1', '2']"));
  EXPECT_TRUE(Takes("filter: 'a = 1' leave { action: LEAVE_ACTION_KEEP }", "filter: 'a = 1'"));
  EXPECT_FALSE(Takes("", "filter: 'a = 1' max_leaving_percent: 100")) << "never held";
}

TEST(IsTooMuchTest, IsAShareAndNeverFewerThanTen) {
  v1::Sync sync;
  EXPECT_FALSE(clients::IsTooMuch(sync, 9, 9));
  EXPECT_TRUE(clients::IsTooMuch(sync, 10, 10));
  EXPECT_FALSE(clients::IsTooMuch(sync, 20, 100));
  EXPECT_TRUE(clients::IsTooMuch(sync, 21, 100));
  sync.set_max_leaving_percent(50);
  EXPECT_FALSE(clients::IsTooMuch(sync, 50, 100));
}

class LeaveGuardTest : public RegistryTest {
 protected:
  void SetUp() override {
    for (const std::string platform : {"atlas", "shop"}) {
      const std::string uri = test_support::PostgresServer::Shared().CreateDatabase();
      ASSERT_OK(test_support::ValueOrDie(postgres::Connection::Open(uri))
                    ->Execute("CREATE TABLE country (id serial PRIMARY KEY, name text, area int)"));
      AddPostgres(platform, uri, "capture_mode: CAPTURE_MODE_REPLICATION");
      ASSERT_OK(Call(&RegistryStub::AnalyzeModels, "platform: 'platforms/" + platform + "'"));
    }
    ASSERT_OK(
        Call(&RegistryStub::CreateSync,
             std::string("sync { name: 'syncs/c' source_platform: 'atlas' source_model: 'public.country' "
                         "target_platform: 'shop' target_model: 'public.country' all_fields: true "
                         "filter: 'area > 1' }")));
  }
  v1::Sync Get() {
    return test_support::ValueOrDie(Call(&RegistryStub::GetSync, std::string("name: 'syncs/c'"))).sync();
  }
  // "COUNTING 0/0"; "none" without a guard.
  std::string Guard() {
    const v1::Sync sync = Get();
    if (!sync.has_guard()) return "none";
    return absl::StrCat(
        v1::LeaveGuardState_Name(sync.guard().state()).substr(sizeof("LEAVE_GUARD_STATE_") - 1), " ",
        sync.guard().leaving_count(), "/", sync.guard().record_count());
  }
  std::string Change(const std::string& sync, const std::string& path) {
    const auto changed =
        Call(&RegistryStub::UpdateSync,
             absl::StrCat("sync { name: 'syncs/c' ", sync, " } update_mask { paths: '", path, "' }"));
    EXPECT_OK(changed);
    return Guard();
  }
  std::string Count(int64_t leaving, int64_t of) {
    const auto counted =
        Call(&RulesStub::SetLeaveGuard, absl::StrCat("name: 'syncs/c' etag: '", Get().etag(),
                                                     "' leaving_count: ", leaving, " record_count: ", of));
    EXPECT_OK(counted);
    return Guard();
  }
  int64_t RulesRevision() {
    return test_support::ValueOrDie(Call(&RegistryStub::GetRules, std::string(""))).revision();
  }
  std::string FilterBefore() {
    const auto compiled = Call(&RulesStub::CompileRules, std::string("guarded: 'syncs/c'"));
    return compiled.ok() ? compiled->rules().syncs(0).sync().filter() : ErrorReason(compiled.status());
  }
};

TEST_F(LeaveGuardTest, ANewSyncHasNone) {
  EXPECT_EQ(Guard(), "none");
  EXPECT_THAT(Call(&RulesStub::ApproveSync, std::string("name: 'syncs/c'")), HasReason("SYNC_NOT_HELD"));
  EXPECT_EQ(FilterBefore(), "SYNC_NOT_FOUND");
}

TEST_F(LeaveGuardTest, WhatIsLittleIsLiftedAndWhatIsMuchIsHeldUntilItIsApproved) {
  EXPECT_EQ(Change("filter: 'area > 2'", "filter"), "COUNTING 0/0");
  EXPECT_THAT(Call(&RulesStub::ApproveSync, std::string("name: 'syncs/c'")), HasReason("SYNC_NOT_HELD"));
  int64_t revision = RulesRevision();
  EXPECT_EQ(Count(20, 100), "none");
  EXPECT_GT(RulesRevision(), revision) << "the services hear of it";

  EXPECT_EQ(Change("filter: 'area > 3'", "filter"), "COUNTING 0/0");
  EXPECT_EQ(Count(21, 100), "HELD 21/100");
  EXPECT_EQ(Count(1, 100), "HELD 21/100") << "it was counted";
  revision = RulesRevision();
  EXPECT_THAT(Call(&RulesStub::ApproveSync, std::string("name: 'syncs/c' etag: 'older'")),
              HasReason("ETAG_MISMATCH"));
  EXPECT_OK(Call(&RulesStub::ApproveSync, absl::StrCat("name: 'syncs/c' etag: '", Get().etag(), "'")));
  EXPECT_EQ(Guard(), "none");
  EXPECT_GT(RulesRevision(), revision);
  EXPECT_EQ(Get().filter(), "area > 3");
}

TEST_F(LeaveGuardTest, AnotherChangeIsCountedAnewFromWhatTheTargetHas) {
  Change("filter: 'area > 2'", "filter");
  const std::string counted_for = Get().etag();
  EXPECT_EQ(Change("filter: 'area > 5'", "filter"), "COUNTING 0/0");
  EXPECT_THAT(Call(&RulesStub::SetLeaveGuard, absl::StrCat("name: 'syncs/c' etag: '", counted_for,
                                                           "' leaving_count: 1 record_count: 9")),
              HasReason("ETAG_MISMATCH"));
  EXPECT_EQ(FilterBefore(), "area > 1");
  EXPECT_EQ(Count(90, 100), "HELD 90/100");
  EXPECT_EQ(Change("all_fields: true", "all_fields"), "HELD 90/100") << "that takes nothing away";
  EXPECT_EQ(Change("", "filter"), "COUNTING 0/0") << "what was held back meanwhile is delivered";
  EXPECT_EQ(Count(0, 100), "none");
  EXPECT_EQ(Change("max_leaving_percent: 100", "max_leaving_percent"), "none");
  EXPECT_EQ(Change("filter: 'area > 7'", "filter"), "none");
}

TEST_F(LeaveGuardTest, ASyncThatIsMadeAnewHasNone) {
  Change("filter: 'area > 2'", "filter");
  const v1::Sync before = Get();
  EXPECT_OK(Call(&RegistryStub::DeleteSync, std::string("name: 'syncs/c'")));
  v1::CreateSyncRequest request;
  *request.mutable_sync() = before;
  EXPECT_OK(Call(&RegistryStub::CreateSync, request));
  EXPECT_EQ(Guard(), "none");
}

TEST_F(LeaveGuardTest, RulesAreCompiledAsTheyWouldBe) {
  v1::CompileRulesRequest request;
  *request.mutable_sync() = Get();
  request.mutable_sync()->set_filter("area > 9");
  request.mutable_sync()->set_status(v1::SYNC_STATUS_PAUSED);
  const auto compiled = Call(&RulesStub::CompileRules, request);
  ASSERT_OK(compiled);
  ASSERT_EQ(compiled->rules().syncs_size(), 1);
  EXPECT_EQ(compiled->rules().syncs(0).sync().filter(), "area > 9");
  EXPECT_EQ(compiled->rules().syncs(0).sync().status(), v1::SYNC_STATUS_ACTIVE);
  EXPECT_EQ(Get().filter(), "area > 1");
  request.mutable_sync()->add_before("pipelines/site");
  EXPECT_THAT(Call(&RulesStub::CompileRules, request), HasReason("INVALID_FIELD"));
  *request.add_pipelines() =
      ParseProto<v1::Pipeline>("name: 'pipelines/site' transforms { trim { field: 'name' } }");
  const auto with_pipeline = Call(&RulesStub::CompileRules, request);
  ASSERT_OK(with_pipeline);
  EXPECT_EQ(with_pipeline->rules().syncs(0).chain(0).pipeline(), "pipelines/site");
  request.mutable_sync()->set_filter("nothing > 9");
  EXPECT_THAT(Call(&RulesStub::CompileRules, request), HasReason("INVALID_FIELD"));
}

}  // namespace
}  // namespace cognate::platform_registry
