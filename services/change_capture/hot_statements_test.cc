// What change_capture does for every batch, on empty tables, on fresh ones of 100,000 rows that were never
// analysed, and on analysed ones: nothing may fall into a scan, whatever the planner believes. The server
// itself says what it ran (auto_explain).
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "cognate/v1/expansion_service.grpc.pb.h"
#include "services/change_capture/test_capture.h"

namespace cognate::change_capture {
namespace {

using ::testing::HasSubstr;

constexpr int kRounds = 8;  // a cached plan is made after the fifth

PostgresServer& Server() {
  static const auto& server = *new std::unique_ptr<PostgresServer>(ValueOrDie(PostgresServer::Start(
      {.settings = {"shared_preload_libraries=auto_explain", "auto_explain.log_min_duration=-1",
                    "auto_explain.log_nested_statements=on", "autovacuum=off"}})));
  return *server;
}

enum class Table { kEmpty, kFresh, kAnalyzed };

// Batches of the future: what is to be found lost must be searched for among them.
constexpr char kFill[] = R"sql(
    INSERT INTO change_capture.changes (version, captured_at, platform_id, model_id, operation, local_id, change_id, fields)
    SELECT 1000 + g, now(), platform_id, model_id, 2, 'f' || g, 'f' || g, ''
    FROM generate_series(1, 100000) g, change_capture.models;
    UPDATE change_capture.version_counter SET version = 101000;
    INSERT INTO change_capture.batches (first_version, last_version, rules_revision, queued_at)
    SELECT 1000 + g, 1000 + g, 1, now() + interval '1 day' FROM generate_series(1, 100000) g;
    INSERT INTO change_capture.part_sets (parent_model_id, parent_id, model_id, turn, version, rules_revision, captured_at,
                                          part_ids, hashes)
    SELECT model_id, 'f' || g, model_id + 1, 1, g, 1, now(), '', '' FROM generate_series(1, 100000) g, change_capture.models;
)sql";

class HotStatementsTest : public CaptureFixture, public ::testing::WithParamInterface<Table> {
 protected:
  PostgresServer& postgres() override { return Server(); }
  void Adjust(Config& config) override { config.feeder.grace = absl::Milliseconds(100); }
  void SetUp() override {
    CaptureFixture::SetUp();
    ASSERT_OK(Capture({Item("first", 0, "x")}));
    stub_.reset();
    capture_.reset();
    const auto database = ValueOrDie(postgres::Connection::Open(database_));
    ASSERT_OK(database->Execute("DELETE FROM change_capture.batches"));
    if (GetParam() != Table::kFresh) {
      ASSERT_OK(database->Execute("VACUUM ANALYZE"));
    }
    if (GetParam() != Table::kEmpty) {
      ASSERT_OK(database->Execute(kFill));
    }
    if (GetParam() == Table::kAnalyzed) {
      ASSERT_OK(database->Execute("VACUUM ANALYZE"));
    }
    const auto name = ValueOrDie(database->QueryText("SELECT current_database()"));
    log_begin_ = Server().Log().size();
    ASSERT_OK(database->Execute(absl::StrCat("ALTER DATABASE ", database->QuoteIdentifier(name.GetText(0, 0)),
                                             " SET auto_explain.log_min_duration = 0")));
    StartCapture();
  }

  bool GraceIsOver() {
    postgres::ConnectionOptions options;
    options.uri = database_;
    options.settings = {{"auto_explain.log_min_duration", "-1"}};  // this one may scan
    const auto watcher = ValueOrDie(postgres::Connection::Open(options));
    return ValueOrDie(watcher->QueryText("SELECT FROM change_capture.batches WHERE queued_at BETWEEN now() - "
                                         "interval '0.2 s' AND now()"))
        .empty();
  }

  // Of a record of the table and of one that it does not have; another part goes each time.
  static v1::CapturePartsRequest Parts(int round) {
    v1::CapturePartsRequest request;
    for (const char* const parent : {"f7", "new"}) {
      v1::PartSet& set = *request.add_sets();
      set.mutable_parent()->set_platform("shop");
      set.mutable_parent()->set_model("item");
      set.mutable_parent()->set_local_id(parent);
      set.set_model("item_tags");
      set.set_version(1'000'000 + round);
      set.add_parts()->set_local_id(absl::StrCat(parent, ",", round));
    }
    return request;
  }

  size_t log_begin_ = 0;
};

TEST_P(HotStatementsTest, NeverScan) {
  using Stub = v1::ChangeCaptureService::Stub;
  const std::string stream = bus::ChangesStream(prefix_);
  auto client = ValueOrDie(redis::Client::Connect(redis().address()));
  ASSERT_OK(client->Del(stream));
  const auto expansions = v1::ExpansionService::NewStub(grpc_support::MakeChannel(capture_->address()));
  for (int round = 0; round < kRounds; ++round) {
    ASSERT_OK(grpc_support::Call(*expansions, &v1::ExpansionService::Stub::CaptureParts, Parts(round)));
    std::vector<v1::Change> changes;
    for (int i = 0; i < 100; ++i) changes.push_back(Item(absl::StrCat("c", round, "-", i), i, "x"));
    ASSERT_OK(Capture(changes));
    ASSERT_OK(Capture(changes));  // known
    v1::ReplayRequest replay;
    for (const char* local_id : {"1", "7", "f99"}) {
      *replay.add_records() = ParseProto<v1::RecordKey>("platform: 'shop' model: 'item'");
      replay.mutable_records()->rbegin()->set_local_id(local_id);
    }
    ASSERT_OK(Call(&Stub::Replay, replay));
    v1::ListPreviousChangesRequest before;
    for (const v1::RecordKey& record : replay.records()) {
      *before.add_records()->mutable_record() = record;
      before.mutable_records()->rbegin()->set_before_version(1'000'000);
    }
    ASSERT_OK(Call(&Stub::ListPreviousChanges, before));
    for (const int last : {0, 1}) {
      ASSERT_OK(Call(&Stub::ListLatestChanges,
                     ParseProto<v1::ListLatestChangesRequest>(
                         absl::StrCat("platform: 'shop' model: 'item' page_size: 10 last_records: ", last))));
    }
    ASSERT_TRUE(Eventually([&] { return BatchesOnStream().size() == 3; }));
    // Lost, taken from the log and put there again; what is younger than the grace time is not found lost.
    ASSERT_TRUE(Eventually([&] { return GraceIsOver(); }));
    ASSERT_OK(client->Del(stream));
    ASSERT_TRUE(Eventually([&] { return BatchesOnStream().size() == 3; }));
    std::vector<int64_t> batch_ids;
    for (const auto& [batch_id, count] : BatchesOnStream()) batch_ids.push_back(batch_id);
    ASSERT_OK(Acknowledge(batch_ids));
    ASSERT_OK(client->Del(stream));
  }
  stub_.reset();
  capture_.reset();
  const std::string log = Server().Log().substr(log_begin_);
  for (const char* used : {"Insert on changes", "Insert on batches", "using batches_queued on batches",
                           "using batches_unqueued on batches", "using batches_pkey on batches",
                           "using changes_change_id on changes", "Update on version_counter",
                           "Delete on batches", "using part_sets_pkey on part_sets"}) {
    EXPECT_THAT(log, HasSubstr(used)) << used;
  }
  std::string scans;
  for (const absl::string_view line : absl::StrSplit(log, '\n')) {
    for (const char* scan :
         {"Seq Scan on changes", "Seq Scan on batches", "Seq Scan on part_sets",
          "Bitmap Heap Scan on changes", "Bitmap Heap Scan on batches", "Bitmap Heap Scan on part_sets"}) {
      if (absl::StrContains(line, scan)) absl::StrAppend(&scans, line, "\n");
    }
  }
  EXPECT_EQ(scans, "");
}

INSTANTIATE_TEST_SUITE_P(Tables, HotStatementsTest,
                         ::testing::Values(Table::kEmpty, Table::kFresh, Table::kAnalyzed),
                         [](const auto& test) {
                           return test.param == Table::kEmpty   ? "empty"
                                  : test.param == Table::kFresh ? "fresh"
                                                                : "analyzed";
                         });

}  // namespace
}  // namespace cognate::change_capture
