#include "services/change_capture/postgres_source/session.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/postgres/sqlstate.h"
#include "common/status/status_macros.h"
#include "services/change_capture/postgres_source/live.h"
#include "services/change_capture/postgres_source/snapshot.h"

namespace cognate::change_capture {
namespace {

constexpr int kPageRecords = 1000;
constexpr int kRefusedInspections = 3;  // what was refused is tried again at every third

}  // namespace

absl::Status PostgresSourceSession::Tick() {
  context_.metrics.heartbeat.Set(absl::ToDoubleSeconds(context_.Now() - absl::UnixEpoch()));
  return context_.stopping() ? absl::CancelledError("stopping") : absl::OkStatus();
}

absl::Status PostgresSourceSession::TakeSnapshots() {
  for (CapturedTable& table : tables_) {
    if (!table.stored.obstacle.empty() || table.stored.snapshot_complete) continue;
    if (context_.Leaving()) return absl::CancelledError("leaving");
    RETURN_IF_ERROR(Report(v1::SOURCE_STATE_SNAPSHOT, ""));
    absl::Status status = TakeSnapshot(table);
    if (absl::IsPermissionDenied(status)) {
      table.stored.obstacle =
          absl::StrCat("the login may not read it: run GRANT SELECT ON ", table.facts.quoted_name,
                       " for it (", postgres::ServerMessage(status), ")");
      log::Warn(
          "a table cannot be captured",
          {{"platform", context_.platform}, {"model", table.facts.model}, {"why", table.stored.obstacle}});
      RETURN_IF_ERROR(sender_.AwaitIdle([this] { return Tick(); }));
      status = SaveModels();
    }
    RETURN_IF_ERROR(status);
  }
  return absl::OkStatus();
}

absl::Status PostgresSourceSession::TakeSnapshot(CapturedTable& table) {
  const absl::Time start = context_.Now();
  ASSIGN_OR_RETURN(const LoggedModel* model,
                   context_.environment.log.FindOrAddModel(context_.platform, table.facts.model));
  ASSIGN_OR_RETURN(const bool had_records, HasRecords(*model));
  StoredModel& progress = table.stored;
  progress.relation_oid = table.facts.oid;
  progress.shape = TableShape(table.facts);
  progress.snapshot_row_count = 0;
  sender_.ForgetFirstVersion();
  // One group is held back, so that the last one can say that it is the last.
  std::optional<std::vector<CapturedChange>> held;
  const auto begin = [&](pgoutput::Lsn position) {
    progress.snapshot_position = position;
    return absl::OkStatus();
  };
  const auto rows = [&](std::vector<CapturedChange> batch) -> absl::Status {
    if (held) RETURN_IF_ERROR(SendPart(*std::move(held), progress));
    progress.snapshot_row_count += static_cast<int64_t>(batch.size());
    held = std::move(batch);
    return absl::OkStatus();
  };
  const auto skipped = [&](absl::string_view reason) {
    context_.metrics.skipped.Increment();
    log::Warn("a row cannot be captured",
              {{"platform", context_.platform}, {"model", table.facts.model}, {"why", reason}});
  };
  const SnapshotOptions options{
      uri_, SlotName(absl::StrCat(context_.platform, "-snapshot-", stored_.owner, "-", table.facts.oid)),
      static_cast<int>(context_.options.group_changes), context_.options.group_bytes};
  RETURN_IF_ERROR(ReadSnapshot(options, table.facts, *model, types_, *context_.interrupt,
                               [this] { return context_.Leaving(); }, {begin, rows, skipped}));
  if (had_records) RETURN_IF_ERROR(SendGone(*model, progress, &held));
  progress.snapshot_complete = true;
  RETURN_IF_ERROR(SendPart(held ? *std::move(held) : std::vector<CapturedChange>(), progress));
  RETURN_IF_ERROR(sender_.AwaitIdle([this] { return Tick(); }));
  log::Info("snapshot complete", {{"platform", context_.platform},
                                  {"model", table.facts.model},
                                  {"rows", progress.snapshot_row_count},
                                  {"position", pgoutput::FormatLsn(progress.snapshot_position)},
                                  {"elapsed_ms", context_.Now() - start}});
  for (StoredModel& stored : stored_.models) {
    if (stored.model == progress.model) stored = progress;
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> PostgresSourceSession::HasRecords(const LoggedModel& model) {
  std::string after;
  do {
    ASSIGN_OR_RETURN(const ChangeLog::Page page,
                     context_.environment.log.LiveRecords(model, after, kPageRecords));
    if (!page.states.empty()) return true;
    after = page.last_local_id;
  } while (!after.empty());
  return false;
}

// Records that the log has and the snapshot had not: deleted while nobody listened.
absl::Status PostgresSourceSession::SendGone(const LoggedModel& model, const StoredModel& progress,
                                             std::optional<std::vector<CapturedChange>>* held) {
  if (*held) RETURN_IF_ERROR(SendPart(*std::move(*held), progress));
  held->reset();
  RETURN_IF_ERROR(sender_.AwaitIdle([this] { return Tick(); }));
  const int64_t first =
      sender_.first_version() > 0 ? sender_.first_version() : std::numeric_limits<int64_t>::max();
  std::string after;
  do {
    ASSIGN_OR_RETURN(ChangeLog::Page page, context_.environment.log.LiveRecords(model, after, kPageRecords));
    std::vector<CapturedChange> gone;
    for (LoggedState& record : page.states) {
      if (record.version >= first) continue;
      CapturedChange& change = gone.emplace_back();
      change.model = &model;
      change.local_id = std::move(record.local_id);
      change.operation = v1::OPERATION_DELETE;
      change.fields = std::move(record.fields);
    }
    after = page.last_local_id;
    if (gone.empty()) continue;
    if (*held) RETURN_IF_ERROR(SendPart(*std::move(*held), progress));
    *held = std::move(gone);
  } while (!after.empty());
  return absl::OkStatus();
}

absl::Status PostgresSourceSession::SendPart(std::vector<CapturedChange> changes,
                                             const StoredModel& progress) {
  RETURN_IF_ERROR(sender_.AwaitRoom([this] { return Tick(); }));
  if (context_.stopping()) return absl::CancelledError("stopping");
  context_.metrics.changes.Increment(static_cast<double>(changes.size()));
  sender_.Send(std::move(changes), sender_.committed(), progress);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<StreamTable>> PostgresSourceSession::StreamTables() {
  std::vector<StreamTable> stream_tables;
  for (const CapturedTable& table : tables_) {
    if (!table.stored.snapshot_complete) continue;
    StreamTable& stream_table = stream_tables.emplace_back();
    ASSIGN_OR_RETURN(stream_table.model,
                     context_.environment.log.FindOrAddModel(context_.platform, table.facts.model));
    stream_table.schema = table.facts.schema;
    stream_table.table = table.facts.table;
    stream_table.relation_oid = table.facts.oid;
    stream_table.key_fields = table.facts.key_fields;
    stream_table.columns = table.facts.columns;
    stream_table.snapshot_position = table.stored.snapshot_position;
  }
  return stream_tables;
}

absl::StatusOr<bool> PostgresSourceSession::TablesChanged() {
  ASSIGN_OR_RETURN(const std::vector<SourceTable> now, InspectTables(*control_, context_.slot, models_));
  bool refused = false;
  for (const SourceTable& table : now) {
    const auto before = std::find_if(tables_.begin(), tables_.end(), [&](const CapturedTable& known) {
      return known.facts.model == table.model;
    });
    if (before == tables_.end() || before->facts.oid != table.oid) return true;
    if (before->inspected_obstacle != table.obstacle) return true;
    const bool reshaped = !table.published || TableShape(before->facts) != TableShape(table);
    if (before->stored.snapshot_complete && reshaped) return true;
    refused = refused || before->stored.obstacle != table.obstacle;
  }
  return refused && ++refused_inspections_ % kRefusedInspections == 0;
}

absl::Status PostgresSourceSession::Follow() {
  ASSIGN_OR_RETURN(const std::vector<StreamTable> stream_tables, StreamTables());
  PostgresSourceLive live(*this, stream_tables);
  return live.Run();
}

}  // namespace cognate::change_capture
