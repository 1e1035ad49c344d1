#include "services/change_capture/stream_feeder.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/bus/job_span.h"
#include "common/log/log.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::change_capture {
namespace {

constexpr absl::Duration kMeasureInterval = absl::Seconds(5);
constexpr absl::Duration kMeasureAgain = absl::Seconds(1);
constexpr absl::Duration kLookInterval = absl::Milliseconds(20);
constexpr absl::Duration kFullWait = absl::Milliseconds(10);
constexpr absl::Duration kRetryWait = absl::Milliseconds(100);
constexpr size_t kMaxTraces = 4096;  // of batches in the log
constexpr int kBatchesPerTake = 8;   // at most 8 MiB, but for single changes that are larger

std::pair<int64_t, int64_t> ParseId(absl::string_view id) {
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(id, absl::MaxSplits('-', 1));
  std::pair<int64_t, int64_t> parsed{0, 0};
  if (!absl::SimpleAtoi(parts.first, &parsed.first) || !absl::SimpleAtoi(parts.second, &parsed.second))
    return {0, 0};
  return parsed;
}

}  // namespace

StreamFeeder::StreamFeeder(redis::Options redis, BatchStore& store, ChangeLog& log, const Clock& clock,
                           metrics::Registry& metrics, StreamFeederOptions options)
    : redis_options_(std::move(redis)),
      options_(std::move(options)),
      store_(store),
      log_(log),
      clock_(clock),
      monitor_("capture_stream", clock, metrics),
      entries_gauge_(metrics.Gauges("capture_stream_entries", "Entries of the stream of changes.").With()),
      refed_(metrics.Counters("capture_lost_batches_total", "Batches that Redis had lost.").With()),
      redis_used_(metrics.Gauges("redis_memory_used_bytes", "Memory that Redis uses.").With()),
      redis_max_(metrics.Gauges("redis_memory_max_bytes", "Memory that Redis may use; 0: no bound.").With()),
      redis_evicted_(
          metrics.Counters("redis_evicted_keys_total", "Keys that Redis threw away for want of memory.")
              .With()),
      unfinished_runs_(metrics.Gauges("runs_unfinished",
                                      "Runs (backfills and others) that have not ended, by target and state.",
                                      {"platform", "state"})),
      open_conflicts_(metrics.Gauges("conflicts_open",
                                     "Conflicts that wait for a person, by the platform of the record.",
                                     {"platform"})),
      drift_(metrics.Gauges("drift_records",
                            "Records of the target that no record of the source belongs to, as the sync's "
                            "newest mirror run has counted them and not removed them yet.",
                            {"sync"})),
      oldest_(metrics, clock) {}

StreamFeeder::~StreamFeeder() { Stop(); }

void StreamFeeder::Start() {
  worker_ = std::make_unique<Worker>("feed", [this](StopToken& stop) { Run(stop); });
}

void StreamFeeder::Stop() {
  direct_ = false;
  if (worker_ == nullptr) return;
  worker_->RequestStop();
  {
    MutexLock lock(&mutex_);
    woken_ = true;
    offered_changed_.Signal();
  }
  worker_->Stop();
  worker_.reset();
}

void StreamFeeder::Offer(std::vector<EncodedBatch> batches) {
  int64_t bytes = 0;
  for (const EncodedBatch& batch : batches) bytes += static_cast<int64_t>(batch.payload.size());
  MutexLock lock(&mutex_);
  if (offered_bytes_ > options_.max_offered_bytes) {
    direct_ = false;
    for (const EncodedBatch& batch : batches) {
      set_aside_.push_back(batch.batch_id);
      Remember(batch.batch_id, batch.trace);
    }
    return;
  }
  offered_bytes_ += bytes;
  offered_.insert(offered_.end(), std::make_move_iterator(batches.begin()),
                  std::make_move_iterator(batches.end()));
  offered_changed_.Signal();
}

void StreamFeeder::NoticeUnqueued() {
  unqueued_ = true;
  direct_ = false;
  MutexLock lock(&mutex_);
  woken_ = true;
  offered_changed_.Signal();
}

void StreamFeeder::NoticeUnqueued(absl::Span<const int64_t> batch_ids, const trace::SpanContext& trace) {
  {
    MutexLock lock(&mutex_);
    for (const int64_t id : batch_ids) Remember(id, trace);
  }
  NoticeUnqueued();
}

void StreamFeeder::Remember(int64_t batch_id, const trace::SpanContext& trace) {
  if (!trace.valid()) return;
  if (traces_.size() >= kMaxTraces) traces_.clear();
  traces_[batch_id] = trace;
}

trace::SpanContext StreamFeeder::Recall(int64_t batch_id) {
  MutexLock lock(&mutex_);
  const auto found = traces_.find(batch_id);
  if (found == traces_.end()) return {};
  const trace::SpanContext trace = found->second;
  traces_.erase(found);
  return trace;
}

void StreamFeeder::Run(StopToken& stop) {
  Pause pause{absl::ZeroDuration(), true};
  while (!stop.stopping()) {
    std::vector<EncodedBatch> offered = TakeOffered(pause);
    const absl::Status status = Step(offered);
    if (!status.ok()) {
      log::Warn("the stream of changes stands still", {{"status", status}});
      SetAside(offered);
    }
    UpdateDirect(status.ok());
    pause = NextPause(status.ok());
  }
  Finish();
}

// What was offered goes on the stream, or is marked as waiting at once, so that nobody has to find it lost.
void StreamFeeder::Finish() {
  direct_ = false;
  std::vector<EncodedBatch> offered = TakeOffered({absl::ZeroDuration(), true});
  absl::Status status;
  if (!offered.empty()) {
    status = Connect();
    if (status.ok()) status = Put(offered);
    SetAside(offered);  // what is left
  }
  status.Update(ReturnSetAside());
  if (!status.ok()) log::Warn("the stream of changes was left behind", {{"status", status}});
}

StreamFeeder::Pause StreamFeeder::NextPause(bool succeeded) const {
  if (!succeeded) return {kRetryWait, false};
  if (!HasRoom()) return {kFullWait, false};
  if (unqueued_) return {absl::ZeroDuration(), true};
  // Runs go by the length of the stream, so it is looked at while there is one.
  return {entry_count_ > 0 ? kLookInterval : options_.sweep_interval, true};
}

std::vector<EncodedBatch> StreamFeeder::TakeOffered(Pause pause) {
  const absl::Time end = clock_.Now() + pause.duration;
  MutexLock lock(&mutex_);
  for (;;) {
    if (pause.ends_with_work && (woken_ || !offered_.empty())) break;
    const absl::Duration left = end - clock_.Now();
    if (left <= absl::ZeroDuration()) break;
    offered_changed_.WaitFor(&mutex_, left);
  }
  woken_ = false;
  offered_bytes_ = 0;
  const bool works = HasRoom() && (unqueued_ || !offered_.empty() || !set_aside_.empty());
  monitor_.SetBacklog(works ? static_cast<int64_t>(offered_.size() + set_aside_.size()) + 1 : 0);
  return std::exchange(offered_, {});
}

// Leaves in `offered` what was not put on the stream.
absl::Status StreamFeeder::Step(std::vector<EncodedBatch>& offered) {
  LookAtLog();
  RETURN_IF_ERROR(Connect());
  RETURN_IF_ERROR(Put(offered));
  RETURN_IF_ERROR(Look());
  RETURN_IF_ERROR(ReturnSetAside());
  while (unqueued_ && HasRoom()) RETURN_IF_ERROR(FeedFromLog());
  RETURN_IF_ERROR(Sweep());
  LookAtRedis();
  return absl::OkStatus();
}

void StreamFeeder::LookAtLog() {
  const absl::Time now = clock_.Now();
  if (now < log_looked_ + kMeasureInterval) return;
  log_looked_ = now;
  const absl::StatusOr<BatchStore::Standing> standing = store_.Look();
  if (!standing.ok()) return;
  oldest_.Set("log", "", standing->oldest_capture);
  // Mostly it is planned a moment later, and must not seem to age until the next look.
  if (standing->oldest_capture != absl::InfiniteFuture())
    log_looked_ = now - kMeasureInterval + kMeasureAgain;
  ShowRuns(standing->runs);
  ShowConflicts(standing->open_conflicts);
  ShowDrift(standing->drift);
}

void StreamFeeder::ShowRuns(const std::vector<UnfinishedRuns>& runs) {
  for (auto& [key, count] : shown_runs_) count = 0;
  std::map<std::string, absl::Time> held_since;
  for (const UnfinishedRuns& some : runs) {
    shown_runs_[{some.platform, some.held}] = some.count;
    if (some.held) held_since[some.platform] = some.oldest;
  }
  for (const auto& [key, count] : shown_runs_)
    unfinished_runs_.With({key.first, key.second ? "held" : "running"}).Set(static_cast<double>(count));
  oldest_.SetAll("held_run", held_since);
}

void StreamFeeder::ShowConflicts(const std::map<std::string, int64_t>& open) {
  for (auto& [platform, count] : shown_conflicts_) count = 0;
  for (const auto& [platform, count] : open) shown_conflicts_[platform] = count;
  for (const auto& [platform, count] : shown_conflicts_)
    open_conflicts_.With({platform}).Set(static_cast<double>(count));
}

void StreamFeeder::ShowDrift(const std::map<std::string, int64_t>& by_sync) {
  for (auto shown = shown_drift_.begin(); shown != shown_drift_.end();) {
    const bool stays = by_sync.contains(shown->first);
    if (!stays) drift_.Remove(*shown->second);
    shown = stays ? std::next(shown) : shown_drift_.erase(shown);
  }
  for (const auto& [sync, count] : by_sync) {
    metrics::Gauge& gauge = drift_.With({absl::StripPrefix(sync, "syncs/")});
    gauge.Set(static_cast<double>(count));
    shown_drift_[sync] = &gauge;
  }
}

void StreamFeeder::LookAtRedis() {
  const absl::Time now = clock_.Now();
  if (now < redis_looked_ + kMeasureInterval) return;
  redis_looked_ = now;
  const absl::StatusOr<redis::Client::Memory> memory = redis_->AskMemory();
  if (!memory.ok()) return;
  redis_used_.Set(static_cast<double>(memory->used_bytes));
  redis_max_.Set(static_cast<double>(memory->max_bytes));
  // Redis counts from its start.
  if (memory->evicted_keys < evicted_keys_) evicted_keys_ = 0;
  redis_evicted_.Increment(static_cast<double>(memory->evicted_keys - evicted_keys_));
  evicted_keys_ = memory->evicted_keys;
}

absl::Status StreamFeeder::Put(std::vector<EncodedBatch>& offered) {
  if (offered.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(Add(offered));
  offered.clear();
  if (!HasRoom()) direct_ = false;  // at once: each commit until then goes beyond the bound
  return absl::OkStatus();
}

absl::Status StreamFeeder::Connect() {
  if (redis_ != nullptr) return absl::OkStatus();
  ASSIGN_OR_RETURN(redis_, redis::Client::Connect(redis_options_));
  return absl::OkStatus();
}

absl::Status StreamFeeder::Look() {
  const absl::Time now = clock_.Now();
  if (now < looked_ + kLookInterval) return absl::OkStatus();
  looked_ = now;
  ASSIGN_OR_RETURN(const redis::Client::Extent extent, redis_->Measure(options_.stream));
  const std::optional<std::string>& first = extent.first_id;
  entry_count_ = extent.length;
  entries_gauge_.Set(static_cast<double>(extent.length));
  oldest_entry_ = first ? std::optional<absl::Time>(redis::TimeOfId(*first)) : std::nullopt;
  while (!own_entries_.empty() && (!first || own_entries_.front().id < ParseId(*first))) {
    own_bytes_ -= own_entries_.front().bytes;
    own_entries_.pop_front();
  }
  return absl::OkStatus();
}

bool StreamFeeder::HasRoom() const {
  return entry_count_ < options_.max_entries && own_bytes_ < options_.max_bytes;
}

absl::Status StreamFeeder::Add(absl::Span<const EncodedBatch> batches) {
  std::vector<trace::Span> spans;
  std::vector<std::string> traceparents;
  std::vector<redis::Client::Addition> additions;
  spans.reserve(batches.size());
  traceparents.reserve(batches.size());
  additions.reserve(batches.size());
  for (const EncodedBatch& batch : batches) {
    spans.push_back(bus::SendSpan({bus::kChangesKind, options_.stream, "change_capture"}, batch.trace));
    traceparents.push_back(trace::FormatTraceparent(spans.back().context()));
    additions.push_back({options_.stream, batch.payload, traceparents.back()});
  }
  absl::StatusOr<std::vector<std::string>> added = redis_->AddMany(additions);
  if (!added.ok()) {
    for (trace::Span& span : spans) span.Fail(added.status());
    return added.status();
  }
  const std::vector<std::string>& ids = *added;
  std::vector<int64_t> late;
  const absl::Time too_old = clock_.Now() - options_.grace / 2;
  for (size_t i = 0; i < ids.size(); ++i) {
    const int64_t bytes = static_cast<int64_t>(batches[i].payload.size());
    own_entries_.push_back({ParseId(ids[i]), bytes});
    own_bytes_ += bytes;
    if (batches[i].queue_time < too_old) late.push_back(batches[i].batch_id);
  }
  entry_count_ += static_cast<int64_t>(ids.size());
  monitor_.Progress();
  // Or the sweep would take them for lost.
  return store_.MarkQueued(late);
}

absl::Status StreamFeeder::FeedFromLog() {
  unqueued_ = false;  // before the look, so that a notice during it is not lost
  const absl::Time taken = clock_.Now();
  absl::StatusOr<std::vector<StoredBatch>> stored = store_.TakeUnqueued(kBatchesPerTake);
  if (!stored.ok()) {
    unqueued_ = true;
    return stored.status();
  }
  if (stored->empty()) return absl::OkStatus();
  unqueued_ = true;
  std::vector<EncodedBatch> batches;
  absl::Status status;
  for (const StoredBatch& batch : *stored) {
    absl::StatusOr<EncodedBatch> encoded = status.ok() ? Encode(batch, taken) : status;
    if (encoded.ok()) {
      batches.push_back(*std::move(encoded));
    } else {
      status = encoded.status();
      SetAside({{batch.header.batch_id, "", absl::InfinitePast()}});
    }
  }
  if (batches.empty()) return status;
  if (const absl::Status added = Add(batches); !added.ok()) {
    SetAside(batches);
    return added;
  }
  return status;
}

absl::StatusOr<EncodedBatch> StreamFeeder::Encode(const StoredBatch& batch, absl::Time queue_time) {
  const bool is_replay = !batch.versions.empty();
  ASSIGN_OR_RETURN(std::vector<LoggedState> states,
                   is_replay ? log_.ReadVersions(batch.versions)
                             : log_.ReadRange(batch.first_version, batch.last_version));
  BatchEncoder encoder(batch.header, static_cast<int>(states.size()));
  for (LoggedState& state : states) encoder.Add(std::move(state));
  return EncodedBatch{batch.header.batch_id, encoder.Encode(), queue_time, Recall(batch.header.batch_id)};
}

void StreamFeeder::SetAside(absl::Span<const EncodedBatch> batches) {
  if (batches.empty()) return;
  unqueued_ = true;
  direct_ = false;
  MutexLock lock(&mutex_);
  for (const EncodedBatch& batch : batches) {
    set_aside_.push_back(batch.batch_id);
    Remember(batch.batch_id, batch.trace);
  }
}

absl::Status StreamFeeder::ReturnSetAside() {
  std::vector<int64_t> ids;
  {
    MutexLock lock(&mutex_);
    ids.swap(set_aside_);
  }
  if (ids.empty()) return absl::OkStatus();
  const absl::Status status = store_.MarkUnqueued(ids);
  unqueued_ = true;
  if (!status.ok()) {
    MutexLock lock(&mutex_);
    set_aside_.insert(set_aside_.end(), ids.begin(), ids.end());
  }
  return status;
}

absl::Status StreamFeeder::Sweep() {
  const absl::Time now = clock_.Now();
  if (now < swept_ + options_.sweep_interval) return absl::OkStatus();
  swept_ = now;
  looked_ = absl::InfinitePast();
  RETURN_IF_ERROR(Look());
  ASSIGN_OR_RETURN(const int64_t lost,
                   store_.MarkLost(oldest_entry_, options_.grace, options_.max_lost_per_sweep));
  if (lost == 0) {
    // Perhaps by a process that is gone: somebody must feed them.
    ASSIGN_OR_RETURN(const bool waiting, store_.AnyUnqueued());
    if (waiting) unqueued_ = true;
    return absl::OkStatus();
  }
  log::Info("batches that redis had lost go on the stream again", {{"batches", lost}});
  refed_.Increment(static_cast<double>(lost));
  unqueued_ = true;
  // There may be more: look again as soon as these are on the stream.
  if (lost == options_.max_lost_per_sweep) swept_ = absl::InfinitePast();
  return absl::OkStatus();
}

void StreamFeeder::UpdateDirect(bool succeeded) {
  MutexLock lock(&mutex_);
  direct_ = succeeded && !unqueued_ && HasRoom() && set_aside_.empty();
}

}  // namespace cognate::change_capture
