#include "services/feedback/hooks/hook_sender.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "common/ids/uuid.h"
#include "common/log/log.h"
#include "common/retry/backoff.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "common/trace/span.h"
#include "common/webhook/endpoint.h"
#include "services/feedback/hooks/hook_message.h"

namespace cognate::feedback {
namespace {

constexpr absl::Duration kPoll = absl::Milliseconds(100);
constexpr absl::Duration kLookInterval = absl::Seconds(1);
// Far longer than a request may take: who takes a hook over finds none of the old owner's under way.
constexpr absl::Duration kLease = absl::Minutes(3);
constexpr absl::Duration kNextInterval = absl::Seconds(10);  // for what has nothing to send
constexpr BackoffPolicy kRetry = {absl::Seconds(5), 3.0, absl::Hours(1)};
constexpr absl::Duration kLongestAsked = absl::Hours(24);
constexpr size_t kDefaultEvents = 100;

}  // namespace

struct HookSender::Live {
  Live(const Parts& parts, Hook row)
      : hook(std::move(row)),
        stream(parts, EventFilter(),
               hook.config.has_digest() ? std::optional(hook.config.digest()) : std::nullopt,
               hook.pending ? hook.pending->next : hook.next),
        written_next(hook.next) {}

  size_t max_events() const {
    const int wanted = hook.config.endpoint().max_deliveries();
    return wanted > 0 ? static_cast<size_t>(wanted) : kDefaultEvents;
  }

  Hook hook;
  EventStream stream;
  WatchPosition written_next;
  absl::Time next_write;
  uint64_t number = 0;  // of the request under way; 0: none
  trace::Span span;     // of the same
  int failures = 0;
  absl::Time next_attempt = absl::InfinitePast();
};

HookSender::HookSender(const Parts& parts, HookStore& store)
    : parts_(parts), store_(store), owner_(RandomHex(8)) {}

HookSender::~HookSender() = default;

void HookSender::Run(StopToken& stop) {
  {
    MutexLock lock(&mutex_);
    loop_ = &stop;
  }
  while (!stop.stopping()) {
    const absl::Time now = parts_.clock.Now();
    TakeAnswers(now);
    if (const absl::Status looked = Look(now); !looked.ok()) log::Warn("event_hooks", {{"status", looked}});
    StepAll(now);
    stop.WaitFor(live_.empty() ? kLookInterval : kPoll);
  }
  {
    MutexLock lock(&mutex_);
    loop_ = nullptr;
  }
  live_.clear();
  watcher_.reset();
  // A request may still be under way: the next owner sends it once more.
  if (const absl::Status released = store_.ReleaseAll(owner_); !released.ok())
    log::Warn("event_hooks", {{"status", released}});
}

absl::Status HookSender::Look(absl::Time now) {
  if (now < next_look_ && next_look_ <= now + kLookInterval) return absl::OkStatus();
  next_look_ = now + kLookInterval;
  ASSIGN_OR_RETURN(std::vector<Hook> hooks, store_.Lease(owner_, now, now + kLease));
  absl::flat_hash_set<std::string> owned;
  for (Hook& hook : hooks) {
    owned.insert(hook.id);
    const auto found = live_.find(hook.id);
    if (found != live_.end() && found->second->hook.revision == hook.revision) {
      RETURN_IF_ERROR(Refilter(*found->second));
      continue;
    }
    RETURN_IF_ERROR(Open(std::move(hook)));
  }
  for (auto live = live_.begin(); live != live_.end();)
    live = owned.contains(live->first) ? std::next(live) : live_.erase(live);
  if (live_.empty()) watcher_.reset();
  return absl::OkStatus();
}

absl::Status HookSender::Open(Hook hook) {
  if (watcher_ == nullptr) {
    EventRange range;
    ASSIGN_OR_RETURN(watcher_, parts_.feed.Watch(std::nullopt, &range));
  }
  auto live = std::make_unique<Live>(parts_, std::move(hook));
  RETURN_IF_ERROR(Refilter(*live));
  const std::string id = live->hook.id;
  live_[id] = std::move(live);
  return absl::OkStatus();
}

// A sync may have come or gone.
absl::Status HookSender::Refilter(Live& live) const {
  const v1::EventFilter& filter = live.hook.config.filter();
  ASSIGN_OR_RETURN(std::vector<Way> ways, parts_.ways.Of(filter, /*skip_unknown=*/true));
  live.stream.SetFilter(EventFilter(filter, std::move(ways)));
  return absl::OkStatus();
}

void HookSender::StepAll(absl::Time now) {
  std::vector<std::string> ids;
  for (const auto& [id, live] : live_) ids.push_back(id);
  for (const std::string& id : ids) {
    const absl::Status stepped = Step(*live_.at(id), now);
    if (!stepped.ok()) Drop(id, stepped);
  }
}

absl::Status HookSender::Step(Live& live, absl::Time now) {
  if (live.number != 0 || now < live.next_attempt) return absl::OkStatus();
  if (!live.hook.pending) {
    ASSIGN_OR_RETURN(const bool prepared, Prepare(live, now));
    if (!prepared) return absl::OkStatus();
  }
  return Send(live, now);
}

absl::StatusOr<bool> HookSender::Prepare(Live& live, absl::Time now) {
  std::vector<v1::Event> events;
  const absl::StatusOr<bool> read = live.stream.Next(live.max_events(), &events);
  if (absl::IsOutOfRange(read.status())) {
    RETURN_IF_ERROR(Lose(live, read.status()));
    return false;
  }
  RETURN_IF_ERROR(read.status());
  const WatchPosition next = live.stream.resume_position();
  if (!events.empty()) {
    live.hook.pending = MakeHookMessage(live.hook.id, events, next, now);
    RETURN_IF_ERROR(store_.SetPending(live.hook.id, owner_, *live.hook.pending));
    return true;
  }
  if (next != live.written_next && (now >= live.next_write || live.next_write > now + kNextInterval)) {
    RETURN_IF_ERROR(store_.SetNext(live.hook.id, owner_, next));
    live.written_next = next;
    live.next_write = now + kNextInterval;
  }
  return false;
}

absl::Status HookSender::Send(Live& live, absl::Time now) {
  const v1::Webhook& endpoint = live.hook.config.endpoint();
  // What it tells is of many traces; this one is the endpoint's way to our logs.
  live.span = trace::Span({"send events to hook", trace::Kind::kClient, "feedback"}, {});
  live.span.Set("cognate.hook", live.hook.id);
  const trace::Scope scope(live.span.context(), "", "feedback");
  absl::StatusOr<webhook::Request> request = MakeHookRequest(endpoint, *live.hook.pending, now);
  if (!request.ok()) return Failed(live, request.status().message(), absl::ZeroDuration(), now);
  webhook::Sender& sender = endpoint.allow_private_addresses() ? any_sender_ : public_sender_;
  const uint64_t number = live.number = ++last_number_;
  sender.Send(*std::move(request), [this, number](absl::StatusOr<webhook::Answer> answer) {
    MutexLock lock(&mutex_);
    answers_.emplace_back(number, std::move(answer));
    if (loop_ != nullptr) loop_->Wake();
  });
  return absl::OkStatus();
}

void HookSender::TakeAnswers(absl::Time now) {
  std::deque<Answered> answers;
  {
    MutexLock lock(&mutex_);
    answers.swap(answers_);
  }
  for (const auto& [number, answer] : answers) {
    const auto found = std::find_if(live_.begin(), live_.end(), [number = number](const auto& entry) {
      return entry.second->number == number;
    });
    if (found == live_.end()) continue;  // The hook was changed, or went.
    found->second->number = 0;
    trace::Span span = std::move(found->second->span);
    const trace::Scope scope(span.context(), "", "feedback");
    const absl::Status taken = Take(*found->second, answer, now);
    if (answer.ok()) span.Set("http.response.status_code", answer->status);
    span.Fail(answer.status());
    if (!taken.ok()) Drop(found->first, taken);
  }
}

absl::Status HookSender::Take(Live& live, const absl::StatusOr<webhook::Answer>& answer, absl::Time now) {
  if (!answer.ok()) {
    return Failed(live, absl::StrCat(ErrorReason(answer.status()), ": ", answer.status().message()),
                  absl::ZeroDuration(), now);
  }
  if (answer->status >= 200 && answer->status < 300) {
    RETURN_IF_ERROR(store_.SetSent(live.hook.id, owner_, now));
    live.written_next = live.hook.pending->next;
    live.hook.pending.reset();
    live.hook.last_error.clear();
    live.failures = 0;
    return absl::OkStatus();
  }
  if (answer->status == 410) {
    log::Warn("event_hook_gone", {{"hook", live.hook.id}});
    live.next_attempt = absl::InfiniteFuture();
    return store_.Stop(
        live.hook.id, owner_,
        absl::StrCat(webhook::Said(*answer), "; nothing more is sent until the hook is changed"));
  }
  return Failed(live, webhook::Said(*answer), answer->retry_after.value_or(absl::ZeroDuration()), now);
}

absl::Status HookSender::Failed(Live& live, absl::string_view error, absl::Duration asked, absl::Time now) {
  ++live.failures;
  const absl::Duration jittered = BackoffCeiling(kRetry, live.failures) * (0.5 + parts_.random() / 2);
  live.next_attempt = now + std::max(jittered, std::min(asked, kLongestAsked));
  if (live.hook.last_error == error) return absl::OkStatus();
  live.hook.last_error = std::string(error);
  log::Warn("event_hook_failed", {{"hook", live.hook.id}, {"error", error}});
  return store_.SetError(live.hook.id, owner_, error);
}

absl::Status HookSender::Lose(Live& live, const absl::Status& why) {
  ASSIGN_OR_RETURN(const EventRange range, parts_.events.Range());
  const WatchPosition now = {range.last + 1, 0};
  log::Warn("event_hook_lost_events", {{"hook", live.hook.id}, {"status", why}});
  Hook hook = live.hook;
  hook.pending.reset();
  hook.next = now;
  RETURN_IF_ERROR(store_.SetLost(
      hook.id, owner_, now,
      "events were deleted before they could be sent (setting event-retention); it goes on with newer ones"));
  auto anew = std::make_unique<Live>(parts_, std::move(hook));
  RETURN_IF_ERROR(Refilter(*anew));
  const std::string id = anew->hook.id;
  live_[id] = std::move(anew);
  return absl::OkStatus();
}

void HookSender::Drop(const std::string& id, const absl::Status& why) {
  log::Warn("event_hook_dropped", {{"hook", id}, {"status", why}});
  live_.erase(id);
  next_look_ = std::min(next_look_, parts_.clock.Now() + kLookInterval);
}

}  // namespace cognate::feedback
