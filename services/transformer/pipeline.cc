#include "services/transformer/pipeline.h"

#include <algorithm>
#include <utility>

#include "common/status/status_macros.h"
#include "services/transformer/echo.h"
#include "services/transformer/map.h"
#include "services/transformer/reference.h"
#include "services/transformer/resolve.h"
#include "services/transformer/route.h"

namespace cognate::transformer {

absl::StatusOr<WaveResult> RunWave(const RuleSet& rules, const Wave& wave, const Ledger& ledger,
                                   ReferenceCache* cache, const LaneLimits& limits,
                                   google::protobuf::Arena* arena) {
  WaveResult result;
  const Routed routed = Route(rules, wave, arena);
  result.routed = routed.changes.size();
  result.unreadable = routed.unreadable.size();
  if (routed.changes.empty()) return result;

  // What is deleted here may be referred to by what the cache holds.
  const bool deletes =
      std::any_of(wave.begin(), wave.end(), [](const RecordChange& change) { return change.is_delete(); });
  if (cache != nullptr && deletes) cache->Clear();
  ReferenceCache* const usable = deletes ? nullptr : cache;
  const ResolveQuestion who = AskWho(routed, Missing::kMake, usable);
  ASSIGN_OR_RETURN(const v1::ResolveResponse identities, ledger.resolve(who.request));
  result.rules_revision = identities.rules_revision();
  if (result.rules_revision > rules.revision()) return result;
  ASSIGN_OR_RETURN(const Resolved resolved, ReadWho(who, identities, usable));

  const std::vector<bool> echoes = FindEchoes(routed, resolved);
  result.echoes = static_cast<size_t>(std::count(echoes.begin(), echoes.end(), true));
  Mapped mapped = Map(routed, resolved, echoes, arena);
  Refer(routed, resolved, &mapped);

  const PlanQuestion due = AskPlan(routed, resolved, echoes, mapped);
  v1::PlanResponse planned;
  if (due.request.groups_size() > 0 || due.request.tombstones_size() > 0) {
    ASSIGN_OR_RETURN(planned, ledger.plan(due.request));
  }
  ASSIGN_OR_RETURN(result.decisions,
                   Decide(routed, std::move(mapped), due, planned, rules.revision(), limits, arena));
  return result;
}

}  // namespace cognate::transformer
