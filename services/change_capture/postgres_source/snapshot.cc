#include "services/change_capture/postgres_source/snapshot.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/postgres/connection.h"
#include "common/status/status_macros.h"
#include "services/change_capture/postgres_source/pgoutput_row.h"
#include "services/change_capture/postgres_source/pgoutput_value.h"

namespace cognate::change_capture {
namespace {

constexpr int kFirstBatchRows = 100;  // until it is known how wide the rows are

std::string QuotedList(const postgres::Connection& source, const std::vector<std::string>& names) {
  return absl::StrJoin(names, ", ", [&](std::string* out, const std::string& name) {
    absl::StrAppend(out, source.QuoteIdentifier(name));
  });
}

std::string DeclareCursor(const postgres::Connection& source, const SourceTable& table) {
  std::vector<std::string> names;
  for (const auto& [name, type] : table.columns) names.push_back(name);
  // Tables that inherit from this one are tables of their own; partitions are not.
  return absl::StrCat("DECLARE snapshot NO SCROLL CURSOR FOR SELECT ", QuotedList(source, names), " FROM ",
                      table.partitioned ? "" : "ONLY ", table.quoted_name, " ORDER BY ",
                      QuotedList(source, table.key_fields));
}

pgoutput::Tuple TupleOf(const postgres::Rows& rows, int row) {
  pgoutput::Tuple tuple(static_cast<size_t>(rows.columns()));
  for (int column = 0; column < rows.columns(); ++column) {
    if (rows.IsNull(row, column)) continue;
    tuple[static_cast<size_t>(column)] = {pgoutput::Cell::Kind::kText, rows.GetText(row, column)};
  }
  return tuple;
}

class Reader {
 public:
  Reader(const SnapshotOptions& options, const LoggedModel& model, pgoutput::RowShape shape,
         const SnapshotSink& sink)
      : options_(options), model_(model), shape_(std::move(shape)), sink_(sink) {}

  absl::Status ReadAll(postgres::Connection& source) {
    int wanted = std::min(kFirstBatchRows, options_.batch_rows);
    while (true) {
      ASSIGN_OR_RETURN(const postgres::Rows rows,
                       source.QueryText(absl::StrCat("FETCH ", wanted, " FROM snapshot")));
      if (rows.empty()) return absl::OkStatus();
      int64_t bytes = 0;
      std::vector<CapturedChange> changes = ToChanges(rows, &bytes);
      const int64_t row_bytes = std::max<int64_t>(1, bytes / rows.size());
      const bool last = rows.size() < wanted;
      wanted =
          static_cast<int>(std::clamp<int64_t>(options_.batch_bytes / row_bytes, 1, options_.batch_rows));
      RETURN_IF_ERROR(sink_.rows(std::move(changes)));
      if (last) return absl::OkStatus();
    }
  }

 private:
  std::vector<CapturedChange> ToChanges(const postgres::Rows& rows, int64_t* bytes) {
    std::vector<CapturedChange> changes;
    changes.reserve(static_cast<size_t>(rows.size()));
    for (int row = 0; row < rows.size(); ++row) {
      const pgoutput::Tuple tuple = TupleOf(rows, row);
      absl::StatusOr<pgoutput::LocalId> local_id = pgoutput::ReadLocalId(shape_, tuple, nullptr);
      if (!local_id.ok()) {
        sink_.skipped(local_id.status().message());
        continue;
      }
      pgoutput::ReadFields(shape_, *local_id, tuple, nullptr, &fields_);
      CapturedChange& change = changes.emplace_back();
      change.model = &model_;
      change.local_id = std::move(local_id->text);
      change.operation = v1::OPERATION_CREATE;
      fields_.SerializeToString(&change.fields);
      *bytes += static_cast<int64_t>(change.fields.size());
    }
    return changes;
  }

  const SnapshotOptions& options_;
  const LoggedModel& model_;
  const pgoutput::RowShape shape_;
  const SnapshotSink& sink_;
  v1::Fields fields_;  // reused for every row
};

}  // namespace

absl::Status ReadSnapshot(const SnapshotOptions& options, const SourceTable& table, const LoggedModel& model,
                          pgoutput::TypeCatalog& types, postgres::Interrupt& interrupt,
                          absl::FunctionRef<bool()> cancelled, const SnapshotSink& sink) {
  ASSIGN_OR_RETURN(pgoutput::RowShape shape, pgoutput::MakeRowShape(table.columns, table.key_fields, types));
  Reader reader(options, model, std::move(shape), sink);
  postgres::ConnectionOptions connection;
  connection.uri = options.uri;
  connection.statement_timeout = absl::ZeroDuration();
  ASSIGN_OR_RETURN(const std::unique_ptr<postgres::Connection> source,
                   postgres::Connection::Open(connection));
  RETURN_IF_ERROR(source->Execute(pgoutput::kSessionSettings));
  // Rather an error than rows that a policy hides: the stream has them all.
  RETURN_IF_ERROR(source->Execute("SET row_security = off"));
  ASSIGN_OR_RETURN(std::unique_ptr<postgres::ReplicationConnection> exporter,
                   postgres::ReplicationConnection::Open(options.uri, pgoutput::kSessionSettings));
  ASSIGN_OR_RETURN(const postgres::CreatedSlot exported,
                   exporter->CreateSlot(options.temporary_slot, {true, true}, interrupt, cancelled));
  return source->InTransaction(
      "snapshot",
      [&](postgres::Transaction& transaction) -> absl::Status {
        RETURN_IF_ERROR(transaction.Execute(
            absl::StrCat("SET TRANSACTION SNAPSHOT ", source->QuoteLiteral(exported.snapshot))));
        exporter.reset();  // with its slot, which would hold back the source's log
        RETURN_IF_ERROR(sink.begin(exported.consistent_position));
        RETURN_IF_ERROR(transaction.Execute(DeclareCursor(*source, table)));
        return reader.ReadAll(*source);
      },
      "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
}

}  // namespace cognate::change_capture
