#include "services/transformer/loop.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/bus/job_span.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/transformer/lane_writer.h"
#include "services/transformer/refuse.h"

namespace cognate::transformer {
namespace {

constexpr size_t kArenaBlock = 256 * 1024;
constexpr int kMaxStrikes = 3;
constexpr absl::Duration kLanesAreAlone = absl::Seconds(10);

google::protobuf::ArenaOptions WithBlock(std::vector<char>& block) {
  google::protobuf::ArenaOptions options;
  options.initial_block = block.data();
  options.initial_block_size = block.size();
  options.max_block_size = kArenaBlock;
  return options;
}

void CountSets(const v1::CapturePartsRequest& request, Metrics& metrics) {
  for (const v1::PartSet& set : request.sets()) {
    const char* const result = set.has_error() ? "refused" : set.skipped() ? "skipped" : "expanded";
    metrics.expansions.With({set.parent().platform(), set.model(), result}).Increment();
  }
}

}  // namespace

Loop::Loop(LoopOptions options, LoopParts parts, health::ProgressMonitor& monitor)
    : options_(std::move(options)),
      parts_(std::move(parts)),
      monitor_(monitor),
      reader_(options_.reader, parts_.clock),
      cache_(parts_.clock, options_.cache_time, options_.cache_size),
      backoff_(options_.backoff),
      acknowledger_({options_.redis, options_.reader.stream}, parts_.clock, parts_.peers, parts_.metrics,
                    monitor),
      wave_block_(kArenaBlock),
      wave_arena_(WithBlock(wave_block_)) {}

void Loop::Run(StopToken& stop) {
  // The round in hand is finished, unless something is in its way: the next replica would have to wait for
  // it.
  while (!stop.stopping() || state_ != State::kRead) {
    const trace::Scope scope(round_.span.context(), "", "transformer");
    const absl::Status status = Step(stop);
    if (status.ok()) {
      backoff_.Reset();
      continue;
    }
    monitor_.SetBacklog(std::max<int64_t>(1, static_cast<int64_t>(round_.changes)));
    log::Warn("round waits", {{"service", "transformer"}, {"error", status}});
    if (stop.stopping()) return;
    stop.WaitFor(backoff_.Next());
  }
}

absl::Status Loop::Step(StopToken& stop) {
  switch (state_) {
    case State::kRead:
      return Read();
    case State::kRules:
      return Rules();
    case State::kPlan:
      return Plan();
    case State::kParts:
      return Parts();
    case State::kLanes:
      return Lanes(stop);
    case State::kReport:
      return Report();
    case State::kFinish:
      return Finish();
  }
  return absl::OkStatus();
}

absl::StatusOr<redis::Client*> Loop::Redis() {
  if (redis_ == nullptr) {
    ASSIGN_OR_RETURN(redis_, redis::Client::Connect(options_.redis));
  }
  return redis_.get();
}

absl::Status Loop::Read() {
  ASSIGN_OR_RETURN(redis::Client * redis, Redis());
  ASSIGN_OR_RETURN(
      const std::vector<redis::Entry> entries,
      reader_.Read(*redis, [this](absl::string_view entry_id) { return acknowledger_.Holds(entry_id); }));
  if (entries.empty()) {
    monitor_.SetBacklog(0);
    return absl::OkStatus();
  }
  return TakeEntries(entries);
}

absl::Status Loop::TakeEntries(const std::vector<redis::Entry>& entries) {
  round_arena_.Reset();
  round_ = Round();
  round_.start = parts_.clock.Now();
  std::vector<trace::SpanContext> origins;
  for (const redis::Entry& entry : entries) origins.push_back(bus::ContextOf(entry.traceparent));
  round_.span = bus::ProcessSpan({bus::kChangesKind, options_.reader.stream, "transformer"}, origins);
  for (const redis::Entry& entry : entries) {
    round_.entry_ids.push_back(entry.id);
    auto* const batch = google::protobuf::Arena::CreateMessage<bus::v1::ChangeBatch>(&round_arena_);
    if (!batch->ParseFromString(entry.payload)) {
      log::Error("entry is no batch of changes", {{"service", "transformer"}, {"entry", entry.id}});
      continue;
    }
    round_.batches.push_back(batch);
    round_.changes += static_cast<size_t>(batch->changes_size());
    round_.rules_revision = std::max(round_.rules_revision, batch->rules_revision());
  }
  round_.span.Set("cognate.changes", round_.changes);
  monitor_.SetBacklog(static_cast<int64_t>(round_.changes));
  reader_.Learn(entries.size(), round_.changes);
  std::vector<Wave> waves = Collect(round_.batches, options_.wave_changes);
  waves_.assign(std::make_move_iterator(waves.begin()), std::make_move_iterator(waves.end()));
  state_ = State::kRules;
  return absl::OkStatus();
}

absl::Status Loop::Rules() {
  ASSIGN_OR_RETURN(rules_, parts_.rules.AtLeast(round_.rules_revision, absl::InfinitePast()));
  state_ = waves_.empty() ? State::kFinish : State::kPlan;
  return absl::OkStatus();
}

// What was captured after a rule was made must meet that rule; the changes' own revision can lag behind it,
// so the rules must be those in force after the changes were read. The answer to Resolve tells the revision;
// where there was nothing to resolve the registry is asked.
absl::StatusOr<bool> Loop::RulesAreOld(int64_t seen_revision) {
  if (seen_revision != 0 && seen_revision <= rules_->revision()) return false;
  const absl::Time since = seen_revision == 0 ? round_.start : absl::InfinitePast();
  ASSIGN_OR_RETURN(const std::shared_ptr<const RuleSet> newest,
                   parts_.rules.AtLeast(std::max(seen_revision, round_.rules_revision), since));
  return std::exchange(rules_, newest)->revision() != rules_->revision();
}

absl::Status Loop::Plan() {
  trace::Span span({"transform"});
  span.Set("cognate.changes", waves_.front().size());
  const trace::Scope scope(span.context());
  decisions_ = Decisions();
  wave_arena_.Reset();
  absl::StatusOr<WaveResult> result =
      RunWave(*rules_, waves_.front(), parts_.ledger, &cache_, options_.entry, &wave_arena_);
  if (!result.ok()) return IsPassing(result.status()) ? result.status() : Isolate(result.status());
  ASSIGN_OR_RETURN(const bool again, RulesAreOld(result->rules_revision));
  if (again || result->is_reassigned) return absl::OkStatus();
  decisions_ = std::move(result->decisions);
  parts_.metrics.echoes.With().Increment(static_cast<double>(result->echoes));
  parts_.metrics.given_up.With().Increment(static_cast<double>(result->unreadable));
  parts_.metrics.due.With({"due"}).Increment(decisions_.due);
  parts_.metrics.due.With({"stale"}).Increment(decisions_.stale);
  parts_.metrics.due.With({"applied"}).Increment(decisions_.applied);
  if (result->unreadable > 0) log::Error("changes cannot be read", {{"count", result->unreadable}});
  expanding_ = std::move(result->expanding);
  expand_place_ = {};
  state_ = State::kParts;
  return absl::OkStatus();
}

// Made a request at a time, so that many parts are never in hand at once. One that is not taken is made once
// more; of one that is refused each set goes alone.
absl::Status Loop::Parts() {
  SetLimits limits;
  while (true) {
    ExpandPlace next = expand_place_;
    const v1::CapturePartsRequest request = Expand(expanding_, rules_->revision(), limits, &next);
    if (request.sets().empty()) break;
    const absl::Status status = parts_.peers.CaptureParts(request);
    if (IsPassing(status) || absl::IsUnimplemented(status))
      return status;  // also by one that is older than this
    if (!status.ok() && request.sets_size() > 1) {
      limits.sets = 1;
      continue;
    }
    if (!status.ok()) {
      const v1::RecordKey& parent = request.sets(0).parent();
      log::Error("parts are refused", {{"platform", parent.platform()},
                                       {"model", parent.model()},
                                       {"local_id", parent.local_id()},
                                       {"error", status}});
      parts_.metrics.given_up.With().Increment();
    } else {
      CountSets(request, parts_.metrics);
    }
    expand_place_ = next;
  }
  state_ = State::kLanes;
  return absl::OkStatus();
}

absl::Status Loop::Isolate(const absl::Status& status) {
  Wave& wave = waves_.front();
  if (wave.size() > 1) {
    log::Warn("wave is refused; its changes go one by one", {{"changes", wave.size()}, {"error", status}});
    Wave all = std::move(wave);
    waves_.pop_front();
    for (auto change = all.rbegin(); change != all.rend(); ++change) waves_.push_front({std::move(*change)});
    return absl::OkStatus();
  }
  if (++strikes_ < kMaxStrikes) return status;
  // Only where the registry itself is well it is the change that is wrong.
  RETURN_IF_ERROR(parts_.ledger.resolve(v1::ResolveRequest()).status());
  return GiveUp(status);
}

absl::Status Loop::GiveUp(const absl::Status& status) {
  const RecordChange& change = waves_.front().front();
  log::Error("change cannot be processed", {{"platform", change.platform},
                                            {"model", change.model},
                                            {"local_id", change.logged->local_id()},
                                            {"version", change.logged->version()},
                                            {"error", status}});
  ASSIGN_OR_RETURN(std::vector<v1::ReportRequest> reports,
                   Refuse(*rules_, waves_.front(), parts_.ledger, status, &wave_arena_));
  parts_.metrics.given_up.With().Increment();
  strikes_ = 0;
  decisions_ = Decisions();
  decisions_.reports = std::move(reports);
  // What the ledger refuses of the record is nothing to its parts.
  expanding_ = Route(*rules_, waves_.front(), &wave_arena_);
  expand_place_ = {};
  state_ = State::kParts;
  return absl::OkStatus();
}

// With one busy target there is nobody to be held up, and waiting a moment is cheaper than to have the ledger
// bring everything back.
bool Loop::MayHold(absl::Time now) const {
  return std::none_of(last_active_.begin(), last_active_.end(), [&](const auto& lane) {
    const bool ours = std::any_of(decisions_.lanes.begin(), decisions_.lanes.end(),
                                  [&](const LaneOrder& order) { return order.platform == lane.first; });
    return !ours && now - lane.second < kLanesAreAlone;
  });
}

absl::Status Loop::Lanes(StopToken& stop) {
  if (!decisions_.lanes.empty()) {
    ASSIGN_OR_RETURN(redis::Client * redis, Redis());
    const absl::Time now = parts_.clock.Now();
    const absl::Duration hold = MayHold(now) ? options_.lane_hold : absl::ZeroDuration();
    ASSIGN_OR_RETURN(
        const LaneStandings standings,
        LookAtLanes(*redis, options_.stream_prefix, options_.lane_batches, decisions_.lanes, hold, stop));
    ASSIGN_OR_RETURN(
        const std::vector<LaneWrite> writes,
        WriteLanes(*redis, options_.stream_prefix, options_.lane_batches, decisions_.lanes, standings));
    for (const LaneWrite& write : writes) {
      last_active_[write.platform] = now;
      parts_.metrics.deliveries.With({write.platform, "added"}).Increment(write.added);
      if (write.left_out == 0) continue;
      parts_.metrics.deliveries.With({write.platform, write.full ? "lane_full" : "lane_closed"})
          .Increment(write.left_out);
    }
  }
  state_ = State::kReport;
  return absl::OkStatus();
}

absl::Status Loop::Report() {
  while (!decisions_.reports.empty()) {
    const v1::ReportRequest& report = decisions_.reports.back();
    const absl::Status status = parts_.peers.Report(report);
    if (IsPassing(status)) return status;
    // The ledger says that it is due, so it comes back.
    if (!status.ok()) log::Error("report is refused", {{"platform", report.platform()}, {"error", status}});
    parts_.metrics.deliveries.With({report.platform(), "refused"}).Increment(report.outcomes_size());
    decisions_.reports.pop_back();
  }
  NextWave();
  return absl::OkStatus();
}

void Loop::NextWave() {
  strikes_ = 0;
  waves_.pop_front();
  state_ = waves_.empty() ? State::kFinish : State::kPlan;
}

absl::Status Loop::Finish() {
  FinishedRound finished;
  finished.entry_ids = std::move(round_.entry_ids);
  for (const bus::v1::ChangeBatch* batch : round_.batches) finished.batch_ids.push_back(batch->batch_id());
  finished.changes = round_.changes;
  finished.start = round_.start;
  log::Debug("round planned", {{"service", "transformer"},
                               {"changes", finished.changes},
                               {"elapsed_ms", parts_.clock.Now() - finished.start}});
  round_ = Round();
  round_arena_.Reset();
  state_ = State::kRead;
  // False only when stopping: then the entries are found again by whoever is next.
  acknowledger_.Push(std::move(finished));
  return absl::OkStatus();
}

}  // namespace cognate::transformer
