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
                            const std::optional<v1::EventDigest>& digest, const std::string& resume_token) {
  RETURN_IF_ERROR(CheckFilter(filter, "filter"));
  if (digest) RETURN_IF_ERROR(CheckDigest(*digest, "digest"));
  ASSIGN_OR_RETURN(std::vector<Way> ways, parts.ways.Of(filter));
  EventRange range;
  ASSIGN_OR_RETURN(std::unique_ptr<EventFeed::Watcher> watcher, parts.feed.Watch(parts.max_watchers, &range));
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
  ASSIGN_OR_RETURN(Opened opened, Open(parts, FilterOf(request), DigestOf(request), request.resume_token()));
  WatchSession session(parts, std::move(opened.stream), sink);
  if (!session.Begin()) return absl::OkStatus();
  while (!rpc.cancelled() && !rpc.draining()) {
    ASSIGN_OR_RETURN(const bool there, session.Tell());
    if (!there) break;
    session.Wait();
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::ListEventsResponse> ListEvents(const Parts& parts, const v1::ListEventsRequest& request,
                                                  const grpc_support::Rpc& rpc) {
  RETURN_IF_ERROR(Check(request));
  ASSIGN_OR_RETURN(Opened opened, Open(parts, request.filter(), DigestOf(request), request.resume_token()));
  const auto limit = static_cast<size_t>(request.max_events() > 0 ? request.max_events() : kDefaultEvents);
  const absl::Time until =
      std::min(parts.clock.Now() + ToDuration(request.wait()), rpc.deadline() - absl::Seconds(1));
  std::vector<v1::Event> events;
  while (true) {
    bool more = true;
    while (more && events.size() < limit) {
      ASSIGN_OR_RETURN(more, opened.stream.Next(limit, &events));
    }
    opened.stream.TakeDigests(&events);
    const absl::Duration left = until - parts.clock.Now();
    if (!events.empty() || left <= absl::ZeroDuration() || rpc.cancelled() || rpc.draining()) break;
    opened.stream.Wait(std::min(left, kLook));
  }
  v1::ListEventsResponse response;
  std::move(events.begin(), events.end(),
            google::protobuf::RepeatedFieldBackInserter(response.mutable_events()));
  response.set_resume_token(ResumeToken(opened.stream.resume_position()));
  return response;
}

}  // namespace cognate::feedback
