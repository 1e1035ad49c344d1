#include "services/feedback/events/sync_ways.h"

#include <memory>

#include "common/status/status_macros.h"
#include "services/feedback/errors.h"

namespace cognate::feedback {
namespace {

constexpr absl::Duration kRemembered = absl::Seconds(10);
const grpc_support::CallOptions kGetRules = {.timeout = absl::Seconds(2)};

}  // namespace

SyncWays::BySync::BySync(const v1::Rules& rules) : revision_(rules.revision()) {
  for (const v1::CompiledSync& compiled : rules.syncs()) {
    std::vector<Way>& ways = ways_[compiled.sync().name()];
    ways.push_back(WayOf(compiled.sync()));
    if (compiled.sync().mirror()) ways.push_back(RemovalWayOf(compiled.sync()));
  }
}

const std::vector<Way>* SyncWays::BySync::Find(const std::string& sync) const {
  const auto found = ways_.find(sync);
  return found == ways_.end() ? nullptr : &found->second;
}

SyncWays::SyncWays(clients::RegistryClient& registry, const Clock& clock)
    : clock_(clock), rules_(registry, clock, kGetRules) {}

absl::StatusOr<std::vector<Way>> SyncWays::Of(const v1::EventFilter& filter, bool skip_unknown) {
  std::vector<Way> ways;
  if (filter.syncs().empty()) return ways;
  absl::StatusOr<std::shared_ptr<const BySync>> rules = rules_.AtLeast(0, clock_.Now() - kRemembered);
  if (!rules.ok()) {
    if (!rules_.IsKnown()) return rules.status();
    rules = rules_.Current();
  }
  bool asked_again = false;
  for (const std::string& sync : filter.syncs()) {
    const std::vector<Way>* found = (*rules)->Find(sync);
    if (found == nullptr && !asked_again) {  // It may be a minute old.
      asked_again = true;
      if (rules_.Refresh().ok()) rules = rules_.Current();
      found = (*rules)->Find(sync);
    }
    if (found == nullptr && !skip_unknown) return SyncNotFound(sync);
    if (found != nullptr) ways.insert(ways.end(), found->begin(), found->end());
  }
  return ways;
}

}  // namespace cognate::feedback
