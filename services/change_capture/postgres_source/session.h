// One life of a source's connections: prepares the database, takes the snapshots that are missing, follows
// the stream.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/postgres/connection.h"
#include "common/postgres/replication.h"
#include "services/change_capture/postgres_source/context.h"
#include "services/change_capture/postgres_source/pgoutput_type.h"
#include "services/change_capture/postgres_source/publication.h"
#include "services/change_capture/postgres_source/replication_stream.h"
#include "services/change_capture/postgres_source/sender.h"

namespace cognate::change_capture {

// After an error the session is over: what is committed is in the store, and another session goes on from
// there. Not thread safe.
class PostgresSourceSession {
 public:
  // Connects, takes the source's lock and makes this process the owner. UNAVAILABLE SOURCE_BUSY while another
  // one is.
  static absl::StatusOr<std::unique_ptr<PostgresSourceSession>> Open(PostgresSourceContext& context,
                                                                     std::string uri);
  PostgresSourceSession(const PostgresSourceSession&) = delete;
  PostgresSourceSession& operator=(const PostgresSourceSession&) = delete;

  // Publication and slot for exactly these models, and which of them need a snapshot. Where the slot cannot
  // give what it should, everything is to be read anew.
  absl::Status Prepare(const std::vector<std::string>& models);
  // One table after the other, parents first. CANCELLED when leaving.
  absl::Status TakeSnapshots();
  // OK when tables have to be prepared anew, or when leaving.
  absl::Status Follow();
  // Takes slot and publication away: no sync needs them.
  absl::Status Retire();

  absl::Status Report(v1::SourceState state, absl::string_view error);
  int64_t owner() const { return stored_.owner; }

 private:
  struct CapturedTable {
    SourceTable facts;
    StoredModel stored;
    std::string inspected_obstacle;  // without what only trying has shown
  };

  PostgresSourceSession(PostgresSourceContext& context, std::string uri,
                        std::unique_ptr<postgres::Connection> control, StoredSource stored);

  absl::StatusOr<SlotFacts> AwaitSlot();
  absl::StatusOr<std::string> LossOfSlot(const SlotFacts& slot, const postgres::ReplicationSystem& system,
                                         bool publication_made) const;
  absl::Status MakeSlot(const SlotFacts& old_slot, const postgres::ReplicationSystem& system);
  absl::StatusOr<StoredModel> StoredModelOf(const SourceTable& table);
  absl::StatusOr<std::string> ReasonForSnapshot(const SourceTable& table, const StoredModel& stored);
  absl::Status SaveModels();

  absl::Status TakeSnapshot(CapturedTable& table);
  absl::StatusOr<bool> HasRecords(const LoggedModel& model);
  absl::Status SendGone(const LoggedModel& model, const StoredModel& progress,
                        std::optional<std::vector<CapturedChange>>* held);
  absl::Status SendPart(std::vector<CapturedChange> changes, const StoredModel& progress);

  absl::StatusOr<std::vector<StreamTable>> StreamTables();
  // True if Prepare would find something else than it did, or should try again what was refused.
  absl::StatusOr<bool> TablesChanged();
  absl::Status Tick();

  friend class PostgresSourceLive;

  PostgresSourceContext& context_;
  const std::string uri_;
  const std::unique_ptr<postgres::Connection> control_;
  StoredSource stored_;
  pgoutput::TypeCatalog types_;
  PostgresSourceSender sender_;
  std::vector<std::string> models_;
  std::vector<CapturedTable> tables_;
  int refused_inspections_ = 0;
};

}  // namespace cognate::change_capture
