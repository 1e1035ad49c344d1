// Records that wait for files, with a feedback that the test gives: who is sent on its way, and what is
// forgotten.
#include <set>

#include "absl/container/flat_hash_map.h"
#include "services/file_transfer/testing/placing_fixture.h"

namespace cognate::file_transfer {
namespace {

using test_support::Eventually;
using ::testing::SizeIs;

// Counts how often each record is released.
class ReleaseCounts final : public v1::FeedbackService::Service {
 public:
  explicit ReleaseCounts(metrics::Registry& metrics) : rpcs_("feedback", Clock::Real(), metrics) {}

  grpc::Status Release(grpc::ServerContext* context, const v1::ReleaseRequest* request,
                       v1::ReleaseResponse* response) override {
    return rpcs_.Unary(*context, *request, response, [&](const grpc_support::Rpc&) {
      MutexLock lock(&mutex_);
      for (const v1::WaitingRecord& record : request->records()) ++counts_[record.entity_id()];
      return absl::StatusOr<v1::ReleaseResponse>(v1::ReleaseResponse());
    });
  }
  int Of(char entity) {
    MutexLock lock(&mutex_);
    return counts_[std::string(16, entity)];
  }

 private:
  grpc_support::RpcBoundary rpcs_;
  Mutex mutex_;
  absl::flat_hash_map<std::string, int> counts_ ABSL_GUARDED_BY(mutex_);
};

class WaitsTest : public PlacingTest {
 protected:
  WaitsTest() : released_(metrics_) {
    Stop();
    feedback_ = test_support::ValueOrDie(grpc_support::Host::Start(
        {.addresses = {absl::StrCat("unix:", directory_.File("feedback.sock"))}}, {&released_}));
    config_.peers.feedback = feedback_->address();
    Start();
  }
  ~WaitsTest() override { Stop(); }

  std::string Waits() { return AskStore("SELECT count(*) FROM waits"); }
  // As if so much time had passed since a record asked.
  void Pass(const std::string& interval) {
    Execute(absl::StrCat("UPDATE waits SET asked_at = asked_at - interval '", interval,
                         "', next_look_at = now()"));
    Execute(absl::StrCat("UPDATE placements SET updated_at = updated_at - interval '", interval, "'"));
  }

  metrics::Registry metrics_;
  ReleaseCounts released_;
  std::unique_ptr<grpc_support::Host> feedback_;
};

TEST_F(WaitsTest, WhatNoRecordAsksForAnyMoreIsForgotten) {
  // Of a directory that has it not, of an agent that does not send it, and for an agent that does not fetch
  // it.
  EXPECT_EQ(Bind("blog", 'a', "shop", Path("never.txt")).state(), v1::PLACEMENT_STATE_LACKING);
  EXPECT_EQ(Bind("blog", 'b', "agent", Claim("never sent")).state(), v1::PLACEMENT_STATE_LACKING);
  PutIn("shop", "1.txt", "one");
  EXPECT_EQ(Bind("agent", 'c', "shop", Path("1.txt")).state(), v1::PLACEMENT_STATE_DUE);
  EXPECT_EQ(Waits(), "3");
  Pass("23 hours");
  EXPECT_THAT(Missing("agent").placements(), SizeIs(2));
  EXPECT_EQ(released_.Of('a') + released_.Of('b') + released_.Of('c'), 0);

  // After a day each is sent on its way: what waits still asks again.
  Pass("1 hour");
  EXPECT_TRUE(
      Eventually([&] { return released_.Of('a') > 0 && released_.Of('b') > 0 && released_.Of('c') > 0; }));
  EXPECT_EQ(Waits(), "3");
  EXPECT_EQ(Bind("blog", 'a', "shop", Path("never.txt")).state(), v1::PLACEMENT_STATE_LACKING);

  // The others do not, within some days: their targets may be down.
  Pass("2 hours");
  EXPECT_TRUE(
      Eventually([&] { return AskStore("SELECT bool_and(next_look_at > now()) FROM waits") == "t"; }));
  EXPECT_EQ(Waits(), "3");
  EXPECT_THAT(Missing("agent").placements(), SizeIs(2));

  // Nor within a week.
  Pass("143 hours");
  EXPECT_TRUE(Eventually([&] { return Waits() == "1"; }));
  EXPECT_EQ(AskStore("SELECT source_path FROM waits"), "never.txt");
  EXPECT_THAT(Missing("agent").placements(), SizeIs(0));
  EXPECT_EQ(AskStore("SELECT count(*) FROM placements"), "0");
  // What the gauge counts.
  EXPECT_EQ(AskStore("SELECT count(*) FROM bindings WHERE platform IN ('agent', 'blog') AND path = ''"), "1");

  // One that comes back after all waits as ever.
  EXPECT_EQ(Bind("agent", 'c', "shop", Path("1.txt")).state(), v1::PLACEMENT_STATE_DUE);
  EXPECT_THAT(Missing("agent").placements(), SizeIs(1));
}

TEST_F(WaitsTest, ACopyThatAnotherRecordWaitsForStaysDue) {
  PutIn("shop", "1.txt", "one");
  EXPECT_EQ(Bind("agent", 'a', "shop", Path("1.txt")).state(), v1::PLACEMENT_STATE_DUE);
  EXPECT_EQ(Bind("agent", 'b', "shop", Path("1.txt")).state(), v1::PLACEMENT_STATE_DUE);
  Pass("170 hours");
  EXPECT_EQ(Bind("agent", 'b', "shop", Path("1.txt")).state(), v1::PLACEMENT_STATE_DUE);
  Pass("0 hours");
  EXPECT_TRUE(Eventually([&] { return Waits() == "1"; }));
  EXPECT_THAT(Missing("agent").placements(), SizeIs(1));
}

// It was there once, and the agent has lost it: the other record asks for nothing meanwhile.
TEST_F(WaitsTest, ACopyThatAnotherRecordLeadsToStaysDue) {
  PutIn("shop", "1.txt", "one");
  EXPECT_EQ(Bind("agent", 'a', "shop", Path("1.txt")).state(), v1::PLACEMENT_STATE_DUE);
  const v1::Placement due = Missing("agent").placements(0);
  ASSERT_OK(Place("agent", due, ""));
  EXPECT_EQ(Bind("agent", 'a', "shop", Path("1.txt")).state(), v1::PLACEMENT_STATE_PLACED);
  ASSERT_OK(Place("agent", due, "FILE_NOT_THERE", 0));
  EXPECT_EQ(Bind("agent", 'b', "shop", Path("1.txt")).state(), v1::PLACEMENT_STATE_DUE);
  Pass("200 hours");
  EXPECT_TRUE(Eventually([&] { return Waits() == "0"; }));
  EXPECT_THAT(Missing("agent").placements(), SizeIs(1));
}

}  // namespace
}  // namespace cognate::file_transfer
