// What resting lanes do not ask by themselves.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/strip.h"
#include "absl/types/span.h"
#include "common/bus/streams.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/clients/delivery_pause.h"
#include "services/delivery/lane_watch.h"

namespace cognate::delivery {
namespace {

constexpr int kDueIntervals = 3;    // refill intervals between two questions to the ledger
constexpr size_t kAskedShare = 20;  // one in so many at a time is woken where the ledger cannot be asked
constexpr size_t kLooksTogether = 1'000;
constexpr int kStreamIntervals = 2;  // platform intervals between two looks at all streams

}  // namespace

// Those that are open: what is due for the others waits for their targets.
absl::Duration LaneWatch::AskDue() {
  const absl::Duration interval = kDueIntervals * context_.options.refill_interval;
  std::vector<std::string> open;
  resting_.ForEach([&](const std::string& platform, const delivery::Rest& rest) {
    if (rest.state == v1::LANE_STATE_OPEN) open.push_back(platform);
  });
  if (open.empty()) return interval;
  const absl::Time planned_before = context_.clock.Now() - context_.options.refill_grace;
  const absl::StatusOr<std::vector<std::string>> due =
      context_.due.ListDuePlatforms(open, planned_before, &calls_);
  if (due.ok()) {
    for (const std::string& platform : *due) Wake(platform, WakeCause::kAsked);
    return interval;
  }
  if (!absl::IsUnimplemented(due.status())) {
    log::Warn("what is due is not known", {{"status", due.status()}});
    return interval;
  }
  // A registry of the version before: each lane asks by itself, in turn.
  std::sort(open.begin(), open.end());
  const size_t share = open.size() / kAskedShare + 1;
  for (size_t i = 0; i < share; ++i) Wake(open[next_asked_++ % open.size()], WakeCause::kAsked);
  return interval;
}

// Compared each time: a lane may have begun to rest with what it had read before the change.
absl::Duration LaneWatch::AskPlatforms() {
  const absl::Duration interval = context_.options.platform_interval;
  const int64_t revision = revision_.load(std::memory_order_acquire);
  if (revision != seen_revision_) {
    grpc_support::CallOptions options = kRegistryCall;
    options.cancellation = &calls_;
    const absl::StatusOr<std::vector<v1::Platform>> platforms = context_.registry.ListPlatforms(options);
    if (!platforms.ok()) {
      log::Warn("platforms not read", {{"status", platforms.status()}});
      return interval;
    }
    seen_revision_ = revision;
    etags_.clear();
    for (const v1::Platform& platform : *platforms)
      etags_.emplace(absl::StripPrefix(platform.name(), "platforms/"), platform.etag());
  }
  std::vector<std::string> changed;
  resting_.ForEach([&](const std::string& platform, const delivery::Rest& rest) {
    const auto found = etags_.find(platform);
    if (found != etags_.end() && !rest.etag.empty() && found->second != rest.etag)
      changed.push_back(platform);
  });
  for (const std::string& platform : changed) Wake(platform, WakeCause::kAsked);
  return interval;
}

// Windows open and close, and locks expire, without a change of the platform.
absl::Duration LaneWatch::LookAtPauses() {
  const absl::Time now = context_.clock.Now();
  std::vector<std::string> changed;
  resting_.ForEach([&](const std::string& platform, const delivery::Rest& rest) {
    const bool is_paused = rest.state == v1::LANE_STATE_PAUSED;
    if (!rest.pauses.has_delivery() && !rest.pauses.has_lock() && !is_paused) return;
    if (clients::PauseAt(rest.pauses, now).has_value() != is_paused) changed.push_back(platform);
  });
  for (const std::string& platform : changed) Wake(platform, WakeCause::kAsked);
  return context_.options.platform_interval;
}

absl::Status LaneWatch::LookAt(absl::Span<const Looked> lanes) {
  if (redis_ == nullptr) {
    ASSIGN_OR_RETURN(redis_, redis::Client::Connect(context_.redis));
  }
  std::vector<redis::Client::Marked> marked;
  for (const Looked& lane : lanes) marked.push_back({lane.stream, lane.mark});
  ASSIGN_OR_RETURN(const std::vector<redis::Client::Standing> standings, redis_->Standings(marked));
  for (size_t i = 0; i < lanes.size(); ++i) {
    const Looked& lane = lanes[i];
    if (standings[i].length > 0) {
      Wake(lane.platform, WakeCause::kEntry);
    } else if (lane.is_open && standings[i].marked) {
      Wake(lane.platform, WakeCause::kAsked);
    } else if (!lane.is_open && !standings[i].marked) {
      RETURN_IF_ERROR(redis_->Set(lane.mark, lane.why));
    }
  }
  return absl::OkStatus();
}

// A Redis that has gone back may have again what was taken away, or have lost what was set: an open lane's
// stream has nothing and no mark, a closed one's has a mark.
absl::Duration LaneWatch::LookAtStreams() {
  std::vector<Looked> lanes;
  const std::string& prefix = context_.options.stream_prefix;
  resting_.ForEach([&](const std::string& platform, const delivery::Rest& rest) {
    if (!rest.by_entries) return;
    lanes.push_back({platform, bus::LaneStream(platform, prefix), bus::LaneClosedKey(platform, prefix),
                     rest.state == v1::LANE_STATE_OPEN, rest.why});
  });
  const absl::Span<const Looked> all = lanes;
  for (size_t begin = 0; begin < all.size(); begin += kLooksTogether) {
    const absl::Status looked = LookAt(all.subspan(begin, kLooksTogether));
    if (looked.ok()) continue;
    log::Warn("streams of resting lanes not looked at", {{"status", looked}});
    break;
  }
  return kStreamIntervals * context_.options.platform_interval;
}

}  // namespace cognate::delivery
