// What Cognate has in a source's database: one publication with the captured tables, one replication slot.
// Everything here is about that foreign database; positions and progress are in SourceStore.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/postgres/connection.h"
#include "services/change_capture/postgres_source/pgoutput.h"
#include "services/change_capture/postgres_source/pgoutput_type.h"
#include "services/change_capture/postgres_source/publication_tables.h"

namespace cognate::change_capture {

// The name of a platform's slot and publication: `cognate_` and the platform's id with `_` for `-`, shortened
// with a digest where it would be too long.
std::string SlotName(absl::string_view platform);

// FAILED_PRECONDITION where the server cannot give a logical stream: an older version, a standby, wal_level.
absl::Status CheckServer(postgres::Connection& source);

// A lock that lasts as long as the connection: one process captures a platform. False if another one has it.
absl::StatusOr<bool> TryLockSource(postgres::Connection& source, absl::string_view slot);

struct SlotFacts {
  bool exists = false;
  bool active = false;  // somebody streams from it
  bool lost = false;    // the server has thrown away what it should have kept
  pgoutput::Lsn confirmed = 0;
  bool of_this_database = false;
};
absl::StatusOr<SlotFacts> FindSlot(postgres::Connection& source, absl::string_view slot);
absl::Status DropSlot(postgres::Connection& source, absl::string_view slot);

// Makes the publication if there is none (`made`). PERMISSION_DENIED SOURCE_PUBLICATION_DENIED with what to
// run.
absl::Status EnsurePublication(postgres::Connection& source, absl::string_view publication, bool* made);
absl::Status DropPublication(postgres::Connection& source, absl::string_view publication);
// Adds the tables that are missing and takes out what is not among them. A table that cannot be added gets an
// obstacle; one that was added stays without `published`: its stream has only begun.
absl::Status PublishTables(postgres::Connection& source, absl::string_view publication,
                           std::vector<SourceTable>* tables);

absl::StatusOr<std::optional<pgoutput::TypeRow>> ReadType(postgres::Connection& source, uint32_t oid);
// The end of the source's log.
absl::StatusOr<pgoutput::Lsn> CurrentPosition(postgres::Connection& source);

}  // namespace cognate::change_capture
