// Syncs that deliver together what has changed, and runs that rest between batches, through the front doors.
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "cognate/v1/change_capture_service.grpc.pb.h"
#include "common/clock/time_proto.h"
#include "tests/end_to_end/first_contact_fixture.h"

namespace cognate {
namespace {

using test_support::HasReason;
using CaptureStub = v1::ChangeCaptureService::Stub;

// So long that no turn comes by itself, but for the first.
constexpr char kWeekly[] = "schedule { interval { seconds: 604800 } } ";
constexpr char kEachSecond[] = "schedule { interval { seconds: 1 } } ";

class ScheduleTest : public FirstContactTest {
 protected:
  void SetUp() override {
    FirstContactTest::SetUp();
    capture_ = v1::ChangeCaptureService::NewStub(cluster_.ChannelTo("change-capture"));
    Run(*right_,
        "CREATE TABLE twin (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, slug text, title text)");
  }
  // With a sync that delivers as changes come, into `twin`: what it has shown the other has been offered.
  void AddPlatforms(bool right_is_captured = false) {
    AddPlatform("left", true);
    AddPlatform("right", right_is_captured);
  }
  void AddTwin() { ASSERT_THAT(CreateSync("twin", "left", "right", kFields, "twin"), IsOk()); }

  v1::Run StartRun(const std::string& sync, const std::string& kind) {
    const auto created =
        Do(*capture_, &CaptureStub::CreateRun, StrCat("run { kind: ", kind, " sync: 'syncs/", sync, "' }"));
    EXPECT_THAT(created, IsOk());
    return created.ok() ? created->run() : v1::Run();
  }
  v1::Run GetRun(const std::string& name) {
    const auto got = Do(*capture_, &CaptureStub::GetRun, StrCat("name: '", name, "'"));
    return got.ok() ? got->run() : v1::Run();
  }
  v1::Run AwaitRun(const std::string& name) {
    v1::Run run;
    EXPECT_TRUE(Eventually([&] { return (run = GetRun(name)).has_finish_time(); })) << run.DebugString();
    return run;
  }
  std::vector<v1::Run> Runs(const std::string& sync) {
    const auto listed = Do(*capture_, &CaptureStub::ListRuns, StrCat("sync: 'syncs/", sync, "'"));
    EXPECT_THAT(listed, IsOk());
    return {listed->runs().begin(), listed->runs().end()};
  }
  std::unique_ptr<CaptureStub> capture_;
};

TEST_F(ScheduleTest, ARecordThatIsChangedAHundredTimesIsWrittenOnce) {
  Run(*left_, "INSERT INTO page (slug, title) VALUES ('a', 'one'), ('b', 'one')");
  AddPlatforms();
  AddTwin();
  ASSERT_THAT(CreateSync("pages", "left", "right", StrCat(kFields, kWeekly)), IsOk());
  ExpectPages(*right_, "a one; b one");  // its first turn, and all that was there
  EXPECT_TRUE(Eventually([&] { return Runs("pages").size() == 1 && Runs("pages")[0].has_finish_time(); }));
  Run(*right_, "TRUNCATE written");
  for (int i = 1; i <= 100; ++i)
    Run(*left_, StrCat("UPDATE page SET title = 'edit ", i, "' WHERE slug = 'a'"));
  Run(*left_, "DELETE FROM page WHERE slug = 'b'");
  Run(*left_, "INSERT INTO page (slug, title) VALUES ('c', 'new')");
  Expect(*right_, "SELECT string_agg(slug || ' ' || title, '; ' ORDER BY slug) FROM twin",
         "a edit 100; c new");
  EXPECT_EQ(Pages(*right_), "a one; b one");
  ExpectExplained("1", "syncs/pages delivers what has changed every 168h, next at ");

  const v1::Run run = AwaitRun(StartRun("pages", "RUN_KIND_SCHEDULED").name());
  EXPECT_EQ(run.state(), v1::RUN_STATE_DONE);
  EXPECT_EQ(run.replayed_count(), 3);
  ExpectPages(*right_, "a edit 100; c new");
  AwaitConverged();
  const std::string writes = Ask(*right_, "SELECT count(*) FROM written");
  EXPECT_EQ(writes, "2");
  std::printf("figure schedule.coalesced edits=102 writes=%s\n", writes.c_str());
}

// Deleted and made anew between two turns it stays the same record there.
TEST_F(ScheduleTest, WhatIsDeletedAndComesBackBetweenTwoTurnsIsThereOnce) {
  Run(*left_, "INSERT INTO page (id, slug, title) VALUES (1, 'a', 'one'), (2, 'b', 'one')");
  AddPlatforms();
  AddTwin();
  ASSERT_THAT(CreateSync("pages", "left", "right", StrCat(kFields, kWeekly)), IsOk());
  ExpectPages(*right_, "a one; b one");
  Run(*left_, "DELETE FROM page");
  Run(*left_, "INSERT INTO page (id, slug, title) VALUES (1, 'a', 'again')");
  Expect(*right_, "SELECT string_agg(slug || ' ' || title, '; ' ORDER BY slug) FROM twin", "a again");
  StartRun("pages", "RUN_KIND_SCHEDULED");
  ExpectPages(*right_, "a again");
  Run(*left_, "UPDATE page SET title = 'last'");
  Expect(*right_, "SELECT title FROM twin", "last");
  StartRun("pages", "RUN_KIND_SCHEDULED");
  ExpectPages(*right_, "a last");
}

TEST_F(ScheduleTest, NothingIsLostOrDoubledWhoeverIsKilled) {
  AddPlatforms();
  ASSERT_THAT(CreateSync("pages", "left", "right", StrCat(kFields, kEachSecond)), IsOk());
  constexpr int kKills = 5;
  for (int kill = 0; kill < kKills; ++kill) {
    for (int i = 0; i < 40; ++i) {
      Run(*left_, StrCat("INSERT INTO page (slug, title) VALUES ('", kill, "-", i, "', 'new')"));
      Run(*left_, StrCat("UPDATE page SET title = 'edit ", kill, "' WHERE id % 7 = ", i % 7));
    }
    Run(*left_, StrCat("DELETE FROM page WHERE id % 11 = ", kill));
    Expect(*right_, StrCat("SELECT count(*) > 0 FROM page WHERE slug LIKE '", kill, "-%'"), "t");
    cluster_.Kill("cognate");
    cluster_.Start("cognate");
    ASSERT_TRUE(cluster_.WaitUntilServing());
  }
  ExpectPages(*right_, Pages(*left_));
  AwaitConverged();
  EXPECT_EQ(Pages(*right_), Pages(*left_));
  const std::string doubled = Ask(*right_, "SELECT count(*) - count(DISTINCT slug) FROM page");
  std::printf("figure schedule.kills records=%s kills=%d doubled=%s missing=0\n",
              Ask(*left_, "SELECT count(*) FROM page").c_str(), kKills, doubled.c_str());
}

TEST_F(ScheduleTest, WhereNothingHasChangedNoRunIsRecorded) {
  Run(*left_, "INSERT INTO page (slug, title) VALUES ('a', 'one')");
  AddPlatforms();
  ASSERT_THAT(CreateSync("pages", "left", "right", StrCat(kFields, kEachSecond)), IsOk());
  ExpectPages(*right_, "a one");
  auto own = *postgres::Connection::Open(cluster_.uri());
  const auto looked = [&] { return Ask(*own, "SELECT looked_at FROM change_capture.schedules"); };
  size_t runs = 0;  // the first turn, and what came in while it was taken
  int quiet_turns = 0;
  std::string last;
  EXPECT_TRUE(Eventually([&] {
    const std::string now = looked();
    if (now == last) return false;
    last = now;
    quiet_turns = Runs("pages").size() == runs ? quiet_turns + 1 : 0;
    runs = Runs("pages").size();
    return quiet_turns >= 4;
  }));
  EXPECT_LE(runs, 2u);
}

TEST_F(ScheduleTest, WithoutItsIntervalASyncBringsWhatWasKeptBackAndIsLiveAgain) {
  Run(*left_, "INSERT INTO page (slug, title) VALUES ('a', 'one')");
  AddPlatforms();
  AddTwin();
  ASSERT_THAT(CreateSync("pages", "left", "right", StrCat(kFields, kWeekly)), IsOk());
  ExpectPages(*right_, "a one");
  Run(*left_, "UPDATE page SET title = 'two'");
  Expect(*right_, "SELECT title FROM twin", "two");
  UpdateSync("name: 'syncs/pages'", "paths: 'schedule'");
  ExpectPages(*right_, "a two");
  Run(*left_, "UPDATE page SET title = 'three'");
  ExpectPages(*right_, "a three");
  auto own = *postgres::Connection::Open(cluster_.uri());
  Expect(*own, "SELECT count(*) FROM change_capture.schedules", "0");
  // And back.
  UpdateSync(StrCat("name: 'syncs/pages' ", kWeekly), "paths: 'schedule'");
  Expect(*own, "SELECT count(*) FROM change_capture.schedules WHERE watermark > 0", "1");
  Run(*left_, "UPDATE page SET title = 'four'");
  Expect(*right_, "SELECT title FROM twin", "four");
  EXPECT_EQ(Pages(*right_), "a three");
}

TEST_F(ScheduleTest, AReferenceWaitsForTheTurnOfItsRecord) {
  Run(*left_, "CREATE TABLE note (id int PRIMARY KEY, page bigint REFERENCES page, words text)");
  Run(*right_,
      "CREATE TABLE note (no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, page_id bigint REFERENCES "
      "page, "
      "words text)");
  Run(*left_, "INSERT INTO page (slug, title) VALUES ('a', 'one')");
  AddPlatforms();
  ASSERT_THAT(CreateSync("pages", "left", "right", StrCat(kFields, kWeekly)), IsOk());
  ASSERT_THAT(
      Do(*registry_, &RegistryStub::CreateSync,
         "sync { name: 'syncs/notes' source_platform: 'left' source_model: 'public.note' target_platform: "
         "'right' target_model: 'public.note' fields { source: 'page' target: 'page_id' } fields { source: "
         "'words' target: 'words' } }"),
      IsOk());
  ExpectPages(*right_, "a one");
  Run(*left_, "INSERT INTO page (id, slug, title) VALUES (70, 'b', 'two')");
  Run(*left_, "INSERT INTO note VALUES (1, 70, 'of b')");
  EXPECT_TRUE(Eventually([&] {
    const auto stats = Do(*feedback_, &FeedbackStub::GetStats, "sync: 'syncs/notes'");
    return stats.ok() && stats->syncs_size() == 1 && stats->syncs(0).waiting_count() == 1;
  }));
  StartRun("pages", "RUN_KIND_SCHEDULED");
  Expect(*right_, "SELECT slug || ' ' || note.words FROM note JOIN page ON page.id = page_id", "b of b");
}

TEST_F(ScheduleTest, BothWaysEndWithTheSame) {
  Run(*left_, "INSERT INTO page (slug, title) VALUES ('a', 'one')");
  AddPlatforms(true);
  ASSERT_THAT(CreateSync("there", "left", "right", StrCat(kFields, kEachSecond)), IsOk());
  ASSERT_THAT(CreateSync("back", "right", "left", StrCat(kFields, kEachSecond)), IsOk());
  ExpectPages(*right_, "a one");
  Run(*right_, "INSERT INTO page (slug, title) VALUES ('b', 'right')");
  Run(*left_, "UPDATE page SET title = 'left' WHERE slug = 'a'");
  ExpectPages(*left_, "a left; b right");
  ExpectPages(*right_, "a left; b right");
  Run(*right_, "DELETE FROM page WHERE slug = 'a'");
  ExpectPages(*left_, "b right");
}

// Of three at a time, also after a restart in the middle.
TEST_F(ScheduleTest, ARunRestsAfterEachBatch) {
  Run(*left_, "INSERT INTO page (slug, title) SELECT 's' || i, 't' FROM generate_series(1, 10) AS i");
  AddPlatforms();
  ASSERT_THAT(CreateSync("pages", "left", "right",
                         StrCat(kFields, "schedule { batch_size: 3 pause { nanos: 500000000 } }")),
              IsOk());
  const v1::Run begun = StartRun("pages", "RUN_KIND_BACKFILL");
  EXPECT_TRUE(Eventually([&] { return GetRun(begun.name()).replayed_count() == 3; }));
  const absl::Time third = absl::Now();
  cluster_.Kill("cognate");
  cluster_.Start("cognate");
  ASSERT_TRUE(cluster_.WaitUntilServing());
  v1::Run run;
  EXPECT_TRUE(Eventually([&] {
    run = GetRun(begun.name());
    EXPECT_TRUE(run.replayed_count() % 3 == 0 || run.replayed_count() == 10) << run.DebugString();
    return run.has_finish_time();
  }));
  EXPECT_EQ(run.replayed_count(), 10);
  EXPECT_GE(ToTime(run.finish_time()) - third, absl::Milliseconds(1000));
  Expect(*right_, "SELECT count(*) FROM page", "10");
}

TEST_F(ScheduleTest, IsCheckedWhenItIsWritten) {
  AddPlatforms();
  const auto refused = [&](const std::string& schedule) {
    const auto created = CreateSync("wrong", "left", "right", StrCat(kFields, schedule));
    EXPECT_THAT(created, HasReason("INVALID_FIELD"));
    return std::string(created.status().message());
  };
  EXPECT_TRUE(absl::StrContains(refused("schedule { interval { nanos: 5 } }"), "sync.schedule.interval"));
  EXPECT_TRUE(absl::StrContains(refused("schedule { batch_size: 10001 }"), "sync.schedule.batch_size"));
  EXPECT_TRUE(absl::StrContains(refused("schedule { pause { seconds: 3601 } }"), "sync.schedule.pause"));
  ASSERT_THAT(
      CreateSync("pages", "left", "right", StrCat("fields { source: 'slug' target: 'slug' } ", kWeekly)),
      IsOk());
  const auto other = CreateSync("titles", "left", "right", "fields { source: 'title' target: 'title' }");
  EXPECT_THAT(other, HasReason("INVALID_FIELD"));
  EXPECT_TRUE(
      absl::StrContains(other.status().message(), "got as changes come, but syncs/pages delivers every 168h"))
      << other.status();
  EXPECT_THAT(Do(*capture_, &CaptureStub::CreateRun, "run { kind: RUN_KIND_SCHEDULED sync: 'syncs/pages' }"),
              IsOk());
  UpdateSync("name: 'syncs/pages'", "paths: 'schedule'");
  EXPECT_THAT(Do(*capture_, &CaptureStub::CreateRun, "run { kind: RUN_KIND_SCHEDULED sync: 'syncs/pages' }"),
              HasReason("SYNC_HAS_NO_INTERVAL"));
}

}  // namespace
}  // namespace cognate
