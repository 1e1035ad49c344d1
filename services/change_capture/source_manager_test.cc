#include "services/change_capture/source_manager.h"

#include <string>

#include "services/change_capture/postgres_source/publication.h"
#include "services/change_capture/test_capture.h"

namespace cognate::change_capture {
namespace {

using Registry = v1::PlatformRegistryService::Stub;

// The service as it is deployed, with a platform that is captured by replication.
class SourceManagerTest : public CaptureFixture {
 protected:
  void SetUp() override {
    CaptureFixture::SetUp();
    source_uri_ = postgres().CreateDatabase();
    static int count = 0;
    platform_ = absl::StrCat("managed-", ++count);
    sql_ = ValueOrDie(postgres::Connection::Open(source_uri_));
    ASSERT_OK(sql_->Execute(
        "CREATE TABLE item (id int PRIMARY KEY, name text); INSERT INTO item VALUES (1, 'one')"));
    v1::CreatePlatformRequest platform;
    platform.mutable_platform()->set_name("platforms/" + platform_);
    platform.mutable_platform()->set_kind(v1::PLATFORM_KIND_POSTGRES);
    platform.mutable_platform()->set_capture_mode(v1::CAPTURE_MODE_REPLICATION);
    platform.mutable_platform()->mutable_database()->set_uri(source_uri_);
    ASSERT_OK(grpc_support::Call(*registry_stub_, &Registry::CreatePlatform, platform));
    v1::AnalyzeModelsRequest analyze;
    analyze.set_platform("platforms/" + platform_);
    ASSERT_OK(grpc_support::Call(*registry_stub_, &Registry::AnalyzeModels, analyze));
  }
  void TearDown() override {
    CaptureFixture::TearDown();
    EXPECT_TRUE(Eventually([&] { return DropSlot(*sql_, SlotName(platform_)).ok(); }));
  }

  void CreateSync() {
    v1::CreateSyncRequest request;
    v1::Sync& sync = *request.mutable_sync();
    sync.set_name("syncs/" + platform_);
    sync.set_source_platform(platform_);
    sync.set_source_model("public.item");
    sync.set_target_platform("vault");
    sync.set_target_model("public.item");
    for (const char* field : {"id", "name"}) {
      sync.add_fields()->set_source(field);
      sync.mutable_fields()->rbegin()->set_target(field);
    }
    ASSERT_OK(grpc_support::Call(*registry_stub_, &Registry::CreateSync, request));
  }
  v1::Source Listed() {
    v1::ListSourcesRequest request;
    request.set_platform(platform_);
    const auto response = Call(&v1::ChangeCaptureService::Stub::ListSources, request);
    return response.ok() && response->sources_size() == 1 ? response->sources(0) : v1::Source();
  }
  bool AwaitState(v1::SourceState state) {
    return Eventually([&] { return Listed().state() == state; });
  }
  // Local ids of the platform's changes on the stream.
  std::vector<std::string> Streamed() {
    std::vector<std::string> ids;
    for (const bus::v1::ChangeBatch& batch : OnStream()) {
      for (const bus::v1::LoggedChange& change : batch.changes()) {
        if (batch.models(change.model_index()).platform() == platform_) ids.push_back(change.local_id());
      }
    }
    return ids;
  }
  int64_t Slots() {
    return ValueOrDie(sql_->QueryOnce("SELECT count(*) FROM pg_replication_slots WHERE slot_name = $1",
                                      postgres::Params().AddText(SlotName(platform_))))
        .GetInt64(0, 0);
  }

  std::string platform_;
  std::string source_uri_;
  std::unique_ptr<postgres::Connection> sql_;
};

TEST_F(SourceManagerTest, CapturesAPlatformFromItsFirstSyncToItsLast) {
  EXPECT_EQ(Slots(), 0) << "nothing is done to a database that no sync reads";
  CreateSync();
  ASSERT_TRUE(AwaitState(v1::SOURCE_STATE_STREAMING)) << Listed().ShortDebugString();
  const v1::Source listed = Listed();
  EXPECT_EQ(listed.platform(), platform_);
  ASSERT_EQ(listed.models_size(), 1);
  EXPECT_EQ(listed.models(0).model(), "public.item");
  EXPECT_TRUE(listed.models(0).snapshot_complete());
  EXPECT_EQ(listed.models(0).snapshot_row_count(), 1);
  EXPECT_FALSE(listed.confirmed_position().empty());
  ASSERT_OK(sql_->Execute("INSERT INTO item VALUES (2, 'two')"));
  ASSERT_TRUE(Eventually([&] { return Streamed() == std::vector<std::string>({"1", "2"}); }));
  EXPECT_THAT(capture_->MetricsText(),
              ::testing::HasSubstr("cognate_source_lag_bytes{platform=\"" + platform_));
  EXPECT_THAT(capture_->MetricsText(),
              ::testing::HasSubstr("cognate_source_heartbeat_timestamp_seconds{platform=\"" + platform_));

  v1::DeleteSyncRequest remove;
  remove.set_name("syncs/" + platform_);
  ASSERT_OK(grpc_support::Call(*registry_stub_, &Registry::DeleteSync, remove));
  ASSERT_TRUE(AwaitState(v1::SOURCE_STATE_IDLE)) << Listed().ShortDebugString();
  ASSERT_TRUE(Eventually([&] { return Slots() == 0; }));
}

TEST_F(SourceManagerTest, GoesOnAfterARestartAndWhilePaused) {
  CreateSync();
  ASSERT_TRUE(AwaitState(v1::SOURCE_STATE_STREAMING));
  capture_.reset();
  ASSERT_OK(sql_->Execute("INSERT INTO item VALUES (2, 'two')"));
  StartCapture();
  ASSERT_TRUE(Eventually([&] { return Streamed() == std::vector<std::string>({"1", "2"}); }));
  v1::UpdateSyncRequest pause;
  pause.mutable_sync()->set_name("syncs/" + platform_);
  pause.mutable_sync()->set_status(v1::SYNC_STATUS_PAUSED);
  pause.mutable_update_mask()->add_paths("status");
  ASSERT_OK(grpc_support::Call(*registry_stub_, &Registry::UpdateSync, pause));
  ASSERT_OK(sql_->Execute("INSERT INTO item VALUES (3, 'three')"));
  ASSERT_TRUE(Eventually([&] { return Streamed().size() == 3; }));
  EXPECT_EQ(Slots(), 1);
}

TEST_F(SourceManagerTest, CleansUpAfterASyncThatWentAwayWhileNobodyWasThere) {
  CreateSync();
  ASSERT_TRUE(AwaitState(v1::SOURCE_STATE_STREAMING));
  capture_.reset();
  v1::DeleteSyncRequest remove;
  remove.set_name("syncs/" + platform_);
  ASSERT_OK(grpc_support::Call(*registry_stub_, &Registry::DeleteSync, remove));
  StartCapture();
  ASSERT_TRUE(AwaitState(v1::SOURCE_STATE_IDLE)) << Listed().ShortDebugString();
  ASSERT_TRUE(Eventually([&] { return Slots() == 0; }));
}

}  // namespace
}  // namespace cognate::change_capture
