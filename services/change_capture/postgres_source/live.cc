#include "services/change_capture/postgres_source/live.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/postgres/sqlstate.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "services/change_capture/postgres_source/measure_clock.h"
#include "services/change_capture/postgres_source/pgoutput_value.h"
#include "services/change_capture/postgres_source/replication_stream_fill.h"
#include "services/change_capture/postgres_source/source_row.h"

namespace cognate::change_capture {
namespace {

constexpr int kMessagesAtOnce = 1000;  // before duties are looked at again
constexpr int kPageRecords = 1000;
constexpr absl::Duration kConfirmInterval = absl::Milliseconds(200);
constexpr absl::Duration kLongestWait = absl::Seconds(1);
constexpr int kFirstExchanges = 4;
constexpr absl::Duration kAskAgain = absl::Seconds(1);
constexpr char kObjectInUse[] = "55006";
constexpr char kUndefinedObject[] = "42704";

}  // namespace

PostgresSourceLive::PostgresSourceLive(PostgresSourceSession& session, const std::vector<StreamTable>& tables)
    : session_(session),
      context_(session.context_),
      sender_(session.sender_),
      stream_(tables, session.types_, sender_.committed(), [this](absl::Time time, pgoutput::Lsn position) {
        return context_.clock.Correct(time, position, received_time_);
      }) {}

absl::Status PostgresSourceLive::Begin() {
  ASSIGN_OR_RETURN(connection_,
                   postgres::ReplicationConnection::Open(session_.uri_, pgoutput::kSessionSettings));
  const absl::Status status =
      connection_->StartStream(context_.slot, context_.slot, sender_.committed().confirmed);
  if (postgres::SqlState(status) == kObjectInUse) {
    return Error(absl::StatusCode::kUnavailable, "SOURCE_BUSY",
                 absl::StrCat("another process reads the replication slot ", context_.slot,
                              "; this one takes over when it is free"));
  }
  RETURN_IF_ERROR(status);
  // Before the first change comes. Of several exchanges one is quick.
  RETURN_IF_ERROR(MeasureClock(context_, *session_.control_, kFirstExchanges));
  received_ = sender_.committed().confirmed;
  save_time_ = inspect_time_ = context_.Now();
  log::Info("streaming", {{"platform", context_.platform}, {"position", pgoutput::FormatLsn(received_)}});
  return absl::OkStatus();
}

absl::Status PostgresSourceLive::Run() {
  RETURN_IF_ERROR(Begin());
  while (true) {
    RETURN_IF_ERROR(Tick());
    RETURN_IF_ERROR(sender_.Collect());
    ASSIGN_OR_RETURN(const bool received, ReceiveSome());
    RETURN_IF_ERROR(FlushIfDue(!received));
    RETURN_IF_ERROR(SavePositionIfDue());
    RETURN_IF_ERROR(InspectIfDue());
    if ((leave_ || context_.replanned()) && !stream_.in_transaction()) return CloseDown();
    if (received) continue;
    if (HandsFull()) {
      context_.interrupt->WaitFor(UntilNextDuty());  // only an answer of the appender makes room
    } else {
      connection_->Wait(UntilNextDuty(), *context_.interrupt);
      context_.interrupt->Clear();
    }
  }
}

absl::Status PostgresSourceLive::Tick() {
  RETURN_IF_ERROR(session_.Tick());
  return SendStatusIfDue();
}

bool PostgresSourceLive::HandsFull() const {
  return stream_.pending_count() >= context_.options.group_changes ||
         stream_.pending_bytes() >= context_.options.group_bytes;
}

absl::StatusOr<bool> PostgresSourceLive::ReceiveSome() {
  for (int count = 0; count < kMessagesAtOnce; ++count) {
    if (HandsFull()) {
      RETURN_IF_ERROR(FlushIfDue(false));
      if (HandsFull()) return false;
    }
    postgres::StreamedMessage message;
    const absl::StatusOr<bool> received = connection_->Receive(&message);
    if (!received.ok() && postgres::SqlState(received.status()) == kUndefinedObject &&
        absl::StrContains(postgres::ServerMessage(received.status()), "publication")) {
      context_.start_over = true;
    }
    RETURN_IF_ERROR(received.status());
    if (!*received) return count > 0;
    if (message.kind != postgres::StreamedMessage::Kind::kEnd) RETURN_IF_ERROR(OnSent(message.sent));
    switch (message.kind) {
      case postgres::StreamedMessage::Kind::kData:
        RETURN_IF_ERROR(OnData(message.data));
        break;
      case postgres::StreamedMessage::Kind::kKeepalive:
        RETURN_IF_ERROR(OnKeepalive(message));
        break;
      case postgres::StreamedMessage::Kind::kEnd:
        return Error(absl::StatusCode::kUnavailable, "REPLICATION_STREAM_ENDED",
                     "the server has ended the stream")
            .ToStatus();
    }
  }
  return true;
}

absl::Status PostgresSourceLive::OnSent(absl::Time sent) {
  received_time_ = context_.Now();
  RoundTripOffset& offset = context_.clock.offset();
  if (offset.Agrees(sent, received_time_) || received_time_ < ask_again_time_) return absl::OkStatus();
  RETURN_IF_ERROR(MeasureClock(context_, *session_.control_, 1));
  // What lies in buffers was sent before the clock was set and goes on saying so: do not ask for each of it.
  if (!offset.Agrees(sent, received_time_)) ask_again_time_ = received_time_ + kAskAgain;
  return absl::OkStatus();
}

absl::Status PostgresSourceLive::OnData(absl::string_view bytes) {
  ASSIGN_OR_RETURN(const ReplicationStream::Step step, stream_.Apply(bytes));
  if (step == ReplicationStream::Step::kTruncate) RETURN_IF_ERROR(OnTruncate());
  if (step == ReplicationStream::Step::kCommit) received_ = std::max(received_, stream_.position().confirmed);
  NoteSkipped();
  NoteReshaped();
  return absl::OkStatus();
}

absl::Status PostgresSourceLive::OnKeepalive(const postgres::StreamedMessage& message) {
  received_ = std::max(received_, message.position);
  stream_.Advance(message.position);
  position_wanted_ = position_wanted_ || message.reply_wanted;
  return absl::OkStatus();
}

absl::Status PostgresSourceLive::OnTruncate() {
  const auto tick = [this] { return Tick(); };
  if (stream_.pending_count() > 0) RETURN_IF_ERROR(Send(stream_.TakeAll()));
  RETURN_IF_ERROR(sender_.AwaitIdle(tick));
  for (const StreamTable* table : stream_.truncated()) {
    std::string after;
    do {
      ASSIGN_OR_RETURN(ChangeLog::Page page,
                       context_.environment.log.LiveRecords(*table->model, after, kPageRecords));
      after = page.last_local_id;
      PendingGroup gone;
      gone.after = stream_.position();
      for (LoggedState& record : page.states) {
        CapturedChange& change = gone.changes.emplace_back().change;
        change.model = table->model;
        change.local_id = std::move(record.local_id);
        change.operation = v1::OPERATION_DELETE;
        change.fields = std::move(record.fields);
        change.source_time = stream_.commit_time();
      }
      if (!gone.changes.empty()) RETURN_IF_ERROR(Send(std::move(gone)));
    } while (!after.empty());
  }
  stream_.FinishTruncate();
  return absl::OkStatus();
}

absl::Status PostgresSourceLive::FlushIfDue(bool nothing_arrived) {
  if (sender_.full()) return absl::OkStatus();
  if (HandsFull()) {
    // Whole transactions as long as there are any; only one that is too large by itself is cut.
    return Send(stream_.complete_count() > 0 ? stream_.TakeComplete() : stream_.TakeAll());
  }
  if (nothing_arrived && stream_.complete_count() > 0) return Send(stream_.TakeComplete());
  return absl::OkStatus();
}

absl::Status PostgresSourceLive::Send(PendingGroup group) {
  const auto tick = [this] { return Tick(); };
  if (NeedsFilling(group.changes)) {
    RETURN_IF_ERROR(sender_.AwaitIdle(tick));
    const ReadSourceRow read = [this](const PendingChange& change, const std::vector<std::string>& fields) {
      return ReadRow(*session_.control_, session_.types_, change, fields);
    };
    RETURN_IF_ERROR(FillFromLog(context_.environment.log, read, &group.changes));
  }
  RETURN_IF_ERROR(sender_.AwaitRoom(tick));
  std::vector<CapturedChange> changes;
  changes.reserve(group.changes.size());
  for (PendingChange& pending : group.changes) changes.push_back(std::move(pending.change));
  if (!changes.empty()) {
    context_.metrics.changes.Increment(static_cast<double>(changes.size()));
    context_.metrics.lag_seconds.Set(
        std::max(0.0, absl::ToDoubleSeconds(context_.Now() - stream_.commit_time())));
    sent_since_look_ = true;
  }
  sender_.Send(std::move(changes), group.after);
  save_time_ = context_.Now();
  return absl::OkStatus();
}

absl::Status PostgresSourceLive::SavePositionIfDue() {
  if (stream_.pending_count() > 0 || stream_.in_transaction() || !sender_.idle()) return absl::OkStatus();
  if (stream_.position() == sender_.committed()) return absl::OkStatus();
  if (!position_wanted_ && context_.Now() - save_time_ < context_.options.idle_interval)
    return absl::OkStatus();
  return Send({{}, stream_.position()});
}

absl::Status PostgresSourceLive::SendStatusIfDue() {
  const absl::Time now = context_.Now();
  const pgoutput::Lsn flushed = sender_.committed().confirmed;
  const absl::Duration since = now - status_time_;
  const bool due = since >= context_.options.status_interval ||
                   (flushed > reported_ && (position_wanted_ || since >= kConfirmInterval)) ||
                   (position_wanted_ && since >= kConfirmInterval);
  if (!due) return absl::OkStatus();
  // Asking for a reply brings the position of a source where nothing happens that we would be sent.
  RETURN_IF_ERROR(connection_->SendStatus(std::max(received_, flushed), flushed,
                                          since >= context_.options.status_interval));
  if (flushed >= stream_.position().confirmed) position_wanted_ = false;
  status_time_ = now;
  reported_ = flushed;
  return absl::OkStatus();
}

absl::Status PostgresSourceLive::InspectIfDue() {
  const absl::Time now = context_.Now();
  if (now - lag_time_ >= context_.options.status_interval) {
    ASSIGN_OR_RETURN(const pgoutput::Lsn end, CurrentPosition(*session_.control_));
    const pgoutput::Lsn confirmed = sender_.committed().confirmed;
    context_.metrics.lag_bytes.Set(end > confirmed ? static_cast<double>(end - confirmed) : 0);
    if (!std::exchange(sent_since_look_, false)) context_.metrics.lag_seconds.Set(0);
    RETURN_IF_ERROR(session_.Report(v1::SOURCE_STATE_STREAMING, ""));
    RETURN_IF_ERROR(MeasureClock(context_, *session_.control_, 1));
    RETURN_IF_ERROR(ReportClock(context_));
    lag_time_ = now;
  }
  if (now - inspect_time_ >= context_.options.inspect_interval && !leave_) {
    ASSIGN_OR_RETURN(leave_, session_.TablesChanged());
    inspect_time_ = now;
  }
  return absl::OkStatus();
}

absl::Status PostgresSourceLive::CloseDown() {
  if (stream_.pending_count() > 0) RETURN_IF_ERROR(Send(stream_.TakeAll()));
  RETURN_IF_ERROR(sender_.AwaitIdle([this] { return Tick(); }));
  const pgoutput::Lsn flushed = sender_.committed().confirmed;
  return connection_->SendStatus(std::max(received_, flushed), flushed, false);
}

absl::Duration PostgresSourceLive::UntilNextDuty() const {
  absl::Duration wait = kLongestWait;
  if (sender_.committed().confirmed > reported_ || position_wanted_) wait = kConfirmInterval;
  const absl::Duration until_status = status_time_ + context_.options.status_interval - context_.Now();
  return std::clamp(until_status, absl::Milliseconds(1), wait);
}

void PostgresSourceLive::NoteSkipped() {
  for (const SkippedRow& skipped : stream_.TakeSkipped()) {
    context_.metrics.skipped.Increment();
    log::Warn(
        "a row cannot be captured",
        {{"platform", context_.platform}, {"model", skipped.table->model->model}, {"why", skipped.reason}});
  }
}

void PostgresSourceLive::NoteReshaped() {
  for (const ReplicationStream::Reshaped& reshaped : stream_.TakeReshaped()) {
    if (context_.seen_shapes.emplace(reshaped.table->model->model, reshaped.shape).second) leave_ = true;
  }
  if (stream_.replaced() != nullptr) {
    context_.retake_models.insert(stream_.replaced()->model->model);
    leave_ = true;
  }
}

}  // namespace cognate::change_capture
