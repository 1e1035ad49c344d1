#include "services/transformer/lane_writer.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/bus/streams.h"
#include "common/status/status_macros.h"

namespace cognate::transformer {

namespace {

constexpr absl::Duration kLook = absl::Milliseconds(5);
constexpr absl::Duration kStill =
    absl::Milliseconds(250);  // a lane that does not move for so long is not waited for

struct LaneNames {
  std::string stream;
  std::string closed;
};

std::vector<LaneNames> NamesOf(absl::Span<const LaneOrder> lanes, const std::string& prefix) {
  std::vector<LaneNames> names;
  for (const LaneOrder& lane : lanes) {
    names.push_back({bus::LaneStream(lane.platform, prefix), bus::LaneClosedKey(lane.platform, prefix)});
  }
  return names;
}

absl::StatusOr<std::vector<redis::Client::Standing>> Look(redis::Client& redis,
                                                          const std::vector<LaneNames>& names) {
  std::vector<redis::Client::Marked> marked;
  for (const LaneNames& lane : names) marked.push_back({lane.stream, lane.closed});
  return redis.Standings(marked);
}

}  // namespace

absl::StatusOr<std::vector<LaneWrite>> WriteLanes(redis::Client& redis, const std::string& stream_prefix,
                                                  int64_t max_batches, absl::Span<const LaneOrder> lanes) {
  const std::vector<LaneNames> names = NamesOf(lanes, stream_prefix);
  ASSIGN_OR_RETURN(const std::vector<redis::Client::Standing> standings, Look(redis, names));
  std::vector<LaneWrite> writes;
  std::vector<std::pair<absl::string_view, std::string>> entries;
  for (size_t i = 0; i < lanes.size(); ++i) {
    LaneWrite& write = writes.emplace_back();
    write.platform = lanes[i].platform;
    write.full = !standings[i].marked && standings[i].length >= max_batches;
    if (write.full || standings[i].marked) {
      write.left_out = lanes[i].deliveries;
      continue;
    }
    write.added = lanes[i].deliveries;
    for (const bus::v1::LaneBatch* batch : lanes[i].batches) {
      entries.emplace_back(names[i].stream, batch->SerializeAsString());
    }
  }
  std::vector<redis::Client::Addition> additions;
  for (const auto& [stream, payload] : entries) additions.push_back({stream, payload});
  RETURN_IF_ERROR(redis.AddMany(additions).status());
  return writes;
}

absl::Status WaitForRoom(redis::Client& redis, const std::string& stream_prefix, int64_t max_batches,
                         absl::Span<const LaneOrder> lanes, absl::Duration hold, StopToken& stop) {
  const std::vector<LaneNames> names = NamesOf(lanes, stream_prefix);
  int64_t shortest = std::numeric_limits<int64_t>::max();
  absl::Duration still;
  for (absl::Duration waited; waited < hold && still < kStill; waited += kLook, still += kLook) {
    ASSIGN_OR_RETURN(const std::vector<redis::Client::Standing> standings, Look(redis, names));
    int64_t length = 0;
    for (const redis::Client::Standing& standing : standings) {
      if (standing.marked || standing.length < max_batches) return absl::OkStatus();
      length += standing.length;
    }
    if (length < shortest) still = absl::ZeroDuration();
    shortest = std::min(shortest, length);
    if (stop.WaitFor(kLook)) break;
  }
  return absl::OkStatus();
}

}  // namespace cognate::transformer
