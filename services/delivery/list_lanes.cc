#include "services/delivery/list_lanes.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "common/bus/streams.h"
#include "common/status/status_macros.h"
#include "services/clients/delivery_pause.h"

namespace cognate::delivery {
namespace {

absl::StatusOr<v1::Lane> DescribeFromRedis(redis::Client& client, const std::string& platform,
                                           const std::string& prefix) {
  v1::Lane lane;
  lane.set_platform(platform);
  ASSIGN_OR_RETURN(const int64_t length, client.Length(bus::LaneStream(platform, prefix)));
  lane.set_batch_count(length);
  ASSIGN_OR_RETURN(const std::optional<std::string> closed, client.Get(bus::LaneClosedKey(platform, prefix)));
  lane.set_state(!closed                     ? v1::LANE_STATE_OPEN
                 : clients::IsPause(*closed) ? v1::LANE_STATE_PAUSED
                                             : v1::LANE_STATE_CLOSED);
  if (closed) lane.set_error(*closed);
  return lane;
}

}  // namespace

absl::StatusOr<v1::ListLanesResponse> ListLanes(const LaneManager& manager, LeaseStore& leases,
                                                const LaneContext& context,
                                                const v1::ListLanesRequest& request) {
  ASSIGN_OR_RETURN(const auto owners, leases.Owners());
  absl::btree_map<std::string, v1::Lane> lanes;
  for (v1::Lane& lane : manager.Describe()) {
    const std::string platform = lane.platform();
    lanes.emplace(platform, std::move(lane));
  }
  std::unique_ptr<redis::Client> client;
  for (const auto& [platform, owner] : owners) {
    if (lanes.count(platform) > 0 || (!request.platform().empty() && request.platform() != platform))
      continue;
    if (client == nullptr) {
      ASSIGN_OR_RETURN(client, redis::Client::Connect(context.redis));
    }
    ASSIGN_OR_RETURN(v1::Lane lane, DescribeFromRedis(*client, platform, context.options.stream_prefix));
    lane.set_owner(owner);
    lanes.emplace(platform, std::move(lane));
  }
  v1::ListLanesResponse response;
  for (auto& [platform, lane] : lanes) {
    if (request.platform().empty() || request.platform() == platform) *response.add_lanes() = std::move(lane);
  }
  return response;
}

}  // namespace cognate::delivery
