#include "services/feedback/outcome.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cognate::feedback {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);
double Half() { return 0.5; }

v1::Outcome Make(v1::OutcomeStatus status, int64_t version = 7) {
  v1::Outcome outcome;
  outcome.set_entity_id(std::string(16, 'e'));
  outcome.set_model("public.nations");
  outcome.set_version(version);
  outcome.set_status(status);
  outcome.mutable_error()->set_reason("WHY");
  outcome.mutable_error()->set_message("why not");
  return outcome;
}

std::optional<Trouble> Next(const v1::Outcome& outcome, const Trouble* known = nullptr,
                            RetryPolicy policy = {}) {
  return NextTrouble("shop", outcome, known, policy, kNow, Half);
}

TEST(Outcome, APlatformsOwnScheduleTakesThePlaceOfTheSteps) {
  RetryPolicy policy;
  policy.delays = {absl::Seconds(10), absl::Hours(2)};
  const v1::Outcome failed = Make(v1::OUTCOME_STATUS_FAILED);
  std::optional<Trouble> trouble = Next(failed, nullptr, policy);
  EXPECT_EQ(trouble->next_attempt, kNow + absl::Seconds(5));
  trouble->replay_count = 1;
  const Trouble first = *trouble;
  trouble = Next(failed, &first, policy);
  EXPECT_EQ(trouble->next_attempt, kNow + absl::Hours(1));
  EXPECT_EQ(trouble->state, v1::REPLICA_STATE_RETRY);
  trouble->replay_count = 1;
  const Trouble second = *trouble;
  trouble = Next(failed, &second, policy);
  EXPECT_EQ(trouble->state, v1::REPLICA_STATE_DEAD);
  EXPECT_EQ(trouble->attempt_count, 3);
}

TEST(Outcome, WherePlatformsDoNotHoldARefusalIsAFailedAttempt) {
  RetryPolicy policy;
  policy.hold.is_off = true;
  policy.max_attempts = 2;
  const v1::Outcome refused = Make(v1::OUTCOME_STATUS_UNAUTHENTICATED);
  Trouble trouble = *Next(refused, nullptr, policy);
  EXPECT_EQ(trouble.state, v1::REPLICA_STATE_RETRY);
  EXPECT_EQ(EventKindOf(refused, &trouble), v1::EVENT_KIND_RETRY);
  EXPECT_EQ(trouble.held, std::nullopt);
  EXPECT_TRUE(trouble.replay);
  EXPECT_EQ(Next(refused, &trouble, policy), std::nullopt) << "the same report, come again";
  trouble.replay_count = 1;
  EXPECT_EQ(Next(refused, &trouble, policy)->state, v1::REPLICA_STATE_DEAD);
  EXPECT_EQ(Next(refused, &trouble, policy)->error.message(),
            "gave up after 2 attempts; the last answer was: why not");
}

TEST(Outcome, ReleasesAreCountedForEachVersion) {
  RetryPolicy policy;
  policy.hold.max_releases = 1;
  Trouble held = *Next(Make(v1::OUTCOME_STATUS_UNAUTHENTICATED), nullptr, policy);
  EXPECT_EQ(held.state, v1::REPLICA_STATE_HELD);
  held.release_count = 1;
  held.replay = true;
  EXPECT_EQ(Next(Make(v1::OUTCOME_STATUS_UNAUTHENTICATED), &held, policy), std::nullopt)
      << "the same report, come again before it was sent";
  held.replay_count = 1;
  const Trouble failed = *Next(Make(v1::OUTCOME_STATUS_FAILED), &held, policy);
  EXPECT_EQ(failed.release_count, 1) << "also over another answer";
  const Trouble dead = *Next(Make(v1::OUTCOME_STATUS_UNAUTHENTICATED), &held, policy);
  EXPECT_EQ(dead.state, v1::REPLICA_STATE_DEAD);
  EXPECT_EQ(dead.error.reason(), "WHY");
  EXPECT_EQ(dead.error.message(), "refused again after 1 release; the last answer was: why not");
  EXPECT_EQ(Next(Make(v1::OUTCOME_STATUS_UNAUTHENTICATED), &dead, policy), std::nullopt);
  EXPECT_EQ(Next(Make(v1::OUTCOME_STATUS_UNAUTHENTICATED, 8), &dead, policy)->state, v1::REPLICA_STATE_HELD);
}

struct Row {
  v1::OutcomeStatus status;
  v1::SettleKind settle;
  v1::ReplicaState state;
  v1::EventKind event;
  int attempts;
  bool replay;
  absl::Duration next;
};

TEST(Outcome, EachHasItsStateAndItsNextStep) {
  const Row rows[] = {
      {v1::OUTCOME_STATUS_FAILED, v1::SETTLE_KIND_UNSPECIFIED, v1::REPLICA_STATE_RETRY, v1::EVENT_KIND_RETRY,
       1, true, absl::Milliseconds(500)},
      {v1::OUTCOME_STATUS_WAITING, v1::SETTLE_KIND_UNSPECIFIED, v1::REPLICA_STATE_WAITING,
       v1::EVENT_KIND_WAITING, 0, false, absl::Seconds(2)},
      {v1::OUTCOME_STATUS_INCOMPLETE, v1::SETTLE_KIND_INCOMPLETE, v1::REPLICA_STATE_WAITING,
       v1::EVENT_KIND_WAITING, 1, false, absl::Seconds(2)},
      {v1::OUTCOME_STATUS_REJECTED, v1::SETTLE_KIND_UNSPECIFIED, v1::REPLICA_STATE_DEAD, v1::EVENT_KIND_DEAD,
       1, false, absl::Seconds(5)},
      {v1::OUTCOME_STATUS_UNAUTHENTICATED, v1::SETTLE_KIND_UNSPECIFIED, v1::REPLICA_STATE_HELD,
       v1::EVENT_KIND_HELD, 1, false, absl::Seconds(5)},
      {v1::OUTCOME_STATUS_CONFLICT, v1::SETTLE_KIND_UNSPECIFIED, v1::REPLICA_STATE_CONFLICT,
       v1::EVENT_KIND_CONFLICT, 1, false, absl::Seconds(5)},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(v1::OutcomeStatus_Name(row.status));
    const v1::Outcome outcome = Make(row.status);
    ASSERT_TRUE(IsTrouble(outcome));
    EXPECT_EQ(SettleKindOf(outcome), row.settle);
    const std::optional<Trouble> trouble = Next(outcome);
    ASSERT_TRUE(trouble.has_value());
    EXPECT_EQ(trouble->state, row.state);
    EXPECT_EQ(EventKindOf(outcome, &*trouble), row.event);
    EXPECT_EQ(trouble->attempt_count, row.attempts);
    EXPECT_EQ(trouble->replay, row.replay);
    EXPECT_EQ(trouble->next_attempt, kNow + row.next);
    EXPECT_EQ(trouble->version, 7);
  }
}

TEST(Outcome, AppliedSettlesAsWhatTheTargetHas) {
  v1::Outcome outcome = Make(v1::OUTCOME_STATUS_APPLIED);
  EXPECT_FALSE(IsTrouble(outcome));
  outcome.set_local_id("10042");
  outcome.set_operation(v1::OPERATION_UPDATE);
  EXPECT_EQ(SettleKindOf(outcome), v1::SETTLE_KIND_APPLIED);
  EXPECT_EQ(EventKindOf(outcome, nullptr), v1::EVENT_KIND_APPLIED);
  outcome.set_created(true);
  EXPECT_EQ(EventKindOf(outcome, nullptr), v1::EVENT_KIND_PUBLISHED);
  outcome.set_created(false);
  outcome.set_operation(v1::OPERATION_DELETE);
  EXPECT_EQ(SettleKindOf(outcome), v1::SETTLE_KIND_DELETED);
  EXPECT_EQ(EventKindOf(outcome, nullptr), v1::EVENT_KIND_DELETED);
  outcome.set_operation(v1::OPERATION_UPDATE);
  outcome.clear_local_id();
  EXPECT_EQ(SettleKindOf(outcome), v1::SETTLE_KIND_DELETED);
}

TEST(Outcome, SkippedIsDoneWithoutARecord) {
  const v1::Outcome outcome = Make(v1::OUTCOME_STATUS_SKIPPED);
  EXPECT_FALSE(IsTrouble(outcome));
  EXPECT_EQ(SettleKindOf(outcome), v1::SETTLE_KIND_SKIPPED);
  EXPECT_EQ(EventKindOf(outcome, nullptr), v1::EVENT_KIND_SKIPPED);
}

TEST(Outcome, AttemptsGrowOnlyAfterAReplay) {
  Trouble known = *Next(Make(v1::OUTCOME_STATUS_FAILED));
  EXPECT_EQ(Next(Make(v1::OUTCOME_STATUS_FAILED), &known), std::nullopt) << "the same report, come again";
  known.replay_count = 1;
  const std::optional<Trouble> second = Next(Make(v1::OUTCOME_STATUS_FAILED), &known);
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->attempt_count, 2);
  EXPECT_EQ(second->replay_count, 0);
  EXPECT_EQ(second->next_attempt, kNow + absl::Seconds(1));  // Half of 2 s.
}

TEST(Outcome, WaitsGrowToTheirCeilingAndHonourTheTarget) {
  Trouble known = *Next(Make(v1::OUTCOME_STATUS_FAILED));
  known.attempt_count = 15;
  known.replay_count = 1;
  EXPECT_EQ(Next(Make(v1::OUTCOME_STATUS_FAILED), &known)->next_attempt, kNow + absl::Minutes(2.5));
  v1::Outcome asked = Make(v1::OUTCOME_STATUS_FAILED);
  asked.mutable_error()->mutable_retry_delay()->set_seconds(3600);
  EXPECT_EQ(Next(asked, &known)->next_attempt, kNow + absl::Hours(1));
}

TEST(Outcome, SpentAttemptsAreDead) {
  Trouble known = *Next(Make(v1::OUTCOME_STATUS_FAILED));
  known.attempt_count = 19;
  known.replay_count = 1;
  Trouble dead = *Next(Make(v1::OUTCOME_STATUS_FAILED), &known);
  EXPECT_EQ(dead.state, v1::REPLICA_STATE_DEAD);
  EXPECT_EQ(dead.attempt_count, 20);
  EXPECT_EQ(dead.error.message(), "gave up after 20 attempts; the last answer was: why not");
  EXPECT_EQ(Next(Make(v1::OUTCOME_STATUS_FAILED), &dead), std::nullopt);
}

TEST(Outcome, ANewerVersionStartsAnewAndAnOlderOneSaysNothing) {
  Trouble known = *Next(Make(v1::OUTCOME_STATUS_FAILED, 7));
  known.attempt_count = 12;
  EXPECT_EQ(Next(Make(v1::OUTCOME_STATUS_FAILED, 8), &known)->attempt_count, 1);
  EXPECT_EQ(Next(Make(v1::OUTCOME_STATUS_REJECTED, 6), &known), std::nullopt);
}

TEST(Outcome, AReleaseIsNotUndoneByTheSameReport) {
  v1::Outcome waits = Make(v1::OUTCOME_STATUS_WAITING);
  waits.set_waits_for_entity_id(std::string(16, 'p'));
  Trouble known = *Next(waits);
  known.replay = true;
  EXPECT_EQ(Next(waits, &known), std::nullopt);
  waits.set_waits_for_entity_id(std::string(16, 'q'));
  EXPECT_FALSE(Next(waits, &known)->replay) << "it waits for another one now";
}

TEST(Outcome, LeasesDouble) {
  const RetryPolicy policy;
  EXPECT_EQ(LeaseOf(policy, 1), absl::Seconds(30));
  EXPECT_EQ(LeaseOf(policy, 3), absl::Minutes(2));
  EXPECT_EQ(LeaseOf(policy, 50), absl::Minutes(10));
}

}  // namespace
}  // namespace cognate::feedback
