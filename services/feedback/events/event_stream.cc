#include "services/feedback/events/event_stream.h"

#include <algorithm>
#include <iterator>

#include "common/status/status_macros.h"
#include "services/feedback/errors.h"
#include "services/feedback/events/change_events.h"
#include "services/feedback/events/event_batch.h"

namespace cognate::feedback {
namespace {

constexpr int kBatchesAtOnce = 16;

}  // namespace

EventStream::EventStream(const Parts& parts, EventFilter filter, const std::optional<v1::EventDigest>& digest,
                         WatchPosition from)
    : parts_(parts), filter_(std::move(filter)), position_(from) {
  if (digest) digest_.emplace(*digest, parts.clock);
}

absl::StatusOr<bool> EventStream::Next(size_t limit, std::vector<v1::Event>* events) {
  if (digest_) {
    std::vector<v1::Event> digests = digest_->Take();
    std::move(digests.begin(), digests.end(), std::back_inserter(*events));
  }
  ASSIGN_OR_RETURN(const auto batches, parts_.feed.Read(position_.sequence - 1, kBatchesAtOnce));
  for (const auto& batch : batches) {
    while (position_.sequence == batch->sequence) {
      if (events->size() >= limit) return true;
      RETURN_IF_ERROR(Take(*batch, limit, events));
    }
  }
  return !batches.empty();
}

// Some of the batch, or the rest of it.
absl::Status EventStream::Take(const FeedBatch& batch, size_t limit, std::vector<v1::Event>* events) {
  const EventColumns columns(batch.events);
  DetailCursor details(batch.events);
  std::vector<std::pair<v1::Event, WatchPosition>> taken;
  ChangeEvents changes(parts_);
  const int count = filter_.WantsPlatform(columns.platform()) ? columns.size() : 0;
  const size_t room = limit - events->size();
  int i = position_.offset;
  for (; i < count && taken.size() + changes.size() < room; ++i) {
    const bus::v1::EventDetail* const detail = details.Of(i);
    if (!filter_.Wants(columns, i, detail)) continue;
    v1::Event event = MakeEvent(batch.events, batch.sequence, i, detail);
    if (filter_.Aggregates(event.kind())) {
      changes.Add(std::move(event), {batch.sequence, i});
    } else {
      taken.emplace_back(std::move(event), WatchPosition{batch.sequence, i});
    }
  }
  ASSIGN_OR_RETURN(auto looked_up, changes.LookUp());
  std::move(looked_up.begin(), looked_up.end(), std::back_inserter(taken));
  for (auto& [event, position] : taken) {
    if (!digest_ || digest_->LetsThrough(event, position)) events->push_back(std::move(event));
  }
  position_ = i < count ? WatchPosition{batch.sequence, i} : WatchPosition{batch.sequence + 1, 0};
  return absl::OkStatus();
}

void EventStream::TakeDigests(std::vector<v1::Event>* events) {
  if (!digest_) return;
  std::vector<v1::Event> digests = digest_->Take(/*all=*/true);
  std::move(digests.begin(), digests.end(), std::back_inserter(*events));
}

WatchPosition EventStream::resume_position() const {
  if (!digest_) return position_;
  const std::optional<WatchPosition> kept = digest_->first_kept();
  return kept ? std::min(*kept, position_) : position_;
}

absl::Time EventStream::next_digest_time() const {
  return digest_ ? digest_->next_time() : absl::InfiniteFuture();
}

absl::StatusOr<WatchPosition> StartOf(const std::string& resume_token, const EventRange& range) {
  if (resume_token.empty()) return WatchPosition{range.last + 1, 0};
  ASSIGN_OR_RETURN(const WatchPosition position, ParseResumeToken(resume_token));
  if (position.sequence > range.last + 1)
    return InvalidField("resume_token", "it is not one of this server's");
  if (position.sequence < range.first) return ResumeTokenExpired();
  return position;
}

}  // namespace cognate::feedback
