// The part of a session that brings the source's database in order.
#include <algorithm>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "services/change_capture/postgres_source/pgoutput_value.h"
#include "services/change_capture/postgres_source/session.h"

namespace cognate::change_capture {
namespace {

constexpr absl::Duration kLongestBusyWait = absl::Milliseconds(250);

absl::Status Busy(absl::string_view sentence) {
  return Error(absl::StatusCode::kUnavailable, "SOURCE_BUSY", sentence);
}

// Asks until it is free, or the patience is over.
absl::Status AwaitFree(PostgresSourceContext& context, absl::FunctionRef<absl::StatusOr<bool>()> is_free,
                       absl::string_view sentence) {
  const absl::Time deadline = context.Now() + context.options.busy_patience;
  // Soon at first, when our own last connection is about to end; a process that stands by asks seldom.
  for (absl::Duration wait = context.options.busy_interval;; wait = std::min(2 * wait, kLongestBusyWait)) {
    ASSIGN_OR_RETURN(const bool free, is_free());
    if (free) return absl::OkStatus();
    if (context.Leaving()) return absl::CancelledError("leaving");
    if (context.Now() >= deadline) return Busy(sentence);
    context.interrupt->WaitFor(wait);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<PostgresSourceSession>> PostgresSourceSession::Open(
    PostgresSourceContext& context, std::string uri) {
  postgres::ConnectionOptions options;
  options.uri = uri;
  ASSIGN_OR_RETURN(std::unique_ptr<postgres::Connection> control, postgres::Connection::Open(options));
  RETURN_IF_ERROR(CheckServer(*control));
  RETURN_IF_ERROR(control->Execute(pgoutput::kSessionSettings));
  RETURN_IF_ERROR(AwaitFree(
      context, [&] { return TryLockSource(*control, context.slot); },
      "another process captures this platform; this one takes over when it is gone"));
  ASSIGN_OR_RETURN(StoredSource stored, context.store.TakeOver(context.platform, context.Now()));
  return std::unique_ptr<PostgresSourceSession>(
      new PostgresSourceSession(context, std::move(uri), std::move(control), std::move(stored)));
}

PostgresSourceSession::PostgresSourceSession(PostgresSourceContext& context, std::string uri,
                                             std::unique_ptr<postgres::Connection> control,
                                             StoredSource stored)
    : context_(context),
      uri_(std::move(uri)),
      control_(std::move(control)),
      stored_(std::move(stored)),
      types_([this](uint32_t oid) { return ReadType(*control_, oid); }),
      sender_(context.environment.appender, context.environment.clock, context.platform, stored_.owner,
              stored_.position, context.interrupt,
              {context.options.groups_in_flight, context.options.bytes_in_flight}) {}

absl::Status PostgresSourceSession::Report(v1::SourceState state, absl::string_view error) {
  context_.metrics.health.Set(metrics::kHealthy);
  return context_.store.Report(context_.platform, stored_.owner, state, error,
                               static_cast<int64_t>(context_.metrics.lag_bytes.Value()), context_.Now());
}

absl::Status PostgresSourceSession::Prepare(const std::vector<std::string>& models) {
  models_ = models;
  bool publication_made = false;
  RETURN_IF_ERROR(EnsurePublication(*control_, context_.slot, &publication_made));
  ASSIGN_OR_RETURN(const SlotFacts slot, AwaitSlot());
  ASSIGN_OR_RETURN(const std::unique_ptr<postgres::ReplicationConnection> replication,
                   postgres::ReplicationConnection::Open(uri_, pgoutput::kSessionSettings));
  ASSIGN_OR_RETURN(const postgres::ReplicationSystem system, replication->IdentifySystem());
  ASSIGN_OR_RETURN(const std::string loss, LossOfSlot(slot, system, publication_made));
  if (!loss.empty()) {
    context_.metrics.read_anew.Increment();
    context_.metrics.read_anew_time.Set(absl::ToDoubleSeconds(context_.Now() - absl::UnixEpoch()));
    log::Warn("changes may have been missed: every table is read anew",
              {{"platform", context_.platform}, {"slot", context_.slot}, {"why", loss}});
  }
  if (!loss.empty() || stored_.system_identifier.empty()) RETURN_IF_ERROR(MakeSlot(slot, system));

  ASSIGN_OR_RETURN(std::vector<SourceTable> facts, InspectTables(*control_, context_.slot, models));
  RETURN_IF_ERROR(SortByForeignKeys(*control_, &facts));
  std::vector<std::string> inspected;
  for (const SourceTable& table : facts) inspected.push_back(table.obstacle);
  RETURN_IF_ERROR(PublishTables(*control_, context_.slot, &facts));
  tables_.clear();
  for (size_t i = 0; i < facts.size(); ++i) {
    ASSIGN_OR_RETURN(StoredModel stored, StoredModelOf(facts[i]));
    tables_.push_back({std::move(facts[i]), std::move(stored), std::move(inspected[i])});
  }
  return SaveModels();
}

// Our own last stream may have to end first.
absl::StatusOr<SlotFacts> PostgresSourceSession::AwaitSlot() {
  SlotFacts slot;
  const auto is_free = [&]() -> absl::StatusOr<bool> {
    ASSIGN_OR_RETURN(slot, FindSlot(*control_, context_.slot));
    return !slot.active;
  };
  RETURN_IF_ERROR(AwaitFree(context_, is_free,
                            absl::StrCat("another process reads the replication slot ", context_.slot,
                                         "; this one takes over when it is free")));
  return slot;
}

absl::StatusOr<std::string> PostgresSourceSession::LossOfSlot(const SlotFacts& slot,
                                                              const postgres::ReplicationSystem& system,
                                                              bool publication_made) const {
  const pgoutput::Lsn confirmed = sender_.committed().confirmed;
  if (stored_.system_identifier.empty()) {
    return std::string(slot.exists ? "there is a slot of that name, but nothing is known of it" : "");
  }
  if (stored_.system_identifier != system.identifier)
    return std::string("the database is in another cluster now");
  if (!slot.exists) return std::string("the replication slot was dropped");
  if (slot.lost)
    return std::string("the server has removed log that the slot needs (max_slot_wal_keep_size)");
  if (!slot.of_this_database) return std::string("the slot belongs to another database or plugin");
  if (slot.confirmed > confirmed)
    return std::string("the slot was made anew, or somebody else has read from it");
  if (system.position < confirmed) return std::string("the server has gone back to an earlier state");
  if (publication_made || context_.start_over) return std::string("the publication was dropped");
  return std::string();
}

absl::Status PostgresSourceSession::MakeSlot(const SlotFacts& old_slot,
                                             const postgres::ReplicationSystem& system) {
  RETURN_IF_ERROR(Report(v1::SOURCE_STATE_SNAPSHOT, ""));
  if (old_slot.exists) RETURN_IF_ERROR(DropSlot(*control_, context_.slot));
  ASSIGN_OR_RETURN(const std::unique_ptr<postgres::ReplicationConnection> replication,
                   postgres::ReplicationConnection::Open(uri_, pgoutput::kSessionSettings));
  ASSIGN_OR_RETURN(
      const postgres::CreatedSlot created,
      replication->CreateSlot(context_.slot, {}, *context_.interrupt, [this] { return context_.Leaving(); }));
  RETURN_IF_ERROR(context_.store.ResetSlot(context_.platform, stored_.owner, system.identifier,
                                           created.consistent_position, context_.Now()));
  context_.start_over = false;
  stored_.system_identifier = system.identifier;
  stored_.models.clear();
  sender_.Reset({created.consistent_position, 0, 0});
  return absl::OkStatus();
}

absl::StatusOr<StoredModel> PostgresSourceSession::StoredModelOf(const SourceTable& table) {
  const auto known = std::find_if(stored_.models.begin(), stored_.models.end(),
                                  [&](const StoredModel& model) { return model.model == table.model; });
  StoredModel stored;
  if (known != stored_.models.end()) stored = *known;
  stored.model = table.model;
  stored.obstacle = table.obstacle;
  if (!table.obstacle.empty()) {
    log::Warn("a table cannot be captured",
              {{"platform", context_.platform}, {"model", table.model}, {"why", table.obstacle}});
    stored.snapshot_complete = false;  // what happens meanwhile is missed
    return stored;
  }
  if (!stored.snapshot_complete) return stored;
  ASSIGN_OR_RETURN(const std::string reason, ReasonForSnapshot(table, stored));
  if (reason.empty()) {
    stored.shape = TableShape(table);
  } else {
    log::Warn("a table is read anew",
              {{"platform", context_.platform}, {"model", table.model}, {"why", reason}});
    stored.snapshot_complete = false;
  }
  return stored;
}

absl::StatusOr<std::string> PostgresSourceSession::ReasonForSnapshot(const SourceTable& table,
                                                                     const StoredModel& stored) {
  if (!table.published) return std::string("it was not in the publication");
  if (table.oid != stored.relation_oid) return std::string("it is another table of the same name");
  if (context_.retake_models.contains(table.model))
    return std::string("it was renamed, or its key was changed");
  ASSIGN_OR_RETURN(const bool uncaptured, HasUncapturedContent(*control_, table, stored.shape));
  return std::string(uncaptured ? "its columns were changed" : "");
}

absl::Status PostgresSourceSession::SaveModels() {
  std::vector<StoredModel> models;
  for (const CapturedTable& table : tables_) models.push_back(table.stored);
  RETURN_IF_ERROR(context_.store.SaveModels(context_.platform, stored_.owner, models));
  for (const CapturedTable& table : tables_) {
    // The store knows now; until the snapshot is complete nothing else is needed.
    if (!table.stored.snapshot_complete) context_.retake_models.erase(table.stored.model);
  }
  stored_.models = std::move(models);
  return absl::OkStatus();
}

absl::Status PostgresSourceSession::Retire() {
  RETURN_IF_ERROR(Report(v1::SOURCE_STATE_IDLE, ""));
  RETURN_IF_ERROR(AwaitSlot().status());
  RETURN_IF_ERROR(DropSlot(*control_, context_.slot));
  RETURN_IF_ERROR(context_.store.ResetSlot(context_.platform, stored_.owner, "", 0, context_.Now()));
  RETURN_IF_ERROR(context_.store.SaveModels(context_.platform, stored_.owner, {}));
  return DropPublication(*control_, context_.slot);
}

}  // namespace cognate::change_capture
