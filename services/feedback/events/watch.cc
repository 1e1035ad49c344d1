#include "services/feedback/events/watch.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "common/status/status_macros.h"
#include "services/feedback/errors.h"
#include "services/feedback/events/event_stream.h"

namespace cognate::feedback {
namespace {

constexpr size_t kEventsInResponse = 1000;  // Far below the 4 MiB that a client takes by default.
constexpr absl::Duration kHeartbeat = absl::Seconds(10);
constexpr absl::Duration kLook = absl::Milliseconds(200);  // For a caller that is gone, and for draining.
constexpr absl::Duration kLongestWait = absl::Seconds(60);
constexpr int kDefaultEvents = 100;
constexpr int kMaxEvents = 1000;

class WatchSession {
 public:
  WatchSession(const Parts& parts, EventStream stream, grpc_support::Sink<v1::WatchResponse>& sink)
      : parts_(parts), stream_(std::move(stream)), sink_(sink) {}

  // Says where it begins, so that the caller has a token from the first moment.
  bool Begin() { return Flush({}); }

  // Tells what there is. False when the caller is gone.
  absl::StatusOr<bool> Tell() {
    std::vector<v1::Event> events;
    RETURN_IF_ERROR(stream_.Next(kEventsInResponse, &events).status());
    if (events.empty() && parts_.clock.Now() - told_ < kHeartbeat) return true;
    return Flush(std::move(events));
  }

  void Wait() { stream_.Wait(kLook); }

 private:
  bool Flush(std::vector<v1::Event> events) {
    v1::WatchResponse response;
    std::move(events.begin(), events.end(),
              google::protobuf::RepeatedFieldBackInserter(response.mutable_events()));
    response.set_resume_token(ResumeToken(stream_.resume_position()));
    told_ = parts_.clock.Now();
    return sink_.Write(response);
  }

  const Parts& parts_;
  EventStream stream_;
  grpc_support::Sink<v1::WatchResponse>& sink_;
  absl::Time told_;
};

// Both ways of saying the same are one.
v1::EventFilter FilterOf(const v1::WatchRequest& request) {
  v1::EventFilter filter = request.filter();
  filter.mutable_platforms()->MergeFrom(request.platforms());
  filter.mutable_kinds()->MergeFrom(request.kinds());
  return filter;
}

struct Opened {
  std::unique_ptr<EventFeed::Watcher> watcher;
  EventStream stream;
};

absl::StatusOr<Opened> Open(const Parts& parts, const v1::EventFilter& filter,
                            const std::optional<v1::EventDigest>& digest, const std::string& resume_token,
                            std::optional<int> limit) {
  RETURN_IF_ERROR(CheckFilter(filter, "filter"));
  if (digest) RETURN_IF_ERROR(CheckDigest(*digest, "digest"));
  ASSIGN_OR_RETURN(std::vector<Way> ways, parts.ways.Of(filter));
  EventRange range;
  ASSIGN_OR_RETURN(std::unique_ptr<EventFeed::Watcher> watcher, parts.feed.Watch(limit, &range));
  ASSIGN_OR_RETURN(const WatchPosition start, StartOf(resume_token, range));
  return Opened{std::move(watcher), EventStream(parts, EventFilter(filter, std::move(ways)), digest, start)};
}

template <typename Request>
std::optional<v1::EventDigest> DigestOf(const Request& request) {
  return request.has_digest() ? std::optional(request.digest()) : std::nullopt;
}

absl::Status Check(const v1::ListEventsRequest& request) {
  const absl::Duration wait = ToDuration(request.wait());
  if (wait < absl::ZeroDuration() || wait > kLongestWait)
    return InvalidField("wait", absl::StrCat("got ", absl::FormatDuration(wait), ", want at most 60 s"));
  if (request.max_events() < 0 || request.max_events() > kMaxEvents) {
    return InvalidField("max_events", absl::StrCat("got ", request.max_events(), ", want 1 to ", kMaxEvents));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Watch(const Parts& parts, const v1::WatchRequest& request, const grpc_support::Rpc& rpc,
                   grpc_support::Sink<v1::WatchResponse>& sink) {
  ASSIGN_OR_RETURN(Opened opened, Open(parts, FilterOf(request), DigestOf(request), request.resume_token(),
                                       parts.max_watchers));
  WatchSession session(parts, std::move(opened.stream), sink);
  if (!session.Begin()) return absl::OkStatus();
  while (!rpc.cancelled() && !rpc.draining()) {
    ASSIGN_OR_RETURN(const bool there, session.Tell());
    if (!there) break;
    session.Wait();
  }
  return absl::OkStatus();
}

namespace {

class Poll {
 public:
  Poll(const Parts& parts, const v1::ListEventsRequest& request) : parts_(parts), request_(request) {}

  absl::StatusOr<std::optional<v1::ListEventsResponse>> Look(const grpc_support::Rpc& rpc) {
    if (!opened_) RETURN_IF_ERROR(Begin(rpc));
    EventStream& stream = opened_->stream;
    const auto limit =
        static_cast<size_t>(request_.max_events() > 0 ? request_.max_events() : kDefaultEvents);
    const bool is_over = parts_.clock.Now() >= until_ || rpc.cancelled() || rpc.draining();
    std::vector<v1::Event> events;
    for (bool more = true; more && events.size() < limit;) {
      ASSIGN_OR_RETURN(more, stream.Next(limit, &events));
    }
    stream.TakeDigests(&events);
    if (events.empty() && !is_over) return std::nullopt;
    v1::ListEventsResponse response;
    std::move(events.begin(), events.end(),
              google::protobuf::RepeatedFieldBackInserter(response.mutable_events()));
    response.set_resume_token(ResumeToken(stream.resume_position()));
    return response;
  }

 private:
  // Those who ask again and again are not counted: each holds a position, and no thread.
  absl::Status Begin(const grpc_support::Rpc& rpc) {
    RETURN_IF_ERROR(Check(request_));
    ASSIGN_OR_RETURN(Opened opened, Open(parts_, request_.filter(), DigestOf(request_),
                                         request_.resume_token(), std::nullopt));
    opened_.emplace(std::move(opened));
    until_ = std::min(parts_.clock.Now() + ToDuration(request_.wait()), rpc.deadline() - absl::Seconds(1));
    return absl::OkStatus();
  }

  const Parts& parts_;
  const v1::ListEventsRequest& request_;
  std::optional<Opened> opened_;
  absl::Time until_;
};

}  // namespace

ListEventsLook ListEvents(const Parts& parts, const v1::ListEventsRequest& request) {
  return [poll = std::make_shared<Poll>(parts, request)](const grpc_support::Rpc& rpc) {
    return poll->Look(rpc);
  };
}

}  // namespace cognate::feedback
