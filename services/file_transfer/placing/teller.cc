#include "services/file_transfer/placing/teller.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "common/ids/uuid.h"
#include "common/log/log.h"
#include "services/file_transfer/placing/names.h"

namespace cognate::file_transfer {
namespace {

constexpr absl::Duration kInterval = absl::Seconds(1);
// More in a second are told in sum.
constexpr size_t kToldEach = 50;
constexpr int kPage = 500;  // at most 1,000 are taken at once

}  // namespace

Teller::Teller(const Clock& clock, metrics::Registry& registry, Tell tell, Totals totals)
    : clock_(clock),
      tell_(std::move(tell)),
      totals_(std::move(totals)),
      placed_(
          registry.Counters("files_placements_total", "Files for targets, by what became of them.", {"state"})
              .With({"placed"})),
      refused_(
          registry.Counters("files_placements_total", "Files for targets, by what became of them.", {"state"})
              .With({"refused"})),
      failed_(
          registry.Counters("files_placements_total", "Files for targets, by what became of them.", {"state"})
              .With({"failed"})),
      placed_bytes_(
          registry.Counters("files_placed_bytes_total", "Bytes that were put on targets.").With({})) {}

void Teller::Ended(const PlacementRow& placement) {
  const bool is_placed = placement.state == v1::PLACEMENT_STATE_PLACED;
  (is_placed ? placed_ : refused_).Increment();
  if (is_placed) placed_bytes_.Increment(static_cast<double>(placement.size_bytes));
  MutexLock lock(&mutex_);
  Platform& platform = platforms_[placement.platform];
  platform.moving.erase(placement.path);
  ++platform.ended_count;
  if (platform.ended.size() < kToldEach) platform.ended.push_back(placement);
}

void Teller::Moved(const PlacementRow& placement, int64_t placed_bytes) {
  MutexLock lock(&mutex_);
  auto& moving = platforms_[placement.platform].moving;
  if (moving.size() < kToldEach || moving.contains(placement.path))
    moving.insert_or_assign(placement.path, std::make_pair(placement, placed_bytes));
}

void Teller::Run(StopToken& stop) {
  while (!stop.WaitFor(kInterval)) Flush();
  Flush();
}

v1::Event Teller::EventOf(v1::EventKind kind, const PlacementRow& placement, int64_t placed_bytes) const {
  v1::Event event;
  event.set_kind(kind);
  event.set_event_id(absl::StrCat("file-", RandomHex(16)));
  *event.mutable_time() = ToTimestamp(clock_.Now());
  event.mutable_target()->set_platform(placement.platform);
  v1::FileProgress& file = *event.mutable_file();
  file.set_sha256(placement.sha256);
  file.set_name(ShownName(placement.name));
  file.set_size_bytes(placement.size_bytes);
  file.set_placed_bytes(placed_bytes);
  if (placement.state == v1::PLACEMENT_STATE_REFUSED) {
    event.mutable_error()->set_reason(placement.reason);
    event.mutable_error()->set_message(placement.message);
  }
  return event;
}

void Teller::Flush() {
  std::map<std::string, Platform> platforms;
  {
    MutexLock lock(&mutex_);
    platforms.swap(platforms_);
  }
  v1::TellEventsRequest request;
  for (const auto& [id, platform] : platforms) {
    if (platform.ended_count == 0 && platform.moving.empty()) continue;
    const bool in_sum = platform.ended_count > static_cast<int64_t>(platform.ended.size());
    for (const PlacementRow& placement : platform.ended) {
      const bool is_placed = placement.state == v1::PLACEMENT_STATE_PLACED;
      if (in_sum && is_placed) continue;
      *request.add_events() = EventOf(is_placed ? v1::EVENT_KIND_FILE_PLACED : v1::EVENT_KIND_FILE_REFUSED,
                                      placement, is_placed ? placement.size_bytes : 0);
    }
    const absl::StatusOr<PlacementTotals> totals = totals_(id);
    const auto progress = [&](v1::Event event) {
      if (totals.ok()) {
        event.mutable_file()->set_total_count(totals->total_count);
        event.mutable_file()->set_total_bytes(totals->total_bytes);
        event.mutable_file()->set_placed_count(totals->placed_count);
        event.mutable_file()->set_all_placed_bytes(totals->placed_bytes);
      }
      *request.add_events() = std::move(event);
    };
    for (const auto& [path, moving] : platform.moving)
      progress(EventOf(v1::EVENT_KIND_FILE_PROGRESS, moving.first, moving.second));
    if (platform.ended_count == 0) continue;
    PlacementRow all;
    all.platform = id;
    v1::Event event = EventOf(v1::EVENT_KIND_FILE_PROGRESS, all, 0);
    event.mutable_file()->clear_name();
    progress(std::move(event));
  }
  for (int next = 0; next < request.events_size(); next += kPage) {
    v1::TellEventsRequest page;
    const int end = std::min(next + kPage, request.events_size());
    for (int i = next; i < end; ++i) *page.add_events() = std::move(*request.mutable_events(i));
    const absl::Status status = tell_(page);
    if (!status.ok()) log::Warn("files not told", {{"status", status}, {"count", page.events_size()}});
  }
}

}  // namespace cognate::file_transfer
