#include <set>

#include "services/change_capture/test_capture.h"

namespace cognate::change_capture {
namespace {

using Stub = v1::ChangeCaptureService::Stub;

class RunsTest : public CaptureFixture {
 protected:
  void Adjust(Config& config) override { config.runs.page_records = 50; }

  absl::StatusOr<v1::Run> Create(absl::string_view sync, absl::string_view request_id = "") {
    v1::CreateRunRequest request;
    request.mutable_run()->set_kind(v1::RUN_KIND_BACKFILL);
    request.mutable_run()->set_sync(std::string(sync));
    request.set_request_id(std::string(request_id));
    auto response = Call(&Stub::CreateRun, request);
    if (!response.ok()) return response.status();
    return response->run();
  }
  absl::StatusOr<v1::Run> Get(const std::string& name) {
    v1::GetRunRequest request;
    request.set_name(name);
    auto response = Call(&Stub::GetRun, request);
    if (!response.ok()) return response.status();
    return response->run();
  }
  void CaptureItems(int count, int first = 0) {
    std::vector<v1::Change> changes;
    for (int i = first; i < first + count; ++i) changes.push_back(Item(absl::StrCat("a", i), i, "x"));
    ASSERT_OK(Capture(std::move(changes)));
  }
  // Local ids that were put on their way towards `vault`, those of deletes with a "-"; empties the stream.
  void Drain(std::multiset<std::string>* replayed) {
    auto client = ValueOrDie(redis::Client::Connect(redis().address()));
    const std::string stream = bus::ChangesStream(prefix_);
    const auto entries =
        ValueOrDie(client->ReadGroup(stream, "transformer", "one", 100, absl::ZeroDuration()));
    for (const redis::Entry& entry : entries) {
      bus::v1::ChangeBatch batch;
      ASSERT_TRUE(batch.ParseFromString(entry.payload));
      if (batch.target_platform() == "vault") {
        for (const auto& change : batch.changes()) {
          replayed->insert(
              absl::StrCat(change.operation() == v1::OPERATION_DELETE ? "-" : "", change.local_id()));
        }
      }
      ASSERT_OK(Acknowledge({batch.batch_id()}));
      ASSERT_OK(client->AckAndDelete(stream, "transformer", {&entry.id, 1}));
    }
  }
};

// What was deleted while the sync was paused is still on its target: only its delete mends that.
TEST_F(RunsTest, ABackfillReplaysTheLatestStateOfEveryRecordOnceTowardsItsTargetDeletesToo) {
  CaptureItems(330);
  CaptureItems(330);
  v1::Change deleted = Item("gone", 7, "x");
  deleted.set_operation(v1::OPERATION_DELETE);
  v1::Change again = Item("gone-8", 8, "x");
  again.set_operation(v1::OPERATION_DELETE);
  ASSERT_OK(Capture({deleted, again, Item("back", 8, "x")}));
  ASSERT_OK_AND_ASSIGN(const v1::Run run, Create("syncs/items"));
  EXPECT_EQ(run.record_count(), 330);
  std::multiset<std::string> replayed;
  ASSERT_TRUE(Eventually([&] {
    Drain(&replayed);
    return Get(run.name())->state() == v1::RUN_STATE_DONE && replayed.size() >= 330;
  }));
  EXPECT_EQ(replayed.size(), 330u);
  EXPECT_EQ(std::set<std::string>(replayed.begin(), replayed.end()).size(), 330u);
  EXPECT_EQ(replayed.count("-7"), 1u);
  EXPECT_EQ(replayed.count("8"), 1u);
  ASSERT_OK_AND_ASSIGN(const v1::Run done, Get(run.name()));
  EXPECT_EQ(done.replayed_count(), 330);
  EXPECT_EQ(done.record_count(), 330);
  EXPECT_GT(done.finish_time().seconds(), 0);
}

TEST_F(RunsTest, ARunGoesOnWhereItWasAfterARestart) {
  CaptureItems(3000);
  ASSERT_OK_AND_ASSIGN(const v1::Run run, Create("syncs/items"));
  // The stream is not read, so the run must wait for room.
  ASSERT_TRUE(Eventually([&] { return Get(run.name())->replayed_count() >= 500; }));
  stub_.reset();
  capture_.reset();
  StartCapture();
  ASSERT_OK_AND_ASSIGN(const v1::Run middle, Get(run.name()));
  EXPECT_EQ(middle.state(), v1::RUN_STATE_RUNNING);
  EXPECT_LT(middle.replayed_count(), 3000);
  std::multiset<std::string> replayed;
  ASSERT_TRUE(Eventually([&] {
    Drain(&replayed);
    return Get(run.name())->state() == v1::RUN_STATE_DONE && replayed.size() >= 3000;
  }));
  EXPECT_EQ(std::set<std::string>(replayed.begin(), replayed.end()).size(), 3000u);
}

TEST_F(RunsTest, TheProgressOfALargeRunIsToldFromAnEstimate) {
  constexpr int kRecords = 15'000;
  for (int first = 0; first < kRecords; first += 5000) CaptureItems(5000, first);
  ASSERT_OK(ValueOrDie(postgres::Connection::Open(database_))->Execute("ANALYZE change_capture.changes"));
  ASSERT_OK_AND_ASSIGN(const v1::Run run, Create("syncs/items"));
  EXPECT_GE(run.record_count(), 10'000);
  EXPECT_LE(run.record_count(), 20'000);
  std::multiset<std::string> replayed;
  ASSERT_TRUE(Eventually([&] {
    Drain(&replayed);
    const v1::Run now = *Get(run.name());
    EXPECT_LE(now.replayed_count(), now.record_count());
    return now.state() == v1::RUN_STATE_DONE;
  }));
  EXPECT_EQ(Get(run.name())->record_count(), kRecords);
}

TEST_F(RunsTest, TheSameRequestAnswersTheSameRun) {
  const std::string id = "11111111-2222-4333-8444-555555555555";
  ASSERT_OK_AND_ASSIGN(const v1::Run first, Create("syncs/items", id));
  ASSERT_OK_AND_ASSIGN(const v1::Run second, Create("syncs/items", id));
  EXPECT_EQ(first.name(), second.name());
  EXPECT_TRUE(Eventually([&] { return Get(first.name())->state() == v1::RUN_STATE_DONE; }));
}

TEST_F(RunsTest, ListsNewestFirstInPages) {
  std::vector<std::string> names;
  for (int i = 0; i < 5; ++i) names.push_back(ValueOrDie(Create("syncs/items")).name());
  v1::ListRunsRequest request;
  request.set_page_size(2);
  std::vector<std::string> listed;
  do {
    ASSERT_OK_AND_ASSIGN(const v1::ListRunsResponse page, Call(&Stub::ListRuns, request));
    for (const v1::Run& run : page.runs()) listed.push_back(run.name());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  std::reverse(names.begin(), names.end());
  EXPECT_EQ(listed, names);
}

TEST_F(RunsTest, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT(Create("syncs/ghost"), HasReason("SYNC_NOT_FOUND"));
  EXPECT_THAT(Create(""), HasReason("INVALID_FIELD"));
  EXPECT_THAT(Create("syncs/items", "not-a-uuid"), HasReason("INVALID_FIELD"));
  EXPECT_THAT(Get("runs/ghost"), HasReason("RUN_NOT_FOUND"));
  EXPECT_THAT(Get("runs/11111111-2222-4333-8444-555555555555"), HasReason("RUN_NOT_FOUND"));
  v1::CreateRunRequest request;
  request.mutable_run()->set_sync("syncs/items");
  EXPECT_THAT(Call(&Stub::CreateRun, request), HasReason("INVALID_FIELD"));
}

}  // namespace
}  // namespace cognate::change_capture
