#include "services/change_capture/postgres_source/sender.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::change_capture {
namespace {

constexpr absl::Duration kTick = absl::Seconds(1);

// So that nobody looks for the fault in the source's database.
absl::Status LogFault(const absl::Status& status) {
  return Error(status.code(), "CHANGE_LOG_UNAVAILABLE",
               absl::StrCat("the change log does not take changes: ", status.message()));
}

}  // namespace

PostgresSourceSender::PostgresSourceSender(Appender& appender, const Clock& clock, std::string platform,
                                           int64_t owner, SourcePosition committed,
                                           std::shared_ptr<postgres::Interrupt> interrupt, Limits limits)
    : appender_(appender),
      clock_(clock),
      platform_(std::move(platform)),
      owner_(owner),
      interrupt_(std::move(interrupt)),
      limits_(limits),
      committed_(committed) {}

void PostgresSourceSender::Send(std::vector<CapturedChange> changes, const SourcePosition& after,
                                std::optional<StoredModel> progress) {
  InFlight sent;
  sent.after = after;
  sent.changes = static_cast<int64_t>(changes.size());
  for (const CapturedChange& change : changes) sent.bytes += static_cast<int64_t>(change.fields.size());
  if (!changes.empty())
    sent.span = trace::Span({"capture from PostgreSQL", trace::Kind::kInternal, "change_capture"}, {});
  sent.span.Set("cognate.platform", platform_);
  sent.span.Set("cognate.changes", changes.size());
  const trace::Scope scope(sent.span.context(), "", "change_capture");
  AppendGroup group;
  group.changes = std::move(changes);
  group.advance = SourceAdvance{{platform_, owner_, ++sequence_}, 1, after, clock_.Now()};
  if (progress) {
    group.along = [platform = platform_, progress = *progress](postgres::Transaction& transaction) {
      return SourceStore::SaveSnapshot(transaction, platform, progress);
    };
  }
  group.answered = [interrupt = interrupt_] { interrupt->Signal(); };
  group.always_room = true;
  sent.answer = appender_.Append(std::move(group));
  bytes_in_flight_ += sent.bytes;
  in_flight_.push_back(std::move(sent));
}

absl::Status PostgresSourceSender::Collect() {
  while (!in_flight_.empty() &&
         in_flight_.front().answer.wait_for(std::chrono::seconds(0)) == std::future_status::ready) {
    InFlight& oldest = in_flight_.front();
    absl::StatusOr<Appended> appended = oldest.answer.get();
    if (!appended.ok()) return LogFault(appended.status());
    committed_ = oldest.after;
    committed_changes_ += oldest.changes;
    if (first_version_ == 0 && !appended->versions.empty()) first_version_ = appended->versions.front();
    bytes_in_flight_ -= oldest.bytes;
    in_flight_.pop_front();
  }
  return absl::OkStatus();
}

absl::Status PostgresSourceSender::AwaitRoom(absl::FunctionRef<absl::Status()> tick) {
  RETURN_IF_ERROR(Collect());
  while (full()) {
    interrupt_->WaitFor(kTick);
    RETURN_IF_ERROR(tick());
    RETURN_IF_ERROR(Collect());
  }
  return absl::OkStatus();
}

absl::Status PostgresSourceSender::AwaitIdle(absl::FunctionRef<absl::Status()> tick) {
  RETURN_IF_ERROR(Collect());
  while (!idle()) {
    interrupt_->WaitFor(kTick);
    RETURN_IF_ERROR(tick());
    RETURN_IF_ERROR(Collect());
  }
  return absl::OkStatus();
}

}  // namespace cognate::change_capture
