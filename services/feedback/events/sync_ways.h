#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "cognate/v1/event.pb.h"
#include "common/clock/clock.h"
#include "services/clients/rules_follower.h"
#include "services/feedback/ways.h"

namespace cognate::feedback {

// Between which models syncs go, as the registry said last. Thread safe.
class SyncWays {
 public:
  SyncWays(clients::RegistryClient& registry, const Clock& clock);

  // Those of the filter's syncs. What is remembered is asked anew after a while; if the registry is away then
  // it still counts. NOT_FOUND SYNC_NOT_FOUND where there is no such sync, unless `skip_unknown`.
  absl::StatusOr<std::vector<Way>> Of(const v1::EventFilter& filter, bool skip_unknown = false);

 private:
  class BySync {
   public:
    explicit BySync(const v1::Rules& rules);
    int64_t revision() const { return revision_; }
    const std::vector<Way>* Find(const std::string& sync) const;

   private:
    const int64_t revision_;
    absl::flat_hash_map<std::string, std::vector<Way>> ways_;
  };

  const Clock& clock_;
  clients::RulesFollower<BySync> rules_;
};

}  // namespace cognate::feedback
