// The one place where an SQLSTATE becomes a code and a reason.
//
//   23505 ALREADY_EXISTS UNIQUE_VIOLATION            22001 INVALID_ARGUMENT VALUE_TOO_LONG
//   23503 FAILED_PRECONDITION FOREIGN_KEY_VIOLATION  22003 OUT_OF_RANGE VALUE_OUT_OF_RANGE
//   23502 INVALID_ARGUMENT NOT_NULL_VIOLATION        22P02, 22007, 22008 INVALID_ARGUMENT INVALID_TEXT
//   23514 INVALID_ARGUMENT CHECK_VIOLATION           22021, 22P05 INVALID_ARGUMENT BAD_ENCODING
//   23P01 ALREADY_EXISTS EXCLUSION_VIOLATION         other 22, 23: INVALID_ARGUMENT, FAILED_PRECONDITION
//   40001, 40P01 ABORTED SERIALIZATION_FAILURE       57014 DEADLINE_EXCEEDED STATEMENT_TIMEOUT; 55P03 …
//   LOCK_TIMEOUT 08…, 57P01–57P03, lost connection UNAVAILABLE DATABASE_UNAVAILABLE (with RetryInfo) 28…
//   UNAUTHENTICATED DATABASE_LOGIN_REFUSED       42501 PERMISSION_DENIED DATABASE_PERMISSION_DENIED 3D000
//   NOT_FOUND DATABASE_NOT_FOUND               42P01 UNDEFINED_TABLE, 42703 UNDEFINED_COLUMN, other 42 and
//   3F: 53… RESOURCE_EXHAUSTED DATABASE_EXHAUSTED                FAILED_PRECONDITION, other 42
//   DATABASE_SCHEMA_ERROR 25006 UNAVAILABLE DATABASE_READ_ONLY             anything else: INTERNAL
//   DATABASE_ERROR
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

struct pg_conn;
struct pg_result;

namespace cognate::postgres {

// What the server said about an error.
struct Diagnostics {
  std::string sqlstate;  // empty: the connection itself failed
  std::string message;
  std::string detail;
  std::string schema;
  std::string table;
  std::string column;
  std::string constraint;
};

// The status' message and ErrorInfo (metadata sqlstate, table, column, constraint) are safe for clients: no
// SQL, no values. The server's own words are kept aside; ServerMessage reads them, the transport does not
// send them.
absl::Status StatusFromDiagnostics(const Diagnostics& diagnostics);

// From the text that libpq writes at verbosity VERBOSE.
Diagnostics DiagnosticsFromText(absl::string_view sqlstate, absl::string_view verbose_text);

// The five characters, or "" when this status is no answer of a database.
std::string SqlState(const absl::Status& status);
// The server's primary message and detail, for logs and for operators of a foreign database; may hold values.
std::string ServerMessage(const absl::Status& status);

// For common/postgres.
absl::Status StatusFromResult(const pg_conn* connection, const pg_result* result);
absl::Status StatusFromConnection(const pg_conn* connection);
// Puts the transaction's name before the server's words.
absl::Status WithTransactionName(absl::Status status, absl::string_view name);

}  // namespace cognate::postgres
