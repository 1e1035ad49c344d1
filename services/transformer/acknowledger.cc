#include "services/transformer/acknowledger.h"

#include <utility>

#include "common/bus/streams.h"
#include "common/log/log.h"
#include "common/retry/backoff.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::transformer {
namespace {

constexpr BackoffPolicy kBackoff = {absl::Milliseconds(20), 2.0, absl::Seconds(2)};
constexpr size_t kTogether = 4;

}  // namespace

Acknowledger::Acknowledger(AcknowledgerOptions options, const Clock& clock, PeersClient& peers,
                           Metrics& metrics, health::ProgressMonitor& monitor)
    : options_(std::move(options)),
      clock_(clock),
      peers_(peers),
      metrics_(metrics),
      monitor_(monitor),
      worker_("acknowledge", [this](StopToken& stop) { Run(stop); }) {}

bool Acknowledger::Push(FinishedRound round) {
  {
    MutexLock lock(&mutex_);
    held_.insert(round.entry_ids.begin(), round.entry_ids.end());
  }
  return rounds_.Push(std::move(round));
}

bool Acknowledger::Holds(absl::string_view entry_id) const {
  MutexLock lock(&mutex_);
  return held_.contains(entry_id);
}

void Acknowledger::RequestStop() {
  rounds_.Close();
  worker_.RequestStop();
}

void Acknowledger::Run(StopToken& stop) {
  while (true) {
    const std::vector<FinishedRound> rounds = rounds_.PopBatch(kTogether);
    if (rounds.empty()) return;
    Acknowledge(rounds, stop);
  }
}

void Acknowledger::Acknowledge(const std::vector<FinishedRound>& rounds, StopToken& stop) {
  std::vector<std::string> entry_ids;
  std::vector<int64_t> batch_ids;
  for (const FinishedRound& round : rounds) {
    entry_ids.insert(entry_ids.end(), round.entry_ids.begin(), round.entry_ids.end());
    batch_ids.insert(batch_ids.end(), round.batch_ids.begin(), round.batch_ids.end());
  }
  const bool known =
      batch_ids.empty() || Insist("batches not acknowledged", stop, [&] {
        absl::Status status = peers_.AcknowledgeBatches(batch_ids);
        if (status.ok() || IsPassing(status)) return status;
        log::Error("acknowledgement is refused", {{"service", "transformer"}, {"error", status}});
        return absl::OkStatus();
      });
  if (!known || !Insist("entries not removed", stop, [&] { return Remove(entry_ids); })) return;
  {
    MutexLock lock(&mutex_);
    for (const std::string& id : entry_ids) held_.erase(id);
  }
  monitor_.Progress();
  for (const FinishedRound& round : rounds) {
    metrics_.changes.With().Increment(static_cast<double>(round.changes));
    metrics_.round_changes.With().Observe(static_cast<double>(round.changes));
    metrics_.round_seconds.Observe(absl::ToDoubleSeconds(clock_.Now() - round.start));
  }
}

bool Acknowledger::Insist(absl::string_view complaint, StopToken& stop,
                          absl::FunctionRef<absl::Status()> call) {
  return InsistUntilStopped(stop, kBackoff, call, [&](const absl::Status& status) {
    log::Warn(complaint, {{"service", "transformer"}, {"error", status}});
  });
}

absl::Status Acknowledger::Remove(const std::vector<std::string>& entry_ids) {
  if (redis_ == nullptr) {
    ASSIGN_OR_RETURN(redis_, redis::Client::Connect(options_.redis));
  }
  return redis_->AckAndDelete(options_.stream, bus::kTransformerGroup, entry_ids);
}

}  // namespace cognate::transformer
