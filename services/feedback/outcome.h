// The state table as code: what an outcome does to a replica.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cognate/v1/event.pb.h"
#include "cognate/v1/ledger_service.pb.h"
#include "cognate/v1/outcome.pb.h"
#include "common/retry/backoff.h"
#include "services/feedback/trouble.h"

namespace cognate::feedback {

// What happens to deliveries whose login is refused (v1::HoldPolicy, with what is left out filled in).
struct HoldPolicy {
  bool is_off = false;     // They are tried again as what failed.
  bool is_manual = false;  // A person alone releases them.
  int max_releases = 0;    // 0: without end.
  absl::Duration lifetime = absl::Hours(30 * 24);
};

struct RetryPolicy {
  BackoffPolicy backoff = {absl::Seconds(1), 2.0, absl::Minutes(5)};
  int max_attempts = 20;
  // In the place of the two: the longest wait before each attempt after the first. After the last it is DEAD.
  std::vector<absl::Duration> delays = {};
  // How often an old WAITING is replayed; a young one sooner.
  absl::Duration waiting_look = absl::Minutes(5);
  // When a trouble that nothing moves by itself is compared with the ledger; then again after as long as it
  // has been there, at most the second.
  absl::Duration first_look = absl::Seconds(5);
  absl::Duration longest_look = absl::Hours(1);
  // How long a first replay may stay unanswered; doubles, at most 10 min.
  absl::Duration lease = absl::Seconds(30);
  HoldPolicy hold = {};
};

// What the ledger is told before any trouble is written: APPLIED, DELETED, SKIPPED or INCOMPLETE; UNSPECIFIED
// for nothing.
v1::SettleKind SettleKindOf(const v1::Outcome& outcome);

// Whether a trouble follows. INCOMPLETE settles and is a trouble, too.
bool IsTrouble(const v1::Outcome& outcome);

// The trouble after `outcome`, which IsTrouble, where `known` (may be null) was there before.
//
// clang-format off
//   outcome          state     next step
//   FAILED           RETRY     replayed after a random time up to initial·factor^(attempt-1) ≤ max, and not before the
//                              target's own delay; DEAD when the attempts are spent (the platform's `delays` go first)
//   WAITING          WAITING   freed by the awaited record's outcome; replayed all the same after as long as it has
//                              waited already, 2 s to `waiting_look`
//   INCOMPLETE       WAITING   the same; the target has the record
//   UNAUTHENTICATED  HELD      freed by the next applied outcome of its acting identity, or, where it has none, of
//                              the platform, unless a person alone may; DEAD after a long time, or when it is refused
//                              again after `max_releases`; compared with the ledger. As FAILED where the platform
//                              does not hold
//   REJECTED         DEAD      none; compared with the ledger, for it may be over already
//   CONFLICT         CONFLICT  the same
// clang-format on
//
// nullopt: `known` stays as it is, because its version is newer, or because this is the outcome that led to
// it, come again (nothing was replayed since).
std::optional<Trouble> NextTrouble(absl::string_view platform, const v1::Outcome& outcome,
                                   const Trouble* known, const RetryPolicy& policy, absl::Time now,
                                   const Random& random);

// How an outcome is told; `trouble` is the one that follows from it, if any.
v1::EventKind EventKindOf(const v1::Outcome& outcome, const Trouble* trouble);

// How long a replay may stay unanswered; `replay_count` counts it.
absl::Duration LeaseOf(const RetryPolicy& policy, int replay_count);

}  // namespace cognate::feedback
