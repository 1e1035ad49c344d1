#include "services/delivery/lane_loop.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "common/value/value.h"

namespace cognate::delivery {
namespace {

constexpr absl::Duration kBlock = absl::Milliseconds(250);         // for the stream's next entry
constexpr absl::Duration kLookInterval = absl::Milliseconds(250);  // at the stream's length
constexpr BackoffPolicy kRedisBackoff = {absl::Milliseconds(50), 2.0, absl::Seconds(1)};
constexpr int kCollisionPasses = 3;

// What makes a lane open its channel anew when it changes.
std::string ConnectionOf(const v1::Platform& platform) {
  return absl::StrCat(platform.database().SerializeAsString(), "/", platform.kind(), "/", platform.channel());
}

// Refused only because of another record, which may itself be on its way.
bool Collided(const v1::Outcome& outcome) {
  const std::string& reason = outcome.error().reason();
  return outcome.has_error() && (reason == "UNIQUE_VIOLATION" || reason == "FOREIGN_KEY_VIOLATION");
}

bool Taken(const v1::Outcome& outcome) {
  return outcome.status() == v1::OUTCOME_STATUS_APPLIED || outcome.status() == v1::OUTCOME_STATUS_INCOMPLETE;
}

}  // namespace

struct LaneLoop::Metrics {
  Metrics(const std::string& platform, metrics::Registry& registry)
      : applied(
            registry.Counters("delivery_applied_total", "Deliveries that a target has taken.", {"platform"})
                .With({platform})),
        attempts(
            registry
                .Counters("delivery_attempts_total", "Deliveries that were sent to a target.", {"platform"})
                .With({platform})),
        refused(registry
                    .Counters("delivery_refused_total",
                              "Deliveries that a target did not take, or that wait.", {"platform"})
                    .With({platform})),
        end_to_end(
            registry.Histograms("end_to_end_seconds", "From capture to the target's answer.", {"platform"})
                .With({platform})),
        batch_size(registry
                       .Histograms("delivery_batch_size", "Deliveries sent to a target at a time.",
                                   {"platform"}, metrics::SizeBuckets())
                       .With({platform})) {}
  metrics::Counter& applied;
  metrics::Counter& attempts;
  metrics::Counter& refused;
  metrics::Histogram& end_to_end;
  metrics::Histogram& batch_size;
};

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
  return called_ == nullptr ? absl::ZeroDuration() : context_.clock.Now() - called_time_;
}

void LaneLoop::Interrupt() {
  MutexLock lock(&mutex_);
  if (called_ != nullptr) called_->Interrupt();
}

LaneLoop::LaneLoop(const LaneParts& parts)
    : parts_(parts),
      context_(parts.context),
      source_(context_.redis, context_.options.stream_prefix, parts.platform),
      references_(parts.platform, context_.registry, context_.options.reference_cache_size),
      refiller_(parts.platform, context_),
      probe_backoff_(context_.options.probe),
      redis_backoff_(kRedisBackoff),
      metrics_(std::make_unique<Metrics>(parts.platform, context_.metrics)) {}

LaneLoop::~LaneLoop() = default;

bool LaneLoop::Ended(const StopToken& stop) const {
  return stop.stopping() || !parts_.lease.Held(context_.clock.Now());
}

void LaneLoop::Run(StopToken& stop) {
  while (!Ended(stop)) {
    channel_ == nullptr ? Probe(stop) : Turn(stop);
  }
}

absl::Status LaneLoop::Open(const v1::Platform& platform) {
  ASSIGN_OR_RETURN(std::unique_ptr<Channel> channel, context_.channels(platform));
  {
    const Called called(*this, channel.get());
    RETURN_IF_ERROR(channel->Open());
  }
  // Only now may the transformer add again: what it adds is sent.
  RETURN_IF_ERROR(source_.MarkOpen());
  channel_ = std::move(channel);
  connection_ = ConnectionOf(platform);
  return absl::OkStatus();
}

void LaneLoop::Probe(StopToken& stop) {
  const absl::StatusOr<v1::Platform> platform = context_.registry.GetPlatform(parts_.platform);
  // A registry that is away says nothing about the target.
  if (!platform.ok())
    log::Warn("platform not known yet", {{"platform", parts_.platform}, {"status", platform.status()}});
  const absl::Status status = platform.ok() ? Open(*platform) : platform.status();
  if (!status.ok()) {
    if (platform.ok()) Close(status);
    const absl::Duration wait = probe_backoff_.Next();
    parts_.status.SetNextProbe(context_.clock.Now() + wait);
    stop.WaitFor(wait);
    return;
  }
  probe_backoff_.Reset();
  parts_.status.SetOpen();
  refiller_.Now();
  look_around_time_ = absl::InfinitePast();
  platform_time_ = context_.clock.Now() + context_.options.platform_interval;
  if (std::exchange(down_said_, false)) log::Info("platform recovered", {{"platform", parts_.platform}});
}

void LaneLoop::Close(const absl::Status& why) {
  channel_.reset();
  const std::string reason = ErrorReason(why);
  const std::string error =
      absl::StrCat(reason.empty() ? absl::StatusCodeToString(why.code()) : reason, ": ", why.message());
  parts_.status.SetClosed(error);
  parts_.status.SetBatchCount(0);
  parts_.progress.SetBacklog(0);
  if (!std::exchange(down_said_, true)) {
    log::Warn("platform down, lane closed", {{"platform", parts_.platform}, {"error", error}});
  }
  // The mark first, so that nothing is added after the lane was emptied. Each probe says both again: Redis
  // may have lost the mark, and the transformer may have added before it saw it.
  absl::Status status = source_.MarkClosed(error);
  if (status.ok()) status = source_.Drop();
  if (!status.ok()) log::Warn("closed lane not marked", {{"platform", parts_.platform}, {"status", status}});
}

absl::Status LaneLoop::LookAround() {
  const absl::Time now = context_.clock.Now();
  if (now < look_around_time_) return absl::OkStatus();
  look_around_time_ = now + kLookInterval;
  ASSIGN_OR_RETURN(const int64_t batches, source_.Length());
  parts_.status.SetBatchCount(batches);
  parts_.progress.SetBacklog(batches);
  const absl::Status refilled = refiller_.Run(source_, batches);
  if (!refilled.ok()) log::Warn("no refill", {{"platform", parts_.platform}, {"status", refilled}});
  if (now < platform_time_) return absl::OkStatus();
  platform_time_ = now + context_.options.platform_interval;
  const absl::StatusOr<v1::Platform> platform = context_.registry.GetPlatform(parts_.platform);
  // The next probe opens it with the new connection.
  if (platform.ok() && ConnectionOf(*platform) != connection_) channel_.reset();
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
  if (entries->empty() || Ended(stop)) return;
  const absl::Status delivered = Deliver(*std::move(entries), stop);
  if (!delivered.ok()) Close(delivered);
}

absl::Status LaneLoop::Deliver(std::vector<LaneEntry> entries, StopToken& stop) {
  for (const LaneEntry& entry : entries) refiller_.Received(entry.size);
  Round round(std::move(entries));
  if (!FillReferences(round, stop)) return absl::OkStatus();
  std::vector<v1::Outcome> outcomes(round.items().size());
  RETURN_IF_ERROR(SendWaves(round, stop, &outcomes));
  if (Ended(stop)) return absl::OkStatus();
  RETURN_IF_ERROR(SendCollided(round, stop, &outcomes));
  parts_.reporter.Push(MakeReport(round, std::move(outcomes)));
  return absl::OkStatus();
}

bool LaneLoop::FillReferences(Round& round, StopToken& stop) {
  Backoff backoff(kRedisBackoff);
  while (!Ended(stop)) {
    const absl::Status status = references_.FillFromLedger(round);
    if (status.ok()) return true;
    log::Warn("references not resolved", {{"platform", parts_.platform}, {"status", status}});
    stop.WaitFor(backoff.Next());
  }
  return false;
}

absl::Status LaneLoop::SendWaves(Round& round, StopToken& stop, std::vector<v1::Outcome>* outcomes) {
  Waves waves(round, [this](RoundItem& item) { references_.Fill(item); });
  for (Waves::Wave wave = waves.Next(); !wave.items.empty(); wave = waves.Next()) {
    if (Ended(stop)) return absl::OkStatus();
    RETURN_IF_ERROR(Send(round, wave, outcomes));
  }
  for (const size_t index : waves.waiting()) (*outcomes)[index] = WaitingOutcome(round.items()[index]);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<v1::Outcome>> LaneLoop::Apply(absl::Span<const Outgoing> deliveries) {
  const Called called(*this, channel_.get());
  return channel_->Apply(deliveries);
}

absl::Status LaneLoop::Send(Round& round, const Waves::Wave& wave, std::vector<v1::Outcome>* outcomes) {
  metrics_->attempts.Increment(static_cast<double>(wave.items.size()));
  metrics_->batch_size.Observe(static_cast<double>(wave.items.size()));
  ASSIGN_OR_RETURN(std::vector<v1::Outcome> answers, Apply(wave.deliveries));
  parts_.progress.Progress();
  for (size_t i = 0; i < answers.size(); ++i) {
    references_.Learn(answers[i]);
    if (answers[i].status() == v1::OUTCOME_STATUS_INCOMPLETE &&
        !round.items()[wave.items[i]].missing.empty()) {
      SetWaitsFor(round.items()[wave.items[i]], &answers[i]);
    }
    (*outcomes)[wave.items[i]] = std::move(answers[i]);
  }
  return absl::OkStatus();
}

// What was in the way may be gone with the rest of the round: a value that another record gave up, a child
// that was deleted.
absl::Status LaneLoop::SendCollided(Round& round, StopToken& stop, std::vector<v1::Outcome>* outcomes) {
  size_t before = outcomes->size();
  for (int pass = 0; pass < kCollisionPasses && !Ended(stop); ++pass) {
    Waves::Wave wave;
    for (size_t i = 0; i < outcomes->size(); ++i) {
      const RoundItem& item = round.items()[i];
      if (!Collided((*outcomes)[i])) continue;
      wave.items.push_back(i);
      wave.deliveries.push_back({item.group, item.delivery, item.missing.empty()});
    }
    if (wave.items.empty() || wave.items.size() >= before) break;
    before = wave.items.size();
    RETURN_IF_ERROR(Send(round, wave, outcomes));
  }
  return absl::OkStatus();
}

RoundReport LaneLoop::MakeReport(Round& round, std::vector<v1::Outcome> outcomes) {
  const absl::Time now = context_.clock.Now();
  RoundReport report;
  report.outcomes.set_platform(parts_.platform);
  report.entry_ids = round.EntryIds();
  bool taken = false;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    const RoundItem& item = round.items()[i];
    v1::Outcome& outcome = outcomes[i];
    const int64_t capture_us = item.delivery->capture_time_us();
    if (capture_us != 0) value::SetMicros(capture_us, outcome.mutable_capture_time());
    if (Taken(outcome)) {
      taken = true;
      metrics_->applied.Increment();
      if (capture_us != 0)
        metrics_->end_to_end.Observe(absl::ToDoubleSeconds(now - absl::FromUnixMicros(capture_us)));
    } else {
      metrics_->refused.Increment();
    }
    if (outcome.status() != v1::OUTCOME_STATUS_APPLIED) {
      outcome.mutable_source()->set_platform(item.group->source_platform());
      outcome.mutable_source()->set_model(item.group->source_model());
      outcome.mutable_source()->set_local_id(item.delivery->source_local_id());
    }
    *report.outcomes.add_outcomes() = std::move(outcome);
  }
  if (taken) parts_.status.SetApplied(now);
  return report;
}

}  // namespace cognate::delivery
