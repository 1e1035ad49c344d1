#pragma once

#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "cognate/bus/v1/event_batch.pb.h"
#include "cognate/v1/event.pb.h"
#include "services/feedback/events/event_batch.h"
#include "services/feedback/ways.h"

namespace cognate::feedback {

// Which events somebody wants to be told. Pure, and the same for watchers, for who asks now and then, and for
// hooks.
class EventFilter {
 public:
  EventFilter() = default;
  // `ways` are those that the filter's syncs take now.
  EventFilter(const v1::EventFilter& filter, std::vector<Way> ways);

  // False: no event of this target's.
  bool WantsPlatform(absl::string_view platform) const {
    return platforms_.empty() || platforms_.contains(platform);
  }
  // `detail` is the event's own, or null.
  bool Wants(const EventColumns& events, int index, const bus::v1::EventDetail* detail) const;
  // Whether it is told as a part of an EVENT_KIND_CHANGE instead.
  bool Aggregates(v1::EventKind kind) const;

 private:
  bool WantsKind(v1::EventKind kind) const;
  bool OfSync(const EventColumns& events, int index, const bus::v1::EventDetail* detail) const;

  bool aggregate_ = false;
  absl::flat_hash_set<std::string> platforms_;
  absl::flat_hash_set<int> kinds_;
  absl::flat_hash_set<std::string> syncs_;
  absl::flat_hash_set<std::string> actors_;
  absl::flat_hash_set<std::string> source_platforms_;
  std::vector<Way> ways_;
};

// OK, or INVALID_ARGUMENT INVALID_FIELD for what is no filter; `field` is its name in the request.
absl::Status CheckFilter(const v1::EventFilter& filter, absl::string_view field);

}  // namespace cognate::feedback
