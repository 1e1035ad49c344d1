#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cognate/v1/event.pb.h"
#include "services/feedback/events/digest.h"
#include "services/feedback/events/event_filter.h"
#include "services/feedback/events/position.h"
#include "services/feedback/parts.h"

namespace cognate::feedback {

// What somebody is to be told, in order, from a position of the feed on: filtered, and digested if he likes.
// The feed is watched as long as this is used. Not thread safe.
class EventStream {
 public:
  EventStream(const Parts& parts, EventFilter filter, const std::optional<v1::EventDigest>& digest,
              WatchPosition from);

  // Appends what there is now until there are `limit` events; true if there may be more at once. An error
  // takes nothing: ask again.
  absl::StatusOr<bool> Next(size_t limit, std::vector<v1::Event>* events);
  // Digests whose interval is not over, too.
  void TakeDigests(std::vector<v1::Event>* events);
  // Until there may be something, or `timeout`.
  void Wait(absl::Duration timeout) { parts_.feed.WaitBeyond(position_.sequence - 1, timeout); }
  // Whoever goes on from here misses nothing: what is kept for a digest comes again.
  WatchPosition resume_position() const;
  // When a digest is due.
  absl::Time next_digest_time() const;
  void SetFilter(EventFilter filter) { filter_ = std::move(filter); }

 private:
  absl::Status Take(const FeedBatch& batch, size_t limit, std::vector<v1::Event>* events);

  const Parts& parts_;
  EventFilter filter_;
  std::optional<Digest> digest_;
  WatchPosition position_;
};

// Where a stream begins: at the token, or now. INVALID_ARGUMENT INVALID_FIELD, OUT_OF_RANGE
// RESUME_TOKEN_EXPIRED.
absl::StatusOr<WatchPosition> StartOf(const std::string& resume_token, const EventRange& range);

}  // namespace cognate::feedback
