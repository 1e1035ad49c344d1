#include "services/change_capture/test_capture.h"
#include "tests/support/schema_dump.h"

namespace cognate::change_capture {
namespace {

// Hot statements on a table that has never been analysed, and on one that is large: what the planner believes
// must not matter.
class PlanTest : public CaptureFixture {
 protected:
  // Sequential scans of the tables that the service's own connections have begun so far.
  int64_t Scans(absl::string_view table) {
    return Number(absl::StrCat(
        "SELECT seq_scan FROM pg_stat_user_tables WHERE schemaname = 'change_capture' AND relname = '", table,
        "'"));
  }
  // Statistics come with a delay, but for those of a connection that has ended.
  void Settle() {
    stub_.reset();
    capture_.reset();
    StartCapture();
  }
};

TEST_F(PlanTest, HotStatementsReadByIndexWhileTheLogGrowsFromNothing) {
  using Stub = v1::ChangeCaptureService::Stub;
  Settle();
  const int64_t scans_before = Scans("changes");
  const int64_t batch_scans_before = Scans("batches");
  // Plans are made while the tables are all but empty.
  for (int i = 0; i < 20; ++i) {
    ASSERT_OK(Capture({Item(absl::StrCat("a", i), i, "x")}));
    ASSERT_OK(Acknowledge({i}));
    v1::ReplayRequest replay;
    *replay.add_records() = ParseProto<v1::RecordKey>("platform: 'shop' model: 'item' local_id: '1'");
    ASSERT_OK(Call(&Stub::Replay, replay));
  }
  std::vector<v1::Change> changes;
  for (int i = 0; i < 10'000; ++i) changes.push_back(Item(absl::StrCat("b", i), i, "x"));
  ASSERT_OK(Capture(std::move(changes)));
  // The same connections again, with 10,000 rows.
  for (int i = 0; i < 20; ++i) {
    v1::ReplayRequest replay;
    for (int j = 0; j < 100; ++j) {
      v1::RecordKey& key = *replay.add_records();
      key.set_platform("shop");
      key.set_model("item");
      key.set_local_id(absl::StrCat(i * 100 + j));
    }
    ASSERT_OK(Call(&Stub::Replay, replay));
    ASSERT_OK_AND_ASSIGN(const v1::CaptureResponse again, Capture({Item(absl::StrCat("b", i), i, "x")}));
    EXPECT_GT(again.results(0).version(), 0);
    ASSERT_OK(Acknowledge({1'000'000 + i, 1'000'001 + i}));
  }
  Settle();
  EXPECT_EQ(Scans("changes"), scans_before);
  // The sweep may look at the small table as it likes; acknowledgements may not.
  EXPECT_LT(Scans("batches"), batch_scans_before + 40);
}

TEST(SchemaTest, MigrationsMakeExactlyTheSchemaOfTheGoldenFile) {
  const std::string database = PostgresServer::Shared().CreateDatabase();
  Config config;
  config.postgres.uri = database;
  ASSERT_OK(Migrate(config));
  ASSERT_OK(Migrate(config));  // twice is as once
  EXPECT_EQ(test_support::CompareSchema(database, "change_capture", "services/change_capture/schema.sql"),
            "");
}

}  // namespace
}  // namespace cognate::change_capture
