#include "services/delivery/lane_loop.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "common/value/value.h"
#include "services/clients/delivery_pause.h"

namespace cognate::delivery {
namespace {

constexpr absl::Duration kBlock = absl::Milliseconds(250);         // for the stream's next entry
constexpr absl::Duration kLookInterval = absl::Milliseconds(250);  // at the stream's length
// A target that asks by itself is looked for seldom: its question is the probe.
constexpr absl::Duration kSeldom = absl::Minutes(10);
constexpr BackoffPolicy kRedisBackoff = {absl::Milliseconds(50), 2.0, absl::Seconds(1)};

// What makes a lane open its channel anew when it changes.
std::string ConnectionOf(const v1::Platform& platform) {
  return absl::StrCat(platform.database().SerializeAsString(), "/", platform.webhook().SerializeAsString(),
                      "/", platform.kind(), "/", platform.channel());
}

}  // namespace

// Says to other threads that a call to the target is under way.
class LaneLoop::Called {
 public:
  Called(LaneLoop& loop, Channel* channel) : loop_(loop) { Set(channel); }
  ~Called() { Set(nullptr); }

 private:
  void Set(Channel* channel) {
    MutexLock lock(&loop_.mutex_);
    loop_.called_ = channel;
    loop_.called_time_ = loop_.context_.clock.Now();
  }
  LaneLoop& loop_;
};

absl::Duration LaneLoop::Waited() const {
  MutexLock lock(&mutex_);
  if (called_ == nullptr) return absl::ZeroDuration();
  return context_.clock.Now() - std::max(called_time_, called_->last_answer());
}

void LaneLoop::Interrupt() {
  MutexLock lock(&mutex_);
  if (called_ != nullptr) called_->Interrupt();
}

LaneLoop::LaneLoop(const LaneParts& parts, Reporter& reporter, WakeCause cause)
    : parts_(parts),
      context_(parts.context),
      reporter_(reporter),
      memory_(parts.memory),
      source_(context_.redis, context_.options.stream_prefix, parts.platform),
      references_(parts.platform, context_.registry, context_.options.reference_cache_size),
      files_(parts.platform, context_.clock,
             [this](const v1::BindRequest& request, absl::Duration timeout) {
               parts_.progress.Progress();
               return context_.files.Bind(request, timeout);
             }),
      refiller_(parts.platform, context_),
      redis_backoff_(kRedisBackoff),
      metrics_(parts.platform, context_.metrics),
      cause_(cause) {}

LaneLoop::~LaneLoop() = default;

bool LaneLoop::Ended(const StopToken& stop) const {
  return stop.stopping() || !parts_.lease.Held(context_.clock.Now());
}

std::optional<Rest> LaneLoop::Run(StopToken& stop) {
  // What came onto the stream of a closed lane came before its mark was seen, or the mark is lost: it is said
  // again, and the target is left alone until its time.
  const v1::Lane shown = parts_.status.Describe();
  const absl::Duration left = memory_.next_probe - context_.clock.Now();
  if (cause_ == WakeCause::kEntry && shown.state() != v1::LANE_STATE_OPEN && left > absl::ZeroDuration()) {
    Empty(shown.error());
    RestUntil(memory_.next_probe, left, stop);
  }
  while (!Ended(stop) && !rest_.has_value()) {
    channel_ == nullptr ? Probe(stop) : Turn(stop);
  }
  return Ended(stop) ? std::nullopt : std::move(rest_);
}

absl::Status LaneLoop::Open(const v1::Platform& platform) {
  comes_by_itself_ = false;
  ASSIGN_OR_RETURN(std::unique_ptr<Channel> channel, context_.channels(platform));
  {
    comes_by_itself_ = channel->comes_by_itself();
    const Called called(*this, channel.get());
    RETURN_IF_ERROR(channel->Open());
  }
  // Only now may the transformer add again: what it adds is sent.
  ASSIGN_OR_RETURN(const std::optional<std::string> mark, source_.MarkOpen());
  was_closed_ = mark.has_value() && !clients::IsPause(*mark);
  channel_ = std::move(channel);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<v1::Outcome>> LaneLoop::Apply(absl::Span<const Outgoing> deliveries) {
  const Called called(*this, channel_.get());
  return channel_->Apply(deliveries);
}

void LaneLoop::Probe(StopToken& stop) {
  const absl::StatusOr<v1::Platform> platform = context_.registry.GetPlatform(parts_.platform, kRegistryCall);
  const absl::Time now = context_.clock.Now();
  // A registry that is away says nothing about the target.
  if (!platform.ok())
    log::Warn("platform not known yet", {{"platform", parts_.platform}, {"status", platform.status()}});
  if (platform.ok()) {
    platform_ = *platform;
    rate_limit_.SetRate(platform->delivery().max_rate());
    const absl::Duration look = context_.options.platform_interval;
    if (PauseIfDue(*platform)) return RestUntil(memory_.next_probe, look, stop);
    if (IsHeldOff(*platform, now)) return RestUntil(memory_.held_off_until, look, stop);
  }
  const absl::Status status = platform.ok() ? Open(*platform) : platform.status();
  if (!status.ok()) {
    if (platform.ok()) Close(status);
    const bool is_seldom = platform.ok() && comes_by_itself_;
    const absl::Duration wait =
        is_seldom ? kSeldom * (1 + UniformRandom()) / 2 : memory_.probe_backoff.Next();
    const absl::Time next = std::max(context_.clock.Now() + wait, memory_.held_off_until);
    if (platform.ok()) memory_.next_probe = next;
    parts_.status.SetNextProbe(next);
    return RestUntil(context_.clock.Now() + wait, wait, stop);
  }
  memory_.next_probe = absl::InfinitePast();
  parts_.status.SetOpen();
  refiller_.Now();
  look_around_time_ = absl::InfinitePast();
  platform_time_ = context_.clock.Now() + context_.options.platform_interval;
  if (std::exchange(memory_.down_said, false) || was_closed_) {
    log::Info("platform recovered", {{"platform", parts_.platform}});
    Tell(v1::EVENT_KIND_PLATFORM_RECOVERED, absl::OkStatus());
  }
}

bool LaneLoop::IsHeldOff(const v1::Platform& platform, absl::Time now) const {
  return now < memory_.held_off_until && platform.etag() == memory_.held_off_etag;
}

bool LaneLoop::PauseIfDue(const v1::Platform& platform) {
  const std::optional<clients::DeliveryPause> pause = clients::PauseAt(platform, context_.clock.Now());
  if (!pause.has_value()) return false;
  channel_.reset();
  parts_.status.SetPaused(pause->reason);
  if (pause->until < absl::InfiniteFuture()) parts_.status.SetNextProbe(pause->until);
  memory_.next_probe = pause->until;
  Empty(pause->reason);
  return true;
}

void LaneLoop::Close(const absl::Status& why) {
  channel_.reset();
  const absl::Time now = context_.clock.Now();
  memory_.held_off_until = now + RetryDelay(why).value_or(absl::ZeroDuration());
  memory_.held_off_etag = platform_.etag();
  const std::string reason = ErrorReason(why);
  const std::string error =
      absl::StrCat(reason.empty() ? absl::StatusCodeToString(why.code()) : reason, ": ", why.message());
  parts_.status.SetClosed(error);
  const bool is_news = !std::exchange(memory_.down_said, true);
  if (is_news) {
    log::Warn("platform down, lane closed", {{"platform", parts_.platform}, {"error", error}});
  }
  Empty(error);
  if (is_news) Tell(v1::EVENT_KIND_PLATFORM_DOWN, why);
}

// The mark first, so that nothing is added after the lane was emptied. Each probe says both again: Redis may
// have lost the mark, and the transformer may have added before it saw it.
void LaneLoop::Empty(absl::string_view why) {
  parts_.progress.SetBacklog(0);
  absl::Status status = source_.MarkClosed(why);
  // In any case: what was read and not sent is read again, or it would stay for ever and hold back every
  // refill.
  status.Update(source_.Drop());
  if (!status.ok()) log::Warn("closed lane not marked", {{"platform", parts_.platform}, {"status", status}});
}

// Through the reporter, so that it comes after the rounds before it.
void LaneLoop::Tell(v1::EventKind kind, const absl::Status& why) {
  RoundReport report;
  report.outcomes.set_platform(parts_.platform);
  v1::Event& event = *report.outcomes.add_platform_events();
  event.set_kind(kind);
  value::SetMicros(absl::ToUnixMicros(context_.clock.Now()), event.mutable_time());
  event.mutable_target()->set_platform(parts_.platform);
  if (!why.ok()) {
    event.mutable_error()->set_reason(ErrorReason(why));
    event.mutable_error()->set_message(std::string(why.message()));
  }
  reporter_.Push(std::move(report));
}

absl::Status LaneLoop::LookAround() {
  const absl::Time now = context_.clock.Now();
  if (now < look_around_time_) return absl::OkStatus();
  look_around_time_ = now + kLookInterval;
  ASSIGN_OR_RETURN(const redis::Client::Standing standing, source_.Look());
  if (standing.marked) {
    // By a Redis that has gone back to when it was closed, or by an owner that was late.
    log::Warn("an open lane was marked closed", {{"platform", parts_.platform}});
    RETURN_IF_ERROR(source_.MarkOpen().status());
  }
  const int64_t batches = standing.length;
  seen_batches_ = batches;
  parts_.status.SetBatchCount(batches);
  parts_.progress.SetBacklog(batches);
  refiller_.Look(batches);
  if (now < platform_time_) return absl::OkStatus();
  platform_time_ = now + context_.options.platform_interval;
  const absl::StatusOr<v1::Platform> platform = context_.registry.GetPlatform(parts_.platform, kRegistryCall);
  if (!platform.ok()) return absl::OkStatus();
  // The next probe opens it with the new connection.
  if (ConnectionOf(*platform) != ConnectionOf(platform_)) channel_.reset();
  platform_ = *platform;
  if (PauseIfDue(*platform)) return absl::OkStatus();
  rate_limit_.SetRate(platform->delivery().max_rate());
  return absl::OkStatus();
}

void LaneLoop::Turn(StopToken& stop) {
  absl::Status status = LookAround();
  if (channel_ == nullptr) return;
  absl::StatusOr<std::vector<LaneEntry>> entries = std::vector<LaneEntry>();
  if (status.ok()) {
    entries = source_.Next(static_cast<size_t>(context_.options.max_deliveries), kBlock);
    status = entries.status();
  }
  if (!status.ok()) {
    log::Warn("lane not readable", {{"platform", parts_.platform}, {"status", status}});
    stop.WaitFor(redis_backoff_.Next());
    return;
  }
  redis_backoff_.Reset();
  if (Ended(stop)) return;
  if (entries->empty()) return RestIfIdle();
  last_entry_time_ = context_.clock.Now();
  // What has come since the last look may be all there is, and its target may hang.
  parts_.progress.SetBacklog(std::max(seen_batches_, static_cast<int64_t>(entries->size())));
  const absl::Status delivered = Deliver(*std::move(entries), stop);
  // Only now: a target that can be reached and takes nothing is not asked ever more quickly.
  if (delivered.ok()) return memory_.probe_backoff.Reset();
  Close(delivered);
}

}  // namespace cognate::delivery
