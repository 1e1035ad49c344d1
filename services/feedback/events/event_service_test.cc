#include <atomic>
#include <thread>

#include "cognate/v1/event_service.grpc.pb.h"
#include "common/clock/time_proto.h"
#include "gtest/gtest.h"
#include "services/feedback/testing/feedback_fixture.h"

namespace cognate::feedback {
namespace {

using test_support::Eventually;
using test_support::HasReason;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Events = v1::EventService::Stub;

class EventServiceTest : public FeedbackTest {
 protected:
  static v1::Event Finished(const std::string& id) {
    v1::Event event;
    event.set_kind(v1::EVENT_KIND_RUN_FINISHED);
    event.set_event_id("runs/" + id + "/DONE");
    event.set_run("runs/" + id);
    event.set_sync("syncs/nations");
    event.mutable_target()->set_platform("shop");
    return event;
  }
  absl::Status Tell(const std::vector<v1::Event>& events) {
    v1::TellEventsRequest request;
    for (const v1::Event& event : events) *request.add_events() = event;
    return feedback_->Call(&Events::TellEvents, request).status();
  }
  v1::ListEventsResponse List(const v1::ListEventsRequest& request) {
    const auto response = feedback_->Call(&Events::ListEvents, request);
    EXPECT_OK(response);
    return response.value_or(v1::ListEventsResponse());
  }
  // Once the reader of this process has seen what was reported.
  v1::ListEventsResponse ListSome(v1::ListEventsRequest request) {
    v1::ListEventsResponse response;
    EXPECT_TRUE(Eventually([&] {
      response = List(request);
      return !response.events().empty();
    }));
    return response;
  }
  std::vector<v1::HistoryPoint> History(v1::HistoryStep step, const std::string& platform = "") {
    v1::GetHistoryRequest request;
    request.set_step(step);
    request.set_platform(platform);
    const auto response = feedback_->Call(&Events::GetHistory, request);
    EXPECT_OK(response);
    if (!response.ok()) return {};
    return {response->points().begin(), response->points().end()};
  }
};

TEST_F(EventServiceTest, ListsWhatWatchTells) {
  Start();
  v1::ListEventsRequest request;
  const v1::ListEventsResponse none = List(request);
  EXPECT_THAT(none.events(), IsEmpty());
  EXPECT_OK(Report({Applied(Plan("1", 7), 7), Applied(Plan("2", 8), 8), Applied(Plan("3", 9), 9)}));
  request.set_resume_token(none.resume_token());
  request.set_max_events(2);
  const v1::ListEventsResponse first = ListSome(request);
  EXPECT_EQ(first.events_size(), 2);
  request.set_resume_token(first.resume_token());
  const v1::ListEventsResponse second = ListSome(request);
  ASSERT_EQ(second.events_size(), 1);
  EXPECT_EQ(second.events(0).version(), 9);
  request.set_resume_token("nonsense");
  EXPECT_THAT(feedback_->Call(&Events::ListEvents, request), HasReason("INVALID_FIELD"));
}

TEST_F(EventServiceTest, ManyWaitAtOnceBesideThoseWhoWatchAndEachIsTold) {
  config_.max_watchers = 1;
  Start();
  v1::ListEventsRequest request;
  request.set_resume_token(List(request).resume_token());
  request.mutable_wait()->set_seconds(50);
  std::atomic<int> told = 0;
  std::vector<std::thread> polls;
  for (int i = 0; i < 30; ++i) polls.emplace_back([&] { told += List(request).events_size(); });
  EXPECT_OK(Report({Applied(Plan("1", 7), 7)}));
  for (std::thread& poll : polls) poll.join();
  EXPECT_EQ(told, 30);
}

TEST_F(EventServiceTest, ADigestGoesWithEachAnswer) {
  Start();
  v1::ListEventsRequest request;
  request.set_resume_token(List(request).resume_token());
  request.mutable_digest()->mutable_interval()->set_seconds(60);
  request.mutable_digest()->set_max_events(1);
  std::vector<v1::Outcome> failed;
  for (int i = 1; i <= 30; ++i) failed.push_back(Failed(Plan(std::to_string(i), i), i));
  EXPECT_OK(Report(failed));
  const v1::ListEventsResponse response = ListSome(request);
  ASSERT_EQ(response.events_size(), 2);
  EXPECT_EQ(response.events(1).count(), 29);
  request.set_resume_token(response.resume_token());
  EXPECT_THAT(List(request).events(), IsEmpty());
}

TEST_F(EventServiceTest, WhatOtherServicesTellCountsOnce) {
  Start();
  v1::ListEventsRequest request;
  request.set_resume_token(List(request).resume_token());
  EXPECT_OK(Tell({Finished("1"), Finished("1"), Finished("2")}));
  EXPECT_OK(Tell({Finished("2"), Finished("3")}));
  Stop();
  Start();
  EXPECT_OK(Tell({Finished("1")}));
  EXPECT_OK(Report({Applied(Plan("1", 7), 7)}));
  std::vector<std::string> ids;
  EXPECT_TRUE(Eventually([&] {
    ids.clear();
    const v1::ListEventsResponse listed = List(request);
    for (const v1::Event& event : listed.events()) ids.push_back(event.event_id());
    return ids.size() >= 4;
  }));
  EXPECT_THAT(ids, ElementsAre("runs/1/DONE", "runs/2/DONE", "runs/3/DONE", "3.0"));
  EXPECT_EQ(List(request).events(0).sentence(), "runs/1 of syncs/nations to shop is done.");
}

TEST_F(EventServiceTest, RefusesToTellWhatIsNotComplete) {
  Start();
  v1::Event event = Finished("1");
  event.clear_event_id();
  EXPECT_THAT(Tell({event}), HasReason("INVALID_FIELD"));
  event = Finished("1");
  event.clear_target();
  EXPECT_THAT(Tell({event}), HasReason("INVALID_FIELD"));
  event = Finished("1");
  event.set_kind(v1::EVENT_KIND_APPLIED);
  EXPECT_THAT(Tell({event}), HasReason("INVALID_FIELD"));
}

TEST_F(EventServiceTest, MinutesBecomeHoursDaysAndWeeks) {
  clock_.Set(absl::FromUnixSeconds(1'699'833'600));  // Monday, 13 November 2023, 00:00 UTC.
  Start();
  // 15 days, each hour one record, in its first minute; every sixth one fails.
  for (int hour = 0; hour < 15 * 24; ++hour) {
    const Uuid entity = Plan(std::to_string(hour), hour + 1);
    EXPECT_OK(Report({hour % 6 == 0 ? Failed(entity, hour + 1) : Applied(entity, hour + 1)}));
    if (hour % 100 == 50) {  // also over restarts
      Stop();
      Start();
    }
    clock_.Advance(absl::Hours(1));
  }
  Stop();
  Start();  // Housekeeping begins with a turn.
  const auto count = [](const std::vector<v1::HistoryPoint>& points) {
    int64_t all = 0;
    for (const v1::HistoryPoint& point : points) all += point.applied_count() + point.failed_count();
    return all;
  };
  EXPECT_TRUE(Eventually([&] { return count(History(v1::HISTORY_STEP_DAY)) == 15 * 24; }));
  const std::vector<v1::HistoryPoint> weeks = History(v1::HISTORY_STEP_WEEK, "shop");
  ASSERT_EQ(weeks.size(), 3u);
  EXPECT_EQ(weeks[0].applied_count(), 7 * 20);
  EXPECT_EQ(weeks[0].failed_count(), 7 * 4);
  EXPECT_EQ(ToTime(weeks[1].start_time()), absl::FromUnixSeconds(1'699'833'600) + absl::Hours(7 * 24));
  EXPECT_EQ(History(v1::HISTORY_STEP_DAY).size(), 15u);
  EXPECT_EQ(count(History(v1::HISTORY_STEP_HOUR)), 48);
  EXPECT_EQ(History(v1::HISTORY_STEP_MINUTE).size(), 1u);
  EXPECT_THAT(History(v1::HISTORY_STEP_DAY, "elsewhere"), IsEmpty());
  const auto stats = feedback_->Call(&Stub::GetStats, v1::GetStatsRequest());
  ASSERT_OK(stats);
  ASSERT_EQ(stats->targets_size(), 1);
  EXPECT_EQ(stats->targets(0).applied_last_week_count(), 7 * 20);
  EXPECT_EQ(stats->targets(0).applied_last_day_count(), 20);
  EXPECT_EQ(stats->targets(0).pending_count(), 15 * 4);
}

}  // namespace
}  // namespace cognate::feedback
