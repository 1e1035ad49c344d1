// Canaries: records that a platform changes again and again, so that whoever looks sees whether the way to
// each of their targets is open. A record is one by its model: `cognate_canary`, in whatever schema.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cognate/v1/feedback_service.pb.h"
#include "common/clock/clock.h"
#include "common/metrics/metrics.h"
#include "common/sync/mutex.h"
#include "services/clients/rules_follower.h"
#include "services/feedback/canary_store.h"

namespace cognate::feedback {

bool IsCanary(absl::string_view model);

// cognate_canary_seconds{source,target}: how long ago the newest canary that the target has was captured.
// Worked out when it is asked for, so that it grows while none arrives. A pair is shown from its first sync
// on, as if a canary had arrived just then, and no longer than a sync of it is active. What this process
// knows goes into the database, and what others know comes from there, so that neither a restart nor another
// replica hides a way that is closed. Thread safe.
class Canaries {
 public:
  Canaries(clients::RegistryClient& registry, postgres::Pool& pool, const Clock& clock,
           metrics::Registry& metrics);

  // To be called now and then: reads from the rules which pairs there are, and puts together what is known of
  // them.
  absl::Status Refresh();
  // What a target has now.
  void Count(const v1::ReportRequest& report);

 private:
  using Pair = NewestCanaries::key_type;  // source, target
  struct Shown {
    Shown(metrics::Registry& metrics, const Pair& pair, absl::Time since);
    absl::Time newest;
    metrics::OwnedGauge age;
  };
  // What is kept of the rules.
  class ActivePairs {
   public:
    explicit ActivePairs(const v1::Rules& rules);
    int64_t revision() const { return revision_; }
    const std::set<Pair>& pairs() const { return pairs_; }

   private:
    const int64_t revision_;
    std::set<Pair> pairs_;
  };
  void ShowAges();

  const Clock& clock_;
  metrics::Registry& metrics_;
  clients::RulesFollower<ActivePairs> rules_;
  CanaryStore store_;
  Mutex mutex_;
  std::map<Pair, Shown> shown_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<metrics::Registry::Refresher> refresher_;  // last: it uses the others
};

}  // namespace cognate::feedback
