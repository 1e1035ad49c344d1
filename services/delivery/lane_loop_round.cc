// What an open lane does with the entries that it has read.
#include <algorithm>
#include <utility>

#include "common/bus/job_span.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "common/value/value.h"
#include "services/delivery/lane_loop.h"
#include "services/delivery/public_delivery.h"

namespace cognate::delivery {
namespace {

constexpr BackoffPolicy kLedgerBackoff = {absl::Milliseconds(50), 2.0, absl::Seconds(1)};
constexpr int kCollisionPasses = 3;
constexpr absl::Duration kLongestWait = absl::Milliseconds(250);

// Refused only because of another record, which may itself be on its way.
bool Collided(const v1::Outcome& outcome) {
  const std::string& reason = outcome.error().reason();
  return outcome.has_error() && (reason == "UNIQUE_VIOLATION" || reason == "FOREIGN_KEY_VIOLATION");
}

bool Taken(const v1::Outcome& outcome) {
  return outcome.status() == v1::OUTCOME_STATUS_APPLIED || outcome.status() == v1::OUTCOME_STATUS_INCOMPLETE;
}

}  // namespace

absl::Status LaneLoop::Deliver(std::vector<LaneEntry> entries, StopToken& stop) {
  std::vector<trace::SpanContext> origins;
  for (const LaneEntry& entry : entries) {
    refiller_.Received(entry.size);
    origins.push_back(entry.trace);
  }
  trace::Span span = bus::ProcessSpan({bus::kLaneKind, source_.stream(), "delivery"}, origins);
  const trace::Scope scope(span.context(), "", "delivery");
  Round round(std::move(entries));
  span.Set("cognate.platform", parts_.platform);
  span.Set("cognate.deliveries", round.items().size());
  if (!FillReferences(round, stop)) return absl::OkStatus();
  files_.Fill(round, stop);
  if (Ended(stop)) return absl::OkStatus();
  absl::Status status = SendWaves(round, stop);
  if (Ended(stop)) return absl::OkStatus();
  if (status.ok()) status = SendCollided(round, stop);
  span.Fail(status);
  log::Debug("round delivered",
             {{"service", "delivery"}, {"platform", parts_.platform}, {"deliveries", round.items().size()}});
  // Also of a target that was lost meanwhile: a target that does not know its records again must not get them
  // twice.
  Report(round, /*is_over=*/true);
  files_.LetGo(round, stop);
  return status;
}

bool LaneLoop::FillReferences(Round& round, StopToken& stop) {
  Backoff backoff(kLedgerBackoff);
  while (!Ended(stop)) {
    const absl::Status status = references_.FillFromLedger(round, !channel_->knows_entities());
    if (status.ok()) return true;
    log::Warn("references not resolved", {{"platform", parts_.platform}, {"status", status}});
    stop.WaitFor(backoff.Next());
  }
  return false;
}

absl::Status LaneLoop::SendWaves(Round& round, StopToken& stop) {
  Waves waves(round, [this](RoundItem& item) { references_.Fill(item); });
  for (Waves::Wave wave = waves.Next(); !wave.items.empty(); wave = waves.Next()) {
    if (Ended(stop)) return absl::OkStatus();
    RETURN_IF_ERROR(Send(round, std::move(wave), stop));
  }
  for (const size_t index : waves.waiting())
    round.items()[index].outcome = WaitingOutcome(round.items()[index]);
  return absl::OkStatus();
}

absl::Status LaneLoop::Send(Round& round, Waves::Wave wave, StopToken& stop) {
  while (!wave.items.empty()) {
    const size_t count = AwaitRoom(wave.items.size(), stop);
    if (count == 0) return absl::OkStatus();  // it ends
    metrics_.attempts.Increment(static_cast<double>(count));
    metrics_.batch_size.Observe(static_cast<double>(count));
    const auto end = static_cast<std::ptrdiff_t>(count);
    Waves::Wave now = {{wave.items.begin(), wave.items.begin() + end},
                       {wave.deliveries.begin(), wave.deliveries.begin() + end}};
    wave.items.erase(wave.items.begin(), wave.items.begin() + end);
    wave.deliveries.erase(wave.deliveries.begin(), wave.deliveries.begin() + end);
    RETURN_IF_ERROR(SendNow(round, std::move(now), stop));
  }
  return absl::OkStatus();
}

// Until all are answered, or the target is lost. Where somebody waits to hear that his answer is told it is
// told at once, and not with the whole round: the rest of it may be what he asks for next.
absl::Status LaneLoop::SendNow(Round& round, Waves::Wave wave, StopToken& stop) {
  trace::Span span({"deliver", trace::Kind::kClient});
  span.Set("cognate.platform", parts_.platform);
  span.Set("cognate.channel", v1::Channel_Name(platform_.channel()));
  span.Set("cognate.deliveries", wave.deliveries.size());
  const trace::Scope scope(span.context());
  while (!wave.items.empty() && !Ended(stop)) {
    const absl::Time begin = context_.clock.Now();
    ASSIGN_OR_RETURN(std::vector<v1::Outcome> answers, Apply(wave.deliveries));
    const absl::Duration elapsed = context_.clock.Now() - begin;
    parts_.progress.Progress();
    Waves::Wave left;
    for (size_t i = 0; i < answers.size(); ++i) {
      RoundItem& item = round.items()[wave.items[i]];
      item.outcome = std::move(answers[i]);
      if (!item.is_answered()) {
        left.items.push_back(wave.items[i]);
        left.deliveries.push_back(wave.deliveries[i]);
        continue;
      }
      if (!channel_->knows_created()) item.outcome.set_created(IsNew(item));
      references_.Learn(item.outcome);
      if (item.outcome.status() == v1::OUTCOME_STATUS_INCOMPLETE && !item.is_complete())
        SetWaitsFor(item, &item.outcome);
    }
    const bool any_answered = left.items.size() < wave.items.size();
    const absl::Status lost = channel_->lost();
    // A turn in which no agent asked is not a piece of work.
    if (any_answered || !lost.ok()) metrics_.duration.Observe(absl::ToDoubleSeconds(elapsed));
    RETURN_IF_ERROR(lost);
    wave = std::move(left);
    if (any_answered && channel_->told() != nullptr) Report(round, /*is_over=*/false);
  }
  return absl::OkStatus();
}

// As far as it is known: neither the ledger knew a local id when it was planned, nor did this lane since.
bool LaneLoop::IsNew(const RoundItem& item) {
  return Taken(item.outcome) && !item.is_delete() && !item.outcome.local_id().empty() &&
         item.delivery->local_id().empty() &&
         !references_.Knows(item.delivery->entity_id(), item.group->model());
}

size_t LaneLoop::AwaitRoom(size_t wanted, StopToken& stop) {
  while (!Ended(stop)) {
    const absl::Time now = context_.clock.Now();
    if (const size_t count = rate_limit_.Take(wanted, now); count > 0) return count;
    parts_.progress.Progress();  // it keeps to its limit, and does not hang
    stop.WaitFor(std::min(rate_limit_.NextTime() - now, kLongestWait));
  }
  return 0;
}

// What was in the way may be gone with the rest of the round: a value that another record gave up, a child
// that was deleted.
absl::Status LaneLoop::SendCollided(Round& round, StopToken& stop) {
  size_t before = round.items().size();
  for (int pass = 0; pass < kCollisionPasses && !Ended(stop); ++pass) {
    Waves::Wave wave;
    for (size_t i = 0; i < round.items().size(); ++i) {
      const RoundItem& item = round.items()[i];
      if (item.told || !Collided(item.outcome)) continue;
      wave.items.push_back(i);
      wave.deliveries.push_back(item.ToSend());
    }
    if (wave.items.empty() || wave.items.size() >= before) break;
    before = wave.items.size();
    RETURN_IF_ERROR(Send(round, std::move(wave), stop));
  }
  return absl::OkStatus();
}

// What is answered and not told. Where the round is over its entries are done with, unless something was not
// sent: that the ledger brings back.
void LaneLoop::Report(Round& round, bool is_over) {
  const absl::Time now = context_.clock.Now();
  RoundReport report;
  report.trace = trace::Now().span;
  report.outcomes.set_platform(parts_.platform);
  report.told = channel_->told();
  bool all_answered = true;
  bool any_taken = false;
  for (RoundItem& item : round.items()) {
    if (item.told) continue;
    if (!item.is_answered()) {
      all_answered = false;
      continue;
    }
    item.taken = Taken(item.outcome);
    any_taken |= item.taken;
    Complete(item, now);
    *report.outcomes.add_outcomes() = std::move(item.outcome);
    item.told = true;
  }
  if (any_taken) parts_.status.SetApplied(now);
  if (is_over && all_answered) report.entry_ids = round.EntryIds();
  if (report.outcomes.outcomes_size() > 0 || !report.entry_ids.empty()) reporter_.Push(std::move(report));
}

// Adds what only the delivery knows.
void LaneLoop::Complete(RoundItem& item, absl::Time now) {
  v1::Outcome& outcome = item.outcome;
  MakeStorable(&outcome);
  const int64_t capture_us = item.delivery->capture_time_us();
  if (capture_us != 0) value::SetMicros(capture_us, outcome.mutable_capture_time());
  if (Taken(outcome)) {
    metrics_.applied.Increment();
    if (capture_us != 0)
      metrics_.end_to_end.Observe(absl::ToDoubleSeconds(now - absl::FromUnixMicros(capture_us)));
  } else {
    metrics_.refused.Increment();
  }
  if (!item.delivery->acting_identity().empty())
    outcome.set_acting_identity(item.delivery->acting_identity());
  outcome.mutable_source()->set_platform(item.group->source_platform());
  outcome.mutable_source()->set_model(item.group->source_model());
  outcome.mutable_source()->set_local_id(item.delivery->source_local_id());
  if (outcome.status() == v1::OUTCOME_STATUS_APPLIED) return;
  outcome.set_operation(item.delivery->operation());
}

}  // namespace cognate::delivery
