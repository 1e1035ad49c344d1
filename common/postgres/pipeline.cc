// The part of Connection that sends several statements before it reads an answer.
#include <libpq-fe.h>

#include "absl/strings/str_cat.h"
#include "common/postgres/arguments.h"
#include "common/postgres/connection.h"
#include "common/postgres/sqlstate.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::postgres {

absl::Status Connection::SendTogether(absl::Span<const Call> calls) {
  const Params none;
  for (const Call& call : calls) {
    const Params& params = call.params == nullptr ? none : *call.params;
    const Arguments arguments(params);
    if (PQsendQueryPrepared(raw_, call.statement->name.c_str(), params.size(), arguments.values.data(),
                            arguments.lengths.data(), arguments.formats.data(), 1) == 0) {
      return StatusFromConnection(raw_);
    }
  }
  return PQpipelineSync(raw_) == 1 ? absl::OkStatus() : StatusFromConnection(raw_);
}

// Each statement answers with a result and a null, even those that were not run; then comes the end's own.
absl::Status Connection::ReadTogether(size_t count, std::vector<Rows>* answers) {
  absl::Status status;
  for (size_t i = 0; i < count; ++i) {
    pg_result* const result = PQgetResult(raw_);
    if (result == nullptr) return StatusFromConnection(raw_);
    if (PQresultStatus(result) == PGRES_PIPELINE_ABORTED) {
      PQclear(result);
    } else {
      absl::StatusOr<Rows> rows = Answer(result);
      if (rows.ok() && status.ok()) {
        answers->push_back(*std::move(rows));
      } else if (status.ok()) {
        status = rows.status();
      }
    }
    if (PQstatus(raw_) != CONNECTION_OK) return status.ok() ? StatusFromConnection(raw_) : status;
    PQclear(PQgetResult(raw_));
  }
  pg_result* const end = PQgetResult(raw_);
  const bool ended = PQresultStatus(end) == PGRES_PIPELINE_SYNC;
  PQclear(end);
  if (!ended && status.ok()) return StatusFromConnection(raw_);
  return status;
}

absl::Status Connection::QueryTogether(absl::Span<const Call> calls, std::vector<Rows>* answers) {
  answers->clear();
  for (const Call& call : calls) {
    RETURN_IF_ERROR(Prepare(*call.statement, call.params == nullptr ? Params() : *call.params));
  }
  if (PQenterPipelineMode(raw_) == 0) return StatusFromConnection(raw_);
  absl::Status status = SendTogether(calls);
  if (status.ok()) status = ReadTogether(calls.size(), answers);
  // It cannot be left while answers are outstanding, which is so only where the connection is lost.
  if (PQexitPipelineMode(raw_) == 0) {
    Abort();
    if (status.ok()) status = StatusFromConnection(raw_);
  }
  return status;
}

void Connection::Rollback() {
  // An error of ROLLBACK is an error of the connection, which its next user meets.
  if (PQtransactionStatus(raw_) != PQTRANS_IDLE) Execute("ROLLBACK").IgnoreError();
}

absl::Status Connection::Forget(absl::Span<const std::string> statement_names) {
  std::string sql;
  for (const std::string& name : statement_names) {
    if (prepared_.erase(name) > 0) absl::StrAppend(&sql, "DEALLOCATE ", QuoteIdentifier(name), ";");
  }
  return sql.empty() ? absl::OkStatus() : Execute(sql);
}

}  // namespace cognate::postgres
