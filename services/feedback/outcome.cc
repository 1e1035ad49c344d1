#include "services/feedback/outcome.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"

namespace cognate::feedback {
namespace {

constexpr absl::Duration kLongestLease = absl::Minutes(10);
constexpr absl::Duration kFirstWaitingLook = absl::Seconds(2);

int MaxAttempts(const RetryPolicy& policy) {
  return policy.delays.empty() ? policy.max_attempts : static_cast<int>(policy.delays.size()) + 1;
}

// After so many attempts.
absl::Duration LongestDelay(const RetryPolicy& policy, int attempts) {
  if (policy.delays.empty()) return BackoffCeiling(policy.backoff, attempts);
  return policy.delays[std::min(static_cast<size_t>(std::max(attempts, 1)), policy.delays.size()) - 1];
}

bool CountsAsFailed(const v1::Outcome& outcome, const RetryPolicy& policy) {
  return outcome.status() == v1::OUTCOME_STATUS_FAILED ||
         (outcome.status() == v1::OUTCOME_STATUS_UNAUTHENTICATED && policy.hold.is_off);
}

// After so many attempts, and so many releases.
v1::ReplicaState StateOf(const v1::Outcome& outcome, int attempts, int releases, const RetryPolicy& policy) {
  if (CountsAsFailed(outcome, policy))
    return attempts >= MaxAttempts(policy) ? v1::REPLICA_STATE_DEAD : v1::REPLICA_STATE_RETRY;
  switch (outcome.status()) {
    case v1::OUTCOME_STATUS_WAITING:
    case v1::OUTCOME_STATUS_INCOMPLETE:
      return v1::REPLICA_STATE_WAITING;
    case v1::OUTCOME_STATUS_UNAUTHENTICATED:
      return policy.hold.max_releases > 0 && releases >= policy.hold.max_releases ? v1::REPLICA_STATE_DEAD
                                                                                  : v1::REPLICA_STATE_HELD;
    case v1::OUTCOME_STATUS_CONFLICT:
      return v1::REPLICA_STATE_CONFLICT;
    default:
      return v1::REPLICA_STATE_DEAD;
  }
}

Uuid EntityOrNil(const std::string& bytes) { return Uuid::FromBytes(bytes).value_or(Uuid()); }

// Full jitter, but never at once: a tenth of the first wait at least.
absl::Duration RetryDelayOf(const v1::Outcome& outcome, int attempts, const RetryPolicy& policy,
                            const Random& random) {
  const absl::Duration jittered = LongestDelay(policy, attempts) * random();
  const absl::Duration asked = ToDuration(outcome.error().retry_delay());
  return std::max({jittered, policy.backoff.initial / 10, asked});
}

// After as long as it has waited already: soon at first, for what is awaited may be another entity by now
// (its record was deleted and made again), and rarely in the end.
absl::Duration WaitingLookOf(const Trouble& trouble, const RetryPolicy& policy, absl::Time now) {
  return std::clamp(now - trouble.created, std::min(kFirstWaitingLook, policy.waiting_look),
                    policy.waiting_look);
}

// The same answer once more, while nothing was replayed in between: it must not count as another attempt, nor
// undo a release.
bool IsRepeated(const v1::Outcome& outcome, const Trouble& known, const RetryPolicy& policy) {
  if (known.version != outcome.version() || known.replay_count > 0) return false;
  // Also where the release, or a new policy, would make something else of it.
  const bool was_held =
      known.state == v1::REPLICA_STATE_HELD && outcome.status() == v1::OUTCOME_STATUS_UNAUTHENTICATED;
  if (!was_held && known.state != StateOf(outcome, known.attempt_count, known.release_count, policy))
    return false;
  if (known.state != v1::REPLICA_STATE_WAITING) return known.error.reason() == outcome.error().reason();
  return known.waits_for_entity.value_or(Uuid()) == EntityOrNil(outcome.waits_for_entity_id()) &&
         known.error.reason() == outcome.error().reason() &&
         known.incomplete == (outcome.status() == v1::OUTCOME_STATUS_INCOMPLETE);
}

void SetNextStep(const v1::Outcome& outcome, const RetryPolicy& policy, absl::Time now, const Random& random,
                 Trouble* trouble) {
  switch (trouble->state) {
    case v1::REPLICA_STATE_RETRY:
      trouble->replay = true;
      trouble->next_attempt = now + RetryDelayOf(outcome, trouble->attempt_count, policy, random);
      return;
    case v1::REPLICA_STATE_WAITING:
      trouble->next_attempt = now + WaitingLookOf(*trouble, policy, now) * (0.75 + random() / 2);
      return;
    default:
      trouble->next_attempt = now + policy.first_look;
  }
}

void ExplainDeath(const v1::Outcome& outcome, const RetryPolicy& policy, Trouble* trouble) {
  std::string why;
  if (CountsAsFailed(outcome, policy)) {
    why = absl::StrCat("gave up after ", trouble->attempt_count, " attempts");
  } else if (outcome.status() == v1::OUTCOME_STATUS_UNAUTHENTICATED) {
    why = absl::StrCat("refused again after ", trouble->release_count,
                       trouble->release_count == 1 ? " release" : " releases");
  } else {
    return;
  }
  trouble->error.set_message(absl::StrCat(why, "; the last answer was: ", outcome.error().message()));
}

void SetAwaited(const v1::Outcome& outcome, Trouble* trouble) {
  if (outcome.waits_for_entity_id().empty()) return;
  trouble->waits_for_entity = EntityOrNil(outcome.waits_for_entity_id());
  trouble->waits_for_model = outcome.waits_for_model();
  trouble->waits_for_source = outcome.waits_for_source();
}

}  // namespace

v1::SettleKind SettleKindOf(const v1::Outcome& outcome) {
  switch (outcome.status()) {
    case v1::OUTCOME_STATUS_APPLIED:
      // A target that answers with a newer version than the delivered one says what that was.
      return outcome.operation() == v1::OPERATION_DELETE || outcome.local_id().empty()
                 ? v1::SETTLE_KIND_DELETED
                 : v1::SETTLE_KIND_APPLIED;
    case v1::OUTCOME_STATUS_INCOMPLETE:
      return v1::SETTLE_KIND_INCOMPLETE;
    case v1::OUTCOME_STATUS_SKIPPED:
      return v1::SETTLE_KIND_SKIPPED;
    default:
      return v1::SETTLE_KIND_UNSPECIFIED;
  }
}

bool IsTrouble(const v1::Outcome& outcome) {
  return outcome.status() != v1::OUTCOME_STATUS_APPLIED && outcome.status() != v1::OUTCOME_STATUS_SKIPPED;
}

std::optional<Trouble> NextTrouble(absl::string_view platform, const v1::Outcome& outcome,
                                   const Trouble* known, const RetryPolicy& policy, absl::Time now,
                                   const Random& random) {
  if (known != nullptr && (known->version > outcome.version() || IsRepeated(outcome, *known, policy))) {
    return std::nullopt;
  }
  Trouble trouble;
  trouble.key = {EntityOrNil(outcome.entity_id()), std::string(platform), outcome.model()};
  trouble.version = outcome.version();
  const bool same_version = known != nullptr && known->version == outcome.version();
  const bool was_sent = outcome.status() != v1::OUTCOME_STATUS_WAITING;
  trouble.attempt_count = (same_version ? known->attempt_count : 0) + (was_sent ? 1 : 0);
  trouble.release_count = same_version ? known->release_count : 0;
  trouble.state = StateOf(outcome, trouble.attempt_count, trouble.release_count, policy);
  trouble.source = outcome.source().local_id().empty() && known != nullptr ? known->source : outcome.source();
  trouble.target_local_id =
      outcome.local_id().empty() && known != nullptr ? known->target_local_id : outcome.local_id();
  trouble.error = outcome.error();
  trouble.operation = outcome.operation();
  trouble.acting_identity = outcome.acting_identity();
  if (trouble.acting_identity.empty() && same_version) trouble.acting_identity = known->acting_identity;
  if (trouble.state == v1::REPLICA_STATE_HELD)
    trouble.held = same_version && known->held ? *known->held : now;
  if (trouble.state == v1::REPLICA_STATE_DEAD) ExplainDeath(outcome, policy, &trouble);
  SetAwaited(outcome, &trouble);
  trouble.may_be_incomplete = outcome.may_be_incomplete();
  trouble.incomplete = outcome.status() == v1::OUTCOME_STATUS_INCOMPLETE;
  trouble.created = known != nullptr ? known->created : now;
  trouble.updated = now;
  SetNextStep(outcome, policy, now, random, &trouble);
  return trouble;
}

v1::EventKind EventKindOf(const v1::Outcome& outcome, const Trouble* trouble) {
  if (trouble == nullptr) {
    if (outcome.status() == v1::OUTCOME_STATUS_SKIPPED) return v1::EVENT_KIND_SKIPPED;
    if (SettleKindOf(outcome) == v1::SETTLE_KIND_DELETED) return v1::EVENT_KIND_DELETED;
    return outcome.created() ? v1::EVENT_KIND_PUBLISHED : v1::EVENT_KIND_APPLIED;
  }
  switch (trouble->state) {
    case v1::REPLICA_STATE_RETRY:
      return v1::EVENT_KIND_RETRY;
    case v1::REPLICA_STATE_WAITING:
      return v1::EVENT_KIND_WAITING;
    case v1::REPLICA_STATE_HELD:
      return v1::EVENT_KIND_HELD;
    case v1::REPLICA_STATE_CONFLICT:
      return v1::EVENT_KIND_CONFLICT;
    default:
      return v1::EVENT_KIND_DEAD;
  }
}

absl::Duration LeaseOf(const RetryPolicy& policy, int replay_count) {
  return std::min(policy.lease * std::pow(2.0, std::clamp(replay_count - 1, 0, 10)), kLongestLease);
}

}  // namespace cognate::feedback
