#include "services/transformer/lane_writer.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/bus/job_span.h"
#include "common/bus/streams.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"

namespace cognate::transformer {

namespace {

constexpr absl::Duration kLook = absl::Milliseconds(5);
constexpr absl::Duration kStill =
    absl::Milliseconds(250);  // a lane that does not move for so long is not waited for

bool HasRoom(const redis::Client::Standing& standing, int64_t max_batches) {
  return !standing.marked && standing.length < max_batches;
}

}  // namespace

absl::StatusOr<LaneStandings> LookAtLanes(redis::Client& redis, const std::string& stream_prefix,
                                          int64_t max_batches, absl::Span<const LaneOrder> lanes,
                                          absl::Duration hold, StopToken& stop) {
  std::vector<std::string> names;
  names.reserve(2 * lanes.size());
  std::vector<redis::Client::Marked> marked;
  for (const LaneOrder& lane : lanes) {
    names.push_back(bus::LaneStream(lane.platform, stream_prefix));
    names.push_back(bus::LaneClosedKey(lane.platform, stream_prefix));
    marked.push_back({names[names.size() - 2], names.back()});
  }
  int64_t shortest = std::numeric_limits<int64_t>::max();
  absl::Duration still;
  for (absl::Duration waited;; waited += kLook, still += kLook) {
    ASSIGN_OR_RETURN(LaneStandings standings, redis.Standings(marked));
    int64_t length = 0;
    bool wait = waited < hold;
    for (const redis::Client::Standing& standing : standings) {
      wait = wait && !standing.marked && !HasRoom(standing, max_batches);
      length += standing.length;
    }
    if (length < shortest) still = absl::ZeroDuration();
    shortest = std::min(shortest, length);
    if (!wait || still >= kStill || stop.WaitFor(kLook)) return standings;
  }
}

absl::StatusOr<std::vector<LaneWrite>> WriteLanes(redis::Client& redis, const std::string& stream_prefix,
                                                  int64_t max_batches, absl::Span<const LaneOrder> lanes,
                                                  const LaneStandings& standings) {
  std::vector<LaneWrite> writes;
  struct Entry {
    std::string stream;
    std::string payload;
    std::string traceparent;
  };
  std::vector<Entry> entries;
  std::vector<trace::Span> spans;
  for (size_t i = 0; i < lanes.size(); ++i) {
    LaneWrite& write = writes.emplace_back();
    write.platform = lanes[i].platform;
    write.full = !standings[i].marked && standings[i].length >= max_batches;
    if (!HasRoom(standings[i], max_batches)) {
      write.left_out = lanes[i].deliveries;
      continue;
    }
    write.added = lanes[i].deliveries;
    const std::string stream = bus::LaneStream(lanes[i].platform, stream_prefix);
    spans.push_back(bus::SendSpan({bus::kLaneKind, stream, "transformer"}));
    spans.back().Set("cognate.platform", lanes[i].platform);
    spans.back().Set("cognate.deliveries", lanes[i].deliveries);
    const std::string traceparent = trace::FormatTraceparent(spans.back().context());
    for (const bus::v1::LaneBatch* batch : lanes[i].batches)
      entries.push_back({stream, batch->SerializeAsString(), traceparent});
  }
  std::vector<redis::Client::Addition> additions;
  for (const Entry& entry : entries) additions.push_back({entry.stream, entry.payload, entry.traceparent});
  const absl::Status status = redis.AddMany(additions).status();
  for (trace::Span& span : spans) span.Fail(status);
  if (!absl::IsResourceExhausted(status)) {
    RETURN_IF_ERROR(status);
    return writes;
  }
  log::Warn("Redis is full: what is due stays in the ledger",
            {{"service", "transformer"}, {"error", status}});
  for (LaneWrite& write : writes) {
    write.full = write.full || write.added > 0;
    write.left_out += std::exchange(write.added, 0);
  }
  return writes;
}

}  // namespace cognate::transformer
