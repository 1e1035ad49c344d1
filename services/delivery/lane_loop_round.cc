// What an open lane does with the entries that it has read.
#include <utility>

#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "common/value/value.h"
#include "services/delivery/lane_loop.h"

namespace cognate::delivery {
namespace {

constexpr BackoffPolicy kLedgerBackoff = {absl::Milliseconds(50), 2.0, absl::Seconds(1)};
constexpr int kCollisionPasses = 3;

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
  Backoff backoff(kLedgerBackoff);
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

absl::Status LaneLoop::Send(Round& round, const Waves::Wave& wave, std::vector<v1::Outcome>* outcomes) {
  metrics_.attempts.Increment(static_cast<double>(wave.items.size()));
  metrics_.batch_size.Observe(static_cast<double>(wave.items.size()));
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
      metrics_.applied.Increment();
      if (capture_us != 0)
        metrics_.end_to_end.Observe(absl::ToDoubleSeconds(now - absl::FromUnixMicros(capture_us)));
    } else {
      metrics_.refused.Increment();
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
