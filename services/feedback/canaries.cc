#include "services/feedback/canaries.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "common/clock/time_proto.h"
#include "common/status/status_macros.h"

namespace cognate::feedback {
namespace {

constexpr absl::string_view kModel = "cognate_canary";
const grpc_support::CallOptions kGetRules = {.timeout = absl::Seconds(2)};

}  // namespace

bool IsCanary(absl::string_view model) {
  return absl::EndsWith(model, kModel) &&
         (model.size() == kModel.size() || model[model.size() - kModel.size() - 1] == '.');
}

Canaries::Shown::Shown(metrics::Registry& metrics, const Pair& pair, absl::Time since)
    : newest(since),
      age(metrics, "canary_seconds", "How long ago the newest canary that the target has was captured.",
          {"source", "target"}, {pair.first, pair.second}) {}

Canaries::Canaries(clients::RegistryClient& registry, postgres::Pool& pool, const Clock& clock,
                   metrics::Registry& metrics)
    : clock_(clock), metrics_(metrics), rules_(registry, clock, kGetRules), store_(pool) {
  refresher_ = metrics.OnScrape([this] { ShowAges(); });
}

Canaries::ActivePairs::ActivePairs(const v1::Rules& rules) : revision_(rules.revision()) {
  for (const v1::CompiledSync& compiled : rules.syncs()) {
    const v1::Sync& sync = compiled.sync();
    if (sync.status() != v1::SYNC_STATUS_PAUSED && IsCanary(sync.source_model()))
      pairs_.emplace(sync.source_platform(), sync.target_platform());
  }
}

absl::Status Canaries::Refresh() {
  RETURN_IF_ERROR(rules_.Poll());
  const std::shared_ptr<const ActivePairs> active = rules_.Current();
  const std::set<Pair>& pairs = active->pairs();
  NewestCanaries known;
  {
    MutexLock lock(&mutex_);
    for (const auto& [pair, shown] : shown_) known[pair] = shown.newest;
  }
  ASSIGN_OR_RETURN(known, store_.Exchange(known));
  // As if one had arrived just now; that is remembered, too.
  NewestCanaries first_seen;
  for (const Pair& pair : pairs) {
    if (!known.contains(pair)) first_seen[pair] = clock_.Now();
  }
  if (!first_seen.empty()) {
    ASSIGN_OR_RETURN(known, store_.Exchange(first_seen));
  }
  MutexLock lock(&mutex_);
  for (auto pair = shown_.begin(); pair != shown_.end();)
    pair = pairs.contains(pair->first) ? std::next(pair) : shown_.erase(pair);
  for (const Pair& pair : pairs) {
    Shown& shown = shown_.try_emplace(pair, metrics_, pair, known[pair]).first->second;
    shown.newest = std::max(shown.newest, known[pair]);
  }
  return absl::OkStatus();
}

void Canaries::Count(const v1::ReportRequest& report) {
  for (const v1::Outcome& outcome : report.outcomes()) {
    if (outcome.status() != v1::OUTCOME_STATUS_APPLIED || !outcome.has_capture_time()) continue;
    if (!IsCanary(outcome.source().model())) continue;
    MutexLock lock(&mutex_);
    const auto shown = shown_.find({outcome.source().platform(), report.platform()});
    if (shown == shown_.end()) continue;  // its sync is not known yet, or no more
    shown->second.newest = std::max(shown->second.newest, ToTime(outcome.capture_time()));
  }
}

void Canaries::ShowAges() {
  const absl::Time now = clock_.Now();
  MutexLock lock(&mutex_);
  for (auto& [pair, shown] : shown_) shown.age.Set(std::max(0.0, absl::ToDoubleSeconds(now - shown.newest)));
}

}  // namespace cognate::feedback
