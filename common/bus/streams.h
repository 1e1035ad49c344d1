// Names of what lies in Redis. `prefix` is the option stream_prefix: tests that share a server take one each.
// The platform stands in braces, so that in a Redis Cluster all keys of a lane are on one node.
#pragma once

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace cognate::bus {

inline constexpr char kDefaultPrefix[] = "cognate:";
inline constexpr char kTransformerGroup[] = "transformer";
inline constexpr char kDeliveryGroup[] = "delivery";

// Entries are `cognate.bus.v1.ChangeBatch`.
inline std::string ChangesStream(absl::string_view prefix = kDefaultPrefix) {
  return absl::StrCat(prefix, "changes");
}
// Entries are `cognate.bus.v1.LaneBatch`.
inline std::string LaneStream(absl::string_view platform, absl::string_view prefix = kDefaultPrefix) {
  return absl::StrCat(prefix, "lane:{", platform, "}");
}
// Exists while the lane's owner cannot reach the target; nothing is added to a closed lane.
inline std::string LaneClosedKey(absl::string_view platform, absl::string_view prefix = kDefaultPrefix) {
  return absl::StrCat(prefix, "lane:{", platform, "}:closed");
}
// News of feedback.
inline std::string EventsStream(absl::string_view prefix = kDefaultPrefix) {
  return absl::StrCat(prefix, "events");
}

}  // namespace cognate::bus
