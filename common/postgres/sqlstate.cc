#include "common/postgres/sqlstate.h"

#include <utility>
#include <vector>

#include <libpq-fe.h>

#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/status/error.h"

namespace cognate::postgres {
namespace {

// Outside of "type.googleapis.com/": the transport leaves it where it is.
constexpr char kServerMessageKey[] = "cognate.postgres/server_message";

struct Class {
  const char* prefix;  // of the SQLSTATE; the first that fits decides
  absl::StatusCode code;
  const char* reason;
  const char* message;
};

constexpr Class kClasses[] = {
    {"23505", absl::StatusCode::kAlreadyExists, "UNIQUE_VIOLATION", "a row with the same unique key exists"},
    {"23503", absl::StatusCode::kFailedPrecondition, "FOREIGN_KEY_VIOLATION",
     "a row that is referred to is missing, or is still referred to"},
    {"23502", absl::StatusCode::kInvalidArgument, "NOT_NULL_VIOLATION", "a required value is missing"},
    {"23514", absl::StatusCode::kInvalidArgument, "CHECK_VIOLATION",
     "a value is not allowed by a check constraint"},
    {"23P01", absl::StatusCode::kAlreadyExists, "EXCLUSION_VIOLATION", "a row that excludes this one exists"},
    {"23", absl::StatusCode::kFailedPrecondition, "CONSTRAINT_VIOLATION", "a constraint is violated"},
    {"22001", absl::StatusCode::kInvalidArgument, "VALUE_TOO_LONG", "a value is too long for its column"},
    {"22003", absl::StatusCode::kOutOfRange, "VALUE_OUT_OF_RANGE",
     "a number is out of the range of its column"},
    {"22P02", absl::StatusCode::kInvalidArgument, "INVALID_TEXT", "a text is no value of its column's type"},
    {"22007", absl::StatusCode::kInvalidArgument, "INVALID_TEXT", "a text is no date or time"},
    {"22008", absl::StatusCode::kInvalidArgument, "INVALID_TEXT", "a date or time is out of range"},
    {"22021", absl::StatusCode::kInvalidArgument, "BAD_ENCODING",
     "a text is not valid UTF-8 or holds a NUL byte"},
    {"22P05", absl::StatusCode::kInvalidArgument, "BAD_ENCODING",
     "a character does not exist in the database's encoding"},
    {"22", absl::StatusCode::kInvalidArgument, "INVALID_VALUE", "a value is not acceptable"},
    {"40001", absl::StatusCode::kAborted, "SERIALIZATION_FAILURE", "concurrent transactions collided"},
    {"40P01", absl::StatusCode::kAborted, "SERIALIZATION_FAILURE",
     "concurrent transactions locked each other out"},
    {"40", absl::StatusCode::kAborted, "TRANSACTION_ROLLED_BACK", "the transaction was rolled back"},
    {"08", absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE", "the database cannot be reached"},
    {"57P0", absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE",
     "the database is shutting down or starting"},
    {"57014", absl::StatusCode::kDeadlineExceeded, "STATEMENT_TIMEOUT", "a statement took too long"},
    {"55P03", absl::StatusCode::kDeadlineExceeded, "LOCK_TIMEOUT", "a lock was not free in time"},
    {"25006", absl::StatusCode::kUnavailable, "DATABASE_READ_ONLY",
     "the database is read only, as a standby is"},
    {"28", absl::StatusCode::kUnauthenticated, "DATABASE_LOGIN_REFUSED", "the database refused the login"},
    {"42501", absl::StatusCode::kPermissionDenied, "DATABASE_PERMISSION_DENIED",
     "the login may not do this in the database"},
    {"3D000", absl::StatusCode::kNotFound, "DATABASE_NOT_FOUND", "there is no database of this name"},
    {"42P01", absl::StatusCode::kFailedPrecondition, "UNDEFINED_TABLE", "a table is missing"},
    {"42703", absl::StatusCode::kFailedPrecondition, "UNDEFINED_COLUMN", "a column is missing"},
    {"42", absl::StatusCode::kFailedPrecondition, "DATABASE_SCHEMA_ERROR",
     "the statement does not fit the database's schema"},
    {"3F", absl::StatusCode::kFailedPrecondition, "DATABASE_SCHEMA_ERROR", "a schema is missing"},
    {"53", absl::StatusCode::kResourceExhausted, "DATABASE_EXHAUSTED", "the database has no resources left"},
    {"", absl::StatusCode::kInternal, "DATABASE_ERROR", "the database failed"},
};

const Class& Classify(absl::string_view sqlstate) {
  const absl::string_view state = sqlstate.empty() ? "08" : sqlstate;
  const Class* found = kClasses;
  while (!absl::StartsWith(state, found->prefix)) ++found;
  return *found;
}

std::string Field(const pg_result* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? "" : text;
}

// libpq's own words for what never reached a server, or what a server refused before there was a session.
Diagnostics ConnectionDiagnostics(absl::string_view text) {
  Diagnostics diagnostics;
  diagnostics.message = std::string(absl::StripAsciiWhitespace(text));
  const std::vector<std::pair<const char*, const char*>> known = {
      {"authentication failed", "28P01"},     {"no password supplied", "28P01"},
      {"no pg_hba.conf entry", "28000"},      {"role \"", "28000"},
      {"too many clients", "53300"},          {"too many connections", "53300"},
      {"remaining connection slots", "53300"}};
  for (const auto& [words, sqlstate] : known) {
    if (absl::StrContains(text, words)) diagnostics.sqlstate = sqlstate;
  }
  if (absl::StrContains(text, "database \"") && absl::StrContains(text, "does not exist")) {
    diagnostics.sqlstate = "3D000";
  }
  return diagnostics;
}

}  // namespace

absl::Status StatusFromDiagnostics(const Diagnostics& diagnostics) {
  const Class& found = Classify(diagnostics.sqlstate);
  Error error(found.code, found.reason, found.message);
  const std::pair<const char*, const std::string*> variables[] = {{"sqlstate", &diagnostics.sqlstate},
                                                                  {"schema", &diagnostics.schema},
                                                                  {"table", &diagnostics.table},
                                                                  {"column", &diagnostics.column},
                                                                  {"constraint", &diagnostics.constraint}};
  for (const auto& [key, value] : variables) {
    if (!value->empty()) error.With(key, *value);
  }
  if (found.code == absl::StatusCode::kUnavailable) error.RetryAfter(absl::Seconds(1));
  absl::Status status = error;
  std::string words = diagnostics.message;
  if (!diagnostics.detail.empty()) absl::StrAppend(&words, " (", diagnostics.detail, ")");
  if (!words.empty()) status.SetPayload(kServerMessageKey, absl::Cord(words));
  return status;
}

Diagnostics DiagnosticsFromText(absl::string_view sqlstate, absl::string_view verbose_text) {
  Diagnostics diagnostics;
  diagnostics.sqlstate = std::string(sqlstate);
  const std::pair<const char*, std::string*> lines[] = {{"DETAIL:  ", &diagnostics.detail},
                                                        {"SCHEMA NAME:  ", &diagnostics.schema},
                                                        {"TABLE NAME:  ", &diagnostics.table},
                                                        {"COLUMN NAME:  ", &diagnostics.column},
                                                        {"CONSTRAINT NAME:  ", &diagnostics.constraint}};
  for (absl::string_view line : absl::StrSplit(verbose_text, '\n')) {
    if (diagnostics.message.empty()) {
      const size_t after_state = line.find(absl::StrCat(diagnostics.sqlstate, ": "));
      diagnostics.message = std::string(
          after_state == line.npos ? line : line.substr(after_state + diagnostics.sqlstate.size() + 2));
    }
    for (const auto& [prefix, value] : lines) {
      if (absl::ConsumePrefix(&line, prefix)) *value = std::string(line);
    }
  }
  return diagnostics;
}

std::string SqlState(const absl::Status& status) { return ErrorMetadata(status, "sqlstate"); }

std::string ServerMessage(const absl::Status& status) {
  const absl::optional<absl::Cord> words = status.GetPayload(kServerMessageKey);
  return words ? std::string(*words) : "";
}

absl::Status WithTransactionName(absl::Status status, absl::string_view name) {
  if (const absl::optional<absl::Cord> words = status.GetPayload(kServerMessageKey)) {
    status.SetPayload(kServerMessageKey, absl::Cord(absl::StrCat(name, ": ", std::string(*words))));
  }
  return status;
}

absl::Status StatusFromResult(const pg_conn* connection, const pg_result* result) {
  Diagnostics diagnostics;
  diagnostics.sqlstate = Field(result, PG_DIAG_SQLSTATE);
  if (diagnostics.sqlstate.empty()) return StatusFromConnection(connection);
  diagnostics.message = Field(result, PG_DIAG_MESSAGE_PRIMARY);
  diagnostics.detail = Field(result, PG_DIAG_MESSAGE_DETAIL);
  diagnostics.schema = Field(result, PG_DIAG_SCHEMA_NAME);
  diagnostics.table = Field(result, PG_DIAG_TABLE_NAME);
  diagnostics.column = Field(result, PG_DIAG_COLUMN_NAME);
  diagnostics.constraint = Field(result, PG_DIAG_CONSTRAINT_NAME);
  return StatusFromDiagnostics(diagnostics);
}

absl::Status StatusFromConnection(const pg_conn* connection) {
  return StatusFromDiagnostics(ConnectionDiagnostics(PQerrorMessage(connection)));
}

}  // namespace cognate::postgres
