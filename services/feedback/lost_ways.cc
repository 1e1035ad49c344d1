#include "services/feedback/lost_ways.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_map.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"

namespace cognate::feedback {
namespace {

constexpr absl::Duration kBetweenLooks = absl::Seconds(2);
const grpc_support::CallOptions kGetRules = {.timeout = absl::Seconds(2)};

Way WayOf(const Trouble& trouble) {
  return {trouble.source.platform(), trouble.source.model(), trouble.key.platform, trouble.key.model};
}

Way WayOf(const TroubleCount& count) {
  return {count.source_platform, count.source_model, count.platform, count.model};
}

// One whose source nobody told is not known to be lost.
bool IsLost(const Ways& ways, const Way& way) { return !way.source_platform.empty() && !ways.Has(way); }

void Tell(const Way& way, int64_t count) {
  if (count == 0) return;
  log::Info("troubles_without_sync_ended", {{"source_platform", way.source_platform},
                                            {"source_model", way.source_model},
                                            {"platform", way.target_platform},
                                            {"model", way.target_model},
                                            {"count", count}});
}

}  // namespace

LostWays::LostWays(const Clock& clock, Peers& peers, TroubleStore& troubles)
    : clock_(clock), troubles_(troubles), rules_(peers.registry(), clock, kGetRules) {}

absl::Status LostWays::End(std::vector<Trouble>* troubles) {
  if (troubles->empty()) return absl::OkStatus();
  const auto ways = rules_.AtLeast(/*revision=*/0, clock_.Now());
  if (!ways.ok()) return absl::OkStatus();
  const auto first_lost =
      std::stable_partition(troubles->begin(), troubles->end(),
                            [&](const Trouble& trouble) { return !IsLost(**ways, WayOf(trouble)); });
  const std::vector<Trouble> lost(first_lost, troubles->end());
  troubles->erase(first_lost, troubles->end());
  RETURN_IF_ERROR(troubles_.Delete(lost));
  absl::flat_hash_map<Way, int64_t> counts;
  for (const Trouble& trouble : lost) ++counts[WayOf(trouble)];
  for (const auto& [way, count] : counts) Tell(way, count);
  return absl::OkStatus();
}

absl::Status LostWays::EndAfterNewRules() {
  const absl::Time now = clock_.Now();
  if (now < next_look_) return absl::OkStatus();
  next_look_ = now + kBetweenLooks;
  if (!rules_.Poll().ok()) return absl::OkStatus();
  std::shared_ptr<const Ways> ways = rules_.Current();
  if (ways->revision() == looked_revision_) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<TroubleCount> counts, troubles_.Count());
  if (absl::c_any_of(counts, [&](const TroubleCount& count) { return IsLost(*ways, WayOf(count)); })) {
    // Polled ones may be older than `now`, and know nothing of a sync that was made, and failed, since.
    auto newest = rules_.AtLeast(/*revision=*/0, now);
    if (!newest.ok()) return absl::OkStatus();
    ways = *std::move(newest);
  }
  for (const TroubleCount& count : counts) {
    const Way way = WayOf(count);
    if (!IsLost(*ways, way)) continue;
    // A newer one may be that of a sync that these rules do not know yet.
    ASSIGN_OR_RETURN(const int64_t ended, troubles_.DeleteOfWay(way, now));
    Tell(way, ended);
  }
  looked_revision_ = ways->revision();
  return absl::OkStatus();
}

}  // namespace cognate::feedback
