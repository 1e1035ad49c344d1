// Looks after those that wait: frees whose record has come meanwhile, and breaks cycles.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "common/clock/clock.h"
#include "services/feedback/events/event_feed.h"
#include "services/feedback/events/event_store.h"
#include "services/feedback/peers_client.h"
#include "services/feedback/redrive_signal.h"
#include "services/feedback/trouble.h"
#include "services/feedback/trouble_store.h"

namespace cognate::feedback {

class Waiting {
 public:
  Waiting(const Clock& clock, TroubleStore& troubles, EventStore& events, Peers& peers, EventFeed& feed,
          RedriveSignal& signal)
      : clock_(clock), troubles_(troubles), events_(events), peers_(peers), feed_(feed), signal_(signal) {}

  // `waiting` are committed WAITING troubles. Asks the ledger whether what they wait for is there: its
  // outcome may have come between their delivery and their trouble, and then nobody would wake them. Of the
  // others, follows who waits for whom: in a cycle one whose missing references are all optional is released
  // with `allow_incomplete`; where there is none, all of the cycle are DEAD. Idempotent.
  absl::Status Inspect(absl::Span<const Trouble> waiting, const CallContext& context);

 private:
  absl::StatusOr<std::vector<Trouble>> FreeArrived(absl::Span<const Trouble> waiting,
                                                   const CallContext& context);
  absl::Status BreakCycles(std::vector<Trouble> waiting);
  absl::Status BreakCycle(const std::vector<const Trouble*>& cycle);
  absl::Status GiveUp(const std::vector<const Trouble*>& cycle);

  const Clock& clock_;
  TroubleStore& troubles_;
  EventStore& events_;
  Peers& peers_;
  EventFeed& feed_;
  RedriveSignal& signal_;
};

}  // namespace cognate::feedback
