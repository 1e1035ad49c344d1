#include "services/feedback/events/watch.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status/status_macros.h"
#include "services/feedback/errors.h"
#include "services/feedback/events/event_batch.h"

namespace cognate::feedback {
namespace {

constexpr int kEventsInResponse = 1000;  // Far below the 4 MiB that a client takes by default.
constexpr int kBatchesAtOnce = 16;
constexpr absl::Duration kHeartbeat = absl::Seconds(10);
constexpr absl::Duration kLook = absl::Milliseconds(200);  // For a caller that is gone, and for draining.

class WatchSession {
 public:
  WatchSession(const Parts& parts, const v1::WatchRequest& request,
               grpc_support::Sink<v1::WatchResponse>& sink, WatchPosition position)
      : parts_(parts), request_(request), sink_(sink), position_(position) {}

  // Says where it begins, so that the caller has a token from the first moment.
  bool Begin() { return Flush(); }

  // Tells what there is. False when the caller is gone.
  absl::StatusOr<bool> Tell() {
    ASSIGN_OR_RETURN(const auto batches, parts_.feed.Read(position_.sequence - 1, kBatchesAtOnce));
    for (const auto& batch : batches) {
      if (!TellBatch(*batch)) return false;
    }
    if (response_.events().empty() && parts_.clock.Now() - told_ < kHeartbeat) return true;
    return Flush();
  }

  void Wait() { parts_.feed.WaitBeyond(position_.sequence - 1, kLook); }

 private:
  bool TellBatch(const FeedBatch& batch) {
    int next_detail = 0;
    const bool of_interest = WantsPlatform(batch.events.platform());
    const int count = of_interest ? EventCount(batch.events) : 0;
    for (int i = position_.offset; i < count; ++i) {
      const auto& details = batch.events.details();
      while (next_detail < details.size() && details[next_detail].index() < i) ++next_detail;
      const bool has_detail = next_detail < details.size() && details[next_detail].index() == i;
      position_.offset = i + 1;
      if (!WantsKind(batch.events.kinds(i))) continue;
      *response_.add_events() = MakeEvent(batch.events, i, has_detail ? &details[next_detail] : nullptr);
      if (response_.events_size() >= kEventsInResponse && !Flush()) return false;
    }
    position_ = {batch.sequence + 1, 0};
    return true;
  }

  bool WantsPlatform(const std::string& platform) const {
    const auto& wanted = request_.platforms();
    return wanted.empty() || std::find(wanted.begin(), wanted.end(), platform) != wanted.end();
  }
  bool WantsKind(int kind) const {
    const auto& wanted = request_.kinds();
    return wanted.empty() || std::find(wanted.begin(), wanted.end(), kind) != wanted.end();
  }

  bool Flush() {
    response_.set_resume_token(ResumeToken(position_));
    told_ = parts_.clock.Now();
    const bool written = sink_.Write(response_);
    response_.Clear();
    return written;
  }

  const Parts& parts_;
  const v1::WatchRequest& request_;
  grpc_support::Sink<v1::WatchResponse>& sink_;
  WatchPosition position_;
  v1::WatchResponse response_;
  absl::Time told_;
};

absl::StatusOr<WatchPosition> StartOf(const v1::WatchRequest& request, const EventRange& range) {
  if (request.resume_token().empty()) return WatchPosition{range.last + 1, 0};
  ASSIGN_OR_RETURN(const WatchPosition position, ParseResumeToken(request.resume_token()));
  if (position.sequence > range.last + 1)
    return InvalidField("resume_token", "it is not one of this server's");
  if (position.sequence < range.first) return ResumeTokenExpired();
  return position;
}

}  // namespace

std::string ResumeToken(const WatchPosition& position) {
  return absl::StrCat("e", position.sequence, ".", position.offset);
}

absl::StatusOr<WatchPosition> ParseResumeToken(absl::string_view token) {
  WatchPosition position;
  const std::vector<absl::string_view> parts = absl::StrSplit(token, '.');
  if (parts.size() == 2 && parts[0].size() > 1 && parts[0][0] == 'e' &&
      absl::SimpleAtoi(parts[0].substr(1), &position.sequence) &&
      absl::SimpleAtoi(parts[1], &position.offset) && position.sequence > 0 && position.offset >= 0) {
    return position;
  }
  return InvalidField("resume_token", absl::StrCat("got \"", token, "\", want one that Watch gave out"));
}

absl::Status Watch(const Parts& parts, const v1::WatchRequest& request, const grpc_support::Rpc& rpc,
                   grpc_support::Sink<v1::WatchResponse>& sink) {
  EventRange range;
  ASSIGN_OR_RETURN(const std::unique_ptr<EventFeed::Watcher> watcher,
                   parts.feed.Watch(parts.max_watchers, &range));
  ASSIGN_OR_RETURN(const WatchPosition start, StartOf(request, range));
  WatchSession session(parts, request, sink, start);
  if (!session.Begin()) return absl::OkStatus();
  while (!rpc.cancelled() && !rpc.draining()) {
    ASSIGN_OR_RETURN(const bool there, session.Tell());
    if (!there) break;
    session.Wait();
  }
  return absl::OkStatus();
}

}  // namespace cognate::feedback
