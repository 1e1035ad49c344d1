#include "services/change_capture/appender.h"

#include <utility>

#include "common/log/log.h"
#include "common/metrics/standing.h"
#include "common/retry/backoff.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "common/trace/join.h"
#include "services/change_capture/append_plan.h"
#include "services/change_capture/errors.h"
#include "services/change_capture/stream_feeder.h"

namespace cognate::change_capture {

// What one commit has made.
struct WrittenBatches {
  std::vector<BatchPart> parts;
  Numbered numbered;
  bool queued = false;
};

namespace {

// What a row costs beside its content.
constexpr int64_t kRowBytes = 64;

// Senders come again with what the database did not take: for so long it counts as waiting.
constexpr absl::Duration kComesAgain = absl::Seconds(10);

int64_t SizeOf(const CapturedChange& change) {
  return static_cast<int64_t>(change.fields.size() + change.local_id.size() + change.change_id.size()) +
         kRowBytes;
}

int64_t SizeOf(const AppendGroup& group) {
  int64_t bytes = 0;
  for (const CapturedChange& change : group.changes) bytes += SizeOf(change);
  return bytes;
}

absl::Status ChainBroken() {
  return Error(absl::StatusCode::kAborted, "EARLIER_GROUP_FAILED", "a group before this one was not written");
}

}  // namespace

Appender::Appender(postgres::Pool& pool, StreamFeeder& feeder, std::function<int64_t()> rules_revision,
                   const Clock& clock, metrics::Registry& metrics, AppenderOptions options)
    : feeder_(feeder),
      rules_revision_(std::move(rules_revision)),
      clock_(clock),
      options_(options),
      store_(pool),
      monitor_("capture_append", clock, metrics),
      commits_(metrics.Counters("capture_commits_total", "Commits of the change log.").With()),
      changes_(metrics.Counters("capture_changes_total", "Changes written to the change log.").With()),
      group_size_(
          metrics.Histograms("capture_commit_changes", "Changes of one commit.", {}, metrics::SizeBuckets())
              .With()),
      duration_(metrics::StageDuration(metrics, "append")) {}

Appender::~Appender() { Stop(); }

void Appender::Start() {
  worker_ = std::make_unique<Worker>("append", [this](StopToken&) { Run(); });
}

void Appender::Stop() {
  {
    MutexLock lock(&mutex_);
    closed_ = true;
    queued_.SignalAll();
    room_.SignalAll();
  }
  if (worker_ != nullptr) worker_->Stop();
  worker_.reset();
}

bool Appender::HasRoom() const {
  return queued_changes_ < options_.max_queued_changes && queued_bytes_ < options_.max_queued_bytes;
}

bool Appender::WaitForRoom(absl::Duration timeout) {
  const absl::Time deadline = clock_.Now() + timeout;
  MutexLock lock(&mutex_);
  while (!closed_ && !HasRoom()) {
    const absl::Duration left = deadline - clock_.Now();
    if (left <= absl::ZeroDuration()) return false;
    room_.WaitFor(&mutex_, left);
  }
  return !closed_;
}

std::future<absl::StatusOr<Appended>> Appender::Append(AppendGroup group) {
  return Append(std::make_shared<AppendGroup>(std::move(group)));
}

std::future<absl::StatusOr<Appended>> Appender::Append(std::shared_ptr<AppendGroup> group) {
  Waiting waiting;
  waiting.bytes = SizeOf(*group);
  group->trace = trace::Now().span;
  waiting.group = std::move(group);
  std::future<absl::StatusOr<Appended>> answer = waiting.answer.get_future();
  MutexLock lock(&mutex_);
  absl::Status refusal;
  if (closed_) {
    refusal = Stopping();
  } else if (!HasRoom() && !waiting.group->always_room) {
    refusal = CaptureOverloaded();
  } else {
    queued_changes_ += static_cast<int64_t>(waiting.group->changes.size());
    queued_bytes_ += waiting.bytes;
    queue_.push_back(std::move(waiting));
    queued_.Signal();
    return answer;
  }
  Refuse(waiting, refusal);
  return answer;
}

void Appender::Answer(Waiting& waiting, absl::StatusOr<Appended> answer) {
  waiting.answer.set_value(std::move(answer));
  if (waiting.group->answered) waiting.group->answered();
}

// What the same sender appends after this must not overtake it.
void Appender::Refuse(Waiting& waiting, const absl::Status& status) {
  if (waiting.group->chain != nullptr) waiting.group->chain->Break();
  Answer(waiting, status);
}

void Appender::Run() {
  for (std::vector<Waiting> waiting = TakeNext(); !waiting.empty(); waiting = TakeNext()) {
    refused_all_ = false;
    const absl::Time begin = clock_.Now();
    Commit(std::move(waiting));
    duration_.Observe(absl::ToDoubleSeconds(clock_.Now() - begin));
    if (!refused_all_) monitor_.Progress();
  }
}

void Appender::AwaitWork() {
  const absl::Time end = clock_.Now() + kComesAgain;
  while (refused_all_ && queue_.empty() && !closed_ && clock_.Now() < end)
    queued_.WaitFor(&mutex_, end - clock_.Now());
  if (queue_.empty()) monitor_.SetBacklog(0);
  while (queue_.empty() && !closed_) queued_.Wait(&mutex_);
}

std::vector<Appender::Waiting> Appender::TakeNext() {
  std::vector<Waiting> taken;
  MutexLock lock(&mutex_);
  AwaitWork();
  int64_t changes = 0;
  int64_t bytes = 0;
  while (!queue_.empty()) {
    Waiting& next = queue_.front();
    changes += static_cast<int64_t>(next.group->changes.size());
    bytes += next.bytes;
    if (!taken.empty() &&
        (changes > options_.max_changes_per_commit || bytes > options_.max_bytes_per_commit))
      break;
    queued_changes_ -= static_cast<int64_t>(next.group->changes.size());
    queued_bytes_ -= next.bytes;
    taken.push_back(std::move(next));
    queue_.pop_front();
  }
  monitor_.SetBacklog(static_cast<int64_t>(taken.size() + queue_.size()));
  room_.SignalAll();
  return taken;
}

void Appender::Commit(std::vector<Waiting> waiting) {
  std::vector<Waiting> together;
  for (Waiting& next : waiting) {
    if (next.group->chain != nullptr && next.group->chain->broken()) {
      Refuse(next, ChainBroken());
    } else {
      together.push_back(std::move(next));
    }
  }
  if (!together.empty()) CommitTogether(together);
}

void Appender::CommitTogether(std::vector<Waiting>& waiting) {
  std::vector<AppendGroup*> groups;
  std::vector<trace::SpanContext> origins;
  for (const Waiting& next : waiting) {
    groups.push_back(next.group.get());
    origins.push_back(next.group->trace);
  }
  trace::Span span =
      trace::Join({"commit to the change log", trace::Kind::kInternal, "change_capture"}, origins);
  const trace::Scope scope(span.context(), "", "change_capture");
  AppendPlan plan(groups);
  WrittenBatches written;
  const absl::Status status = Write(plan, groups, &written);
  span.Set("cognate.groups", groups.size());
  span.Set("cognate.changes", plan.fresh().size());
  span.Fail(status);
  span.End();
  if (status.ok()) {
    log::Debug("changes committed", {{"service", "change_capture"}, {"changes", plan.fresh().size()}});
    PutOnStream(plan, written, span.context());  // first: what follows from a change begins there
    for (size_t i = 0; i < waiting.size(); ++i) {
      Answer(waiting[i], plan.Answer(i, written.numbered.first_version));
    }
    return;
  }
  // Out of turn is one group's fault; a database that is away, full or too slow is nobody's, and each alone
  // would only wait for it again.
  const bool is_nobodys_fault = IsTransient(status) && !absl::IsAborted(status);
  if (waiting.size() == 1 || is_nobodys_fault) {
    log::Warn("changes were not written", {{"groups", waiting.size()}, {"status", status}});
    refused_all_ = is_nobodys_fault;
    for (Waiting& next : waiting) Refuse(next, status);
    return;
  }
  // One of them is at fault: it fails alone.
  for (Waiting& next : waiting) {
    std::vector<Waiting> alone;
    alone.push_back(std::move(next));
    Commit(std::move(alone));
  }
}

absl::Status Appender::Write(AppendPlan& plan, absl::Span<AppendGroup* const> groups,
                             WrittenBatches* written) {
  std::vector<const SourceAdvance*> advances;
  std::vector<const AlongFunction*> alongs;
  for (const AppendGroup* group : groups) {
    if (group->advance) advances.push_back(&*group->advance);
    if (group->along) alongs.push_back(&group->along);
  }
  constexpr int kTries = 3;  // another process may write the same change id between look-up and insert
  absl::Status status;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    if (expects_known_) RETURN_IF_ERROR(plan.LeaveOutKnown(store_));
    std::vector<int64_t> sizes;
    sizes.reserve(plan.fresh().size());
    for (const CapturedChange* change : plan.fresh()) sizes.push_back(SizeOf(*change));
    written->parts = SplitIntoParts(sizes);
    written->queued = feeder_.Direct();
    absl::StatusOr<Numbered> numbered = store_.Write(plan.fresh(), written->parts, rules_revision_(),
                                                     written->queued, MergeAdvances(advances), alongs);
    if (numbered.ok()) {
      written->numbered = *std::move(numbered);
      expects_known_ = plan.left_out();
      commits_.Increment();
      changes_.Increment(static_cast<double>(plan.fresh().size()));
      group_size_.Observe(static_cast<double>(plan.fresh().size()));
      return absl::OkStatus();
    }
    status = numbered.status();
    if (!AppendStore::IsKnownChangeId(status)) return status;
    expects_known_ = true;
  }
  return status;
}

void Appender::PutOnStream(const AppendPlan& plan, const WrittenBatches& written,
                           const trace::SpanContext& commit) {
  if (written.parts.empty()) return;
  if (!written.queued) {
    feeder_.NoticeUnqueued(written.numbered.batch_ids, commit);
    return;
  }
  std::vector<EncodedBatch> batches;
  for (size_t part = 0; part < written.parts.size(); ++part) {
    const BatchHeader header{written.numbered.batch_ids[part], written.numbered.rules_revision, "", false,
                             false};
    const auto [first, count] = written.parts[part];
    BatchEncoder encoder(header, count);
    for (int i = first; i < first + count; ++i) {
      CapturedChange& change = *plan.fresh()[static_cast<size_t>(i)];
      encoder.Add(change, written.numbered.first_version + i, written.numbered.capture_time);
    }
    batches.push_back({header.batch_id, encoder.Encode(), written.numbered.capture_time, commit});
  }
  feeder_.Offer(std::move(batches));
}

}  // namespace cognate::change_capture
