#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/feedback/errors.h"
#include "services/feedback/park.h"
#include "services/feedback/troubles.h"

namespace cognate::feedback {
namespace {

constexpr int kAtOnce = 1000;
constexpr int kSamples = 20;

absl::Status Validate(const v1::DiscardTroublesRequest& request) {
  if (request.filter().ByteSizeLong() == 0) {
    return InvalidField("filter", "got nothing, want at least one field; state: DEAD means all that is dead");
  }
  if (request.has_expected_count() && request.expected_count() < 0)
    return InvalidField("expected_count", "got less than 0");
  return absl::OkStatus();
}

// The ledger first: a crash in between leaves a trouble of what is settled, which ends by itself.
absl::Status DiscardPage(const Parts& parts, const std::vector<Trouble>& troubles,
                         const CallContext& context) {
  std::map<std::string, std::vector<Parked>> by_platform;
  for (const Trouble& trouble : troubles) {
    by_platform[trouble.key.platform].push_back(
        {trouble.key.entity_id.AsBytes(), trouble.key.model, trouble.version});
  }
  for (const auto& [platform, discarded] : by_platform)
    RETURN_IF_ERROR(Discard(parts.peers, platform, discarded, context));
  return parts.troubles.Delete(troubles);
}

}  // namespace

absl::StatusOr<v1::DiscardTroublesResponse> DiscardTroubles(const Parts& parts,
                                                            const v1::DiscardTroublesRequest& request,
                                                            const grpc_support::Rpc& rpc) {
  RETURN_IF_ERROR(Validate(request));
  const CallContext context = CallContext::Of(rpc);
  ASSIGN_OR_RETURN(TroubleCriteria criteria, CriteriaOf(parts.peers, request.filter(), context));
  if (criteria.state == v1::REPLICA_STATE_UNSPECIFIED) criteria.state = v1::REPLICA_STATE_DEAD;
  // An answer that is still to come would be one to a version that is settled.
  criteria.at_rest = true;
  ASSIGN_OR_RETURN(const int64_t count, parts.troubles.CountOf(criteria));
  if (request.has_expected_count() && request.expected_count() != count)
    return CountChanged(request.expected_count(), count);
  v1::DiscardTroublesResponse response;
  if (!request.force()) {
    ASSIGN_OR_RETURN(const std::vector<Trouble> samples,
                     parts.troubles.List(criteria, kSamples, std::nullopt));
    for (const Trouble& trouble : samples) *response.add_samples() = ToProto(trouble);
    response.set_discarded_count(count);
    return response;
  }
  while (response.discarded_count() < count) {  // not what comes into trouble meanwhile
    const auto left = static_cast<int>(std::min<int64_t>(count - response.discarded_count(), kAtOnce));
    ASSIGN_OR_RETURN(
        const std::vector<Trouble> troubles,
        parts.troubles.Take(criteria, /*replay=*/false, parts.clock.Now() + parts.policy.lease, left));
    if (troubles.empty()) break;
    RETURN_IF_ERROR(DiscardPage(parts, troubles, context));
    response.set_discarded_count(response.discarded_count() + static_cast<int64_t>(troubles.size()));
  }
  log::Info(
      "discard_troubles",
      {{"platform", criteria.platform}, {"reason", criteria.reason}, {"count", response.discarded_count()}});
  return response;
}

}  // namespace cognate::feedback
