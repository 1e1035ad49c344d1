// Reads the rows that a table has at one position of the source's log.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/postgres/replication.h"
#include "services/change_capture/captured_change.h"
#include "services/change_capture/postgres_source/pgoutput.h"
#include "services/change_capture/postgres_source/pgoutput_type.h"
#include "services/change_capture/postgres_source/publication_tables.h"

namespace cognate::change_capture {

struct SnapshotOptions {
  std::string uri;
  std::string temporary_slot;  // a name that nobody else on the server uses
  int batch_rows = 1000;
  int64_t batch_bytes = 4 << 20;  // aimed at; a single row may be larger
};

struct SnapshotSink {
  // Once, before any row: changes that were committed at or behind `position` are not in the rows.
  absl::FunctionRef<absl::Status(pgoutput::Lsn position)> begin;
  // In the order of the primary key.
  absl::FunctionRef<absl::Status(std::vector<CapturedChange> rows)> rows;
  // A row that cannot go into the log.
  absl::FunctionRef<void(absl::string_view reason)> skipped;
};

// Every row as OPERATION_CREATE. The snapshot is one that the server exports with a temporary slot, so it
// fits the stream without a gap. Waits for every transaction that is running when it begins; CANCELLED when
// `cancelled` turns true after a signal of `interrupt`. The first error of the sink ends it.
absl::Status ReadSnapshot(const SnapshotOptions& options, const SourceTable& table, const LoggedModel& model,
                          pgoutput::TypeCatalog& types, postgres::Interrupt& interrupt,
                          absl::FunctionRef<bool()> cancelled, const SnapshotSink& sink);

}  // namespace cognate::change_capture
