#pragma once

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cognate/v1/event.pb.h"
#include "common/clock/clock.h"
#include "services/feedback/events/position.h"

namespace cognate::feedback {

// One event instead of a storm. Of those with the same target platform, kind and reason the first few of an
// interval, which begins with the first of them, are let through; the others become one EVENT_KIND_DIGEST at
// its end. Not thread safe.
class Digest {
 public:
  Digest(const v1::EventDigest& options, const Clock& clock);

  // False: it is kept for a digest, and `position` with it.
  bool LetsThrough(const v1::Event& event, const WatchPosition& position);
  // Those whose interval is over; with `all` every one.
  std::vector<v1::Event> Take(bool all = false);
  // The first event that is in no digest that was taken, if there is one: who goes on from here misses none.
  std::optional<WatchPosition> first_kept() const;
  // When there is something to take; infinite while nothing is kept.
  absl::Time next_time() const;

 private:
  using Key = std::tuple<std::string, int, std::string>;  // target platform, kind, reason
  struct Group {
    absl::Time end;
    int told = 0;
    WatchPosition first_kept;
    v1::Event digest;  // count 0 as long as nothing is kept
    std::string first_id, last_id;
    std::string message;  // the error's, of the first
  };

  Group& GroupOf(const v1::Event& event, absl::Time now);
  v1::Event Finish(Group& group) const;

  const absl::Duration interval_;
  const int max_events_;
  const Clock& clock_;
  std::map<Key, Group> groups_;
};

// OK, or INVALID_ARGUMENT INVALID_FIELD; `field` is its name in the request.
absl::Status CheckDigest(const v1::EventDigest& digest, absl::string_view field);

}  // namespace cognate::feedback
