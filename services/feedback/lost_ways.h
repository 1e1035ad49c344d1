#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "services/clients/rules_follower.h"
#include "services/feedback/peers_client.h"
#include "services/feedback/trouble.h"
#include "services/feedback/trouble_store.h"
#include "services/feedback/ways.h"

namespace cognate::feedback {

// Ends the troubles whose way no sync, active or paused, takes any more: what is replayed for them is routed
// nowhere, so that no outcome would ever end them. The ledger keeps what is on the target. While the registry
// cannot be asked for the rules, nothing ends.
class LostWays {
 public:
  LostWays(const Clock& clock, Peers& peers, TroubleStore& troubles);

  // Of these, which were read just now; takes them out. Thread safe.
  absl::Status End(std::vector<Trouble>* troubles);
  // Of all, when the rules have changed: at most a look every few seconds. For one thread.
  absl::Status EndAfterNewRules();

 private:
  const Clock& clock_;
  TroubleStore& troubles_;
  clients::RulesFollower<Ways> rules_;
  absl::Time next_look_ = absl::InfinitePast();
  int64_t looked_revision_ = 0;
};

}  // namespace cognate::feedback
