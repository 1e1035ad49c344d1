// Groups of a source and of many callers in one commit: who is refused, and what is written then.
#include <string>
#include <thread>
#include <vector>

#include "common/clock/fake_clock.h"
#include "services/change_capture/postgres_source/test_source.h"

namespace cognate::change_capture {
namespace {

using test_support::HasReason;
using test_support::StatusIs;

using Answer = std::future<absl::StatusOr<Appended>>;

class AppendTurnTest : public ::testing::Test {
 protected:
  void SetUp() override {
    model_ = ValueOrDie(log_.log().FindOrAddModel(kPlatform, "public.item"));
    source_ = ValueOrDie(log_.store().TakeOver(kPlatform, absl::UnixEpoch()));
  }

  std::vector<CapturedChange> Changes(const std::string& local_id) {
    CapturedChange change;
    change.model = model_;
    change.local_id = local_id;
    change.operation = v1::OPERATION_UPDATE;
    std::vector<CapturedChange> changes;
    changes.push_back(std::move(change));
    return changes;
  }
  AppendGroup Group(int64_t owner, int64_t sequence, const std::string& local_id = "1") {
    AppendGroup group;
    if (!local_id.empty()) group.changes = Changes(local_id);
    const SourcePosition position{static_cast<pgoutput::Lsn>(1000 * sequence), 0, 0};
    group.advance = SourceAdvance{{kPlatform, owner, sequence}, 1, position, absl::UnixEpoch()};
    return group;
  }
  absl::Status Append(AppendGroup group) {
    return log_.environment().appender.Append(std::move(group)).get().status();
  }
  std::vector<std::string> Logged() {
    std::vector<std::string> local_ids;
    for (const LogEntry& entry : log_.Entries(kPlatform, "public.item")) local_ids.push_back(entry.local_id);
    return local_ids;
  }
  int64_t Position() {
    return ValueOrDie(watcher_->QueryOnce("SELECT confirmed_position FROM change_capture.sources", {}))
        .GetInt64(0, 0);
  }
  int64_t Waiting() {
    return ValueOrDie(watcher_->QueryOnce("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = "
                                          "'Lock' AND datname = current_database()",
                                          {}))
        .GetInt64(0, 0);
  }

  std::unique_ptr<postgres::Pool> ImpatientPool() {
    postgres::Options options;
    options.uri = log_.uri();
    options.search_path = "change_capture";
    options.statement_timeout = absl::Milliseconds(100);
    return ValueOrDie(postgres::Pool::Create(options));
  }

  static constexpr char kPlatform[] = "atlas";
  LogUnderTest log_{PostgresServer::Shared()};
  std::unique_ptr<postgres::Connection> watcher_ = ValueOrDie(postgres::Connection::Open(log_.uri()));
  std::unique_ptr<postgres::Connection> blocker_ = ValueOrDie(postgres::Connection::Open(log_.uri()));
  const LoggedModel* model_ = nullptr;
  StoredSource source_;
};

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(AppendTurnTest, APositionIsWrittenWithItsChangesAndNeverWithoutThem) {
  EXPECT_OK(Append(Group(source_.owner, 1, "1")));
  EXPECT_EQ(Position(), 1000);
  EXPECT_THAT(Append(Group(source_.owner, 3, "3")), HasReason("SOURCE_GROUP_OUT_OF_TURN"));
  EXPECT_THAT(Append(Group(source_.owner, 1, "1")), HasReason("SOURCE_GROUP_OUT_OF_TURN"));
  EXPECT_THAT(Append(Group(source_.owner, 3, "")), HasReason("SOURCE_GROUP_OUT_OF_TURN"));
  EXPECT_EQ(Position(), 1000);
  EXPECT_OK(Append(Group(source_.owner, 2, "")));
  EXPECT_EQ(Position(), 2000);
  EXPECT_OK(Append(Group(source_.owner, 3, "3")));
  EXPECT_EQ(Position(), 3000);
  EXPECT_THAT(Logged(), ElementsAre("1", "3"));
}

TEST_F(AppendTurnTest, AFormerOwnerIsRefusedAndVersionsHaveNoGap) {
  EXPECT_OK(Append(Group(source_.owner, 1, "1")));
  const StoredSource heir = ValueOrDie(log_.store().TakeOver(kPlatform, absl::UnixEpoch()));
  EXPECT_THAT(Append(Group(source_.owner, 2, "2")), HasReason("SOURCE_GROUP_OUT_OF_TURN"));
  EXPECT_OK(Append(Group(heir.owner, 1, "3")));
  EXPECT_THAT(Logged(), ElementsAre("1", "3"));
  EXPECT_EQ(log_.Entries(kPlatform, "public.item").back().version, 2);
}

TEST_F(AppendTurnTest, GroupsThatWaitTogetherAreCommittedTogetherUpToTheOneOutOfTurn) {
  ASSERT_OK(blocker_->Execute("BEGIN; UPDATE change_capture.version_counter SET version = version"));
  std::vector<Answer> answers;
  answers.push_back(log_.environment().appender.Append(Group(source_.owner, 1, "1")));  // holds the others up
  ASSERT_TRUE(Eventually([&] { return Waiting() == 1; }));
  for (const int64_t sequence : {2, 3, 4}) {
    answers.push_back(
        log_.environment().appender.Append(Group(source_.owner, sequence, std::to_string(sequence))));
  }
  answers.push_back(log_.environment().appender.Append(Group(source_.owner, 7, "7")));
  AppendGroup other;
  other.changes = Changes("other");
  answers.push_back(log_.environment().appender.Append(std::move(other)));
  ASSERT_OK(blocker_->Execute("COMMIT"));
  std::vector<bool> written;
  for (Answer& answer : answers) written.push_back(answer.get().ok());
  EXPECT_THAT(written, ElementsAre(true, true, true, true, false, true));
  EXPECT_THAT(Logged(), ElementsAre("1", "2", "3", "4", "other"));
  EXPECT_EQ(Position(), 4000);
}

// The statement has begun, with an older view, when another appender commits.
TEST_F(AppendTurnTest, AnAppendThatWaitsForAnotherAppenderTakesTheVersionsBehindIt) {
  EXPECT_OK(Append(Group(source_.owner, 1, "1")));
  ASSERT_OK(blocker_->Execute("BEGIN; UPDATE change_capture.version_counter SET version = version + 5"));
  Answer answer = log_.environment().appender.Append(Group(source_.owner, 2, "2"));
  ASSERT_TRUE(Eventually([&] { return Waiting() == 1; }));
  ASSERT_OK(blocker_->Execute("COMMIT"));
  ASSERT_OK_AND_ASSIGN(const Appended appended, answer.get());
  EXPECT_THAT(appended.versions, ElementsAre(7));
  EXPECT_EQ(Position(), 2000);
}

TEST_F(AppendTurnTest, AnAppendThatWaitsForATakeoverIsRefused) {
  EXPECT_OK(Append(Group(source_.owner, 1, "1")));
  ASSERT_OK(blocker_->Execute("BEGIN; UPDATE change_capture.sources SET owner = owner + 1, sequence = 0"));
  Answer answer = log_.environment().appender.Append(Group(source_.owner, 2, "2"));
  ASSERT_TRUE(Eventually([&] { return Waiting() == 1; }));
  ASSERT_OK(blocker_->Execute("COMMIT"));
  EXPECT_THAT(answer.get(), HasReason("SOURCE_GROUP_OUT_OF_TURN"));
  EXPECT_EQ(Position(), 1000);
  EXPECT_THAT(Logged(), ElementsAre("1"));
}

// Each alone would wait for the same lock as long again.
TEST_F(AppendTurnTest, WhatIsNobodysFaultIsTriedOnceForAll) {
  const auto pool = ImpatientPool();
  BatchStore batches(*pool);
  StreamFeeder feeder({"unix:/nowhere"}, batches, log_.log(), Clock::Real(), log_.metrics(), {});
  metrics::Registry metrics;
  Appender appender(
      *pool, feeder, [] { return int64_t{1}; }, Clock::Real(), metrics);
  ASSERT_OK(blocker_->Execute("BEGIN; UPDATE change_capture.version_counter SET version = version"));
  int tries = 0;
  std::vector<Answer> answers;
  for (int i = 0; i < 5; ++i) {
    AppendGroup group;
    group.changes = Changes(std::to_string(i));
    group.along = [&tries](postgres::Transaction&) { return ++tries, absl::OkStatus(); };
    answers.push_back(appender.Append(std::move(group)));
  }
  appender.Start();
  for (Answer& answer : answers) EXPECT_THAT(answer.get(), HasReason("STATEMENT_TIMEOUT"));
  appender.Stop();
  EXPECT_EQ(tries, 5);
  EXPECT_THAT(Logged(), IsEmpty());
}

TEST_F(AppendTurnTest, WhatIsRefusedAgainAndAgainIsNoProgress) {
  const auto pool = ImpatientPool();
  BatchStore batches(*pool);
  StreamFeeder feeder({"unix:/nowhere"}, batches, log_.log(), Clock::Real(), log_.metrics(), {});
  metrics::Registry metrics;
  FakeClock clock;
  Appender appender(
      *pool, feeder, [] { return int64_t{1}; }, clock, metrics);
  ASSERT_OK(blocker_->Execute("BEGIN; UPDATE change_capture.version_counter SET version = version"));
  appender.Start();
  const auto append = [&] {
    AppendGroup group;
    group.changes = Changes("1");
    return appender.Append(std::move(group)).get().status();
  };
  for (int i = 0; i < 3; ++i) {
    EXPECT_OK(appender.Healthy());
    EXPECT_THAT(append(), HasReason("STATEMENT_TIMEOUT"));
    clock.Advance(health::ProgressMonitor::kLimit / 3 + absl::Seconds(1));
  }
  EXPECT_THAT(appender.Healthy(), StatusIs(absl::StatusCode::kUnavailable));
  ASSERT_OK(blocker_->Execute("ROLLBACK"));
  EXPECT_OK(append());
  EXPECT_TRUE(Eventually([&] { return appender.Healthy().ok(); }));
}

}  // namespace
}  // namespace cognate::change_capture
