#include "services/delivery/sql_channel/failure.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/postgres/sqlstate.h"
#include "common/status/error.h"
#include "common/value/parse.h"
#include "common/value/sql_text.h"
#include "common/value/value.h"
#include "services/delivery/sql_channel/table.h"

namespace cognate::delivery {
namespace {

// A value that its column does not take.
struct Misfit {
  const SqlColumn* column = nullptr;
  std::string reason;
  std::string why;
};

std::string Name(const SqlShape& shape, absl::string_view column) {
  return absl::StrCat(shape.table->model, ".", column);
}

// Looks for the field that the server's error is about, as it names none: by rule for what an explicit cast
// would hide, else by casting each value alone.
std::optional<Misfit> FindMisfit(postgres::Connection& connection, const SqlShape& shape,
                                 const Outgoing& outgoing) {
  for (size_t i = 0; i < shape.fields.size(); ++i) {
    const SqlColumn& column = *shape.fields[i];
    std::string text;
    if (!value::AppendSqlText(outgoing.delivery->values(static_cast<int>(i)), &text)) continue;
    const std::optional<size_t> characters = value::CharacterCount(text);
    if (!characters) return Misfit{&column, "BAD_ENCODING", "is no UTF-8 text, or holds a NUL character"};
    if (column.max_characters > 0 && static_cast<int64_t>(*characters) > column.max_characters) {
      return Misfit{
          &column, "VALUE_TOO_LONG",
          absl::StrCat("has ", *characters, " characters, and the column takes ", column.max_characters)};
    }
    const absl::StatusOr<postgres::Rows> cast =
        connection.QueryText(absl::StrCat("SELECT ($1::text)::", column.full_type), {{text}});
    if (!cast.ok() && KindOf(cast.status()) == FailureKind::kRecord) {
      return Misfit{&column, ErrorReason(cast.status()), postgres::ServerMessage(cast.status())};
    }
  }
  return std::nullopt;
}

void ExplainValue(postgres::Connection& connection, const SqlShape& shape, const Outgoing& outgoing,
                  const absl::Status& status, v1::OutcomeError* error) {
  const std::optional<Misfit> misfit = FindMisfit(connection, shape, outgoing);
  if (!misfit) {
    error->set_message(absl::StrCat(
        "a value for ", shape.table->model, " is not taken by the target (", postgres::ServerMessage(status),
        "): correct it at the source, or change the column or trigger on the target"));
    return;
  }
  error->set_reason(misfit->reason);
  error->set_field(misfit->column->name);
  const auto& fields = shape.fields;
  size_t index = 0;
  while (fields[index] != misfit->column) ++index;
  error->set_message(absl::StrCat(Name(shape, misfit->column->name), " is ", misfit->column->full_type, ": ",
                                  value::Describe(outgoing.delivery->values(static_cast<int>(index))), " ",
                                  misfit->why, ". Correct the value at the source, or change the column"));
}

std::string Columns(const std::vector<std::string>& columns) { return absl::StrJoin(columns, ", "); }

void ExplainUnique(postgres::Connection& connection, const SqlShape& shape, const absl::Status& status,
                   v1::OutcomeError* error) {
  const std::string constraint = ErrorMetadata(status, "constraint");
  const std::vector<std::string> columns = ConstraintColumns(connection, *shape.table, constraint);
  if (columns.size() == 1) error->set_field(columns[0]);
  error->set_message(absl::StrCat("another row of ", shape.table->model, " on the target has the same ",
                                  columns.empty() ? "unique key" : Columns(columns), " (", constraint, "; ",
                                  postgres::ServerMessage(status),
                                  "): change one of the two, or remove the row on the target"));
}

void ExplainForeignKey(postgres::Connection& connection, const SqlShape& shape, const absl::Status& status,
                       v1::OutcomeError* error) {
  const std::string constraint = ErrorMetadata(status, "constraint");
  const std::vector<std::string> columns = ConstraintColumns(connection, *shape.table, constraint);
  if (columns.size() == 1) error->set_field(columns[0]);
  error->set_message(absl::StrCat("the foreign key ", constraint, " of the target does not hold (",
                                  postgres::ServerMessage(status),
                                  "): it is tried again, as the other record may be on its way"));
}

// States whose errors say the same again for the same content.
bool ForGood(absl::string_view sqlstate) {
  if (sqlstate == "23503" || sqlstate == "23001") return false;
  return absl::StartsWith(sqlstate, "22") || absl::StartsWith(sqlstate, "23") ||
         absl::StartsWith(sqlstate, "54");
}

void Describe(postgres::Connection& connection, const SqlShape& shape, const Outgoing& outgoing,
              const absl::Status& status, v1::OutcomeError* error) {
  const std::string sqlstate = postgres::SqlState(status);
  const std::string& model = shape.table->model;
  if (absl::StartsWith(sqlstate, "22")) return ExplainValue(connection, shape, outgoing, status, error);
  if (sqlstate == "23505" || sqlstate == "23P01") return ExplainUnique(connection, shape, status, error);
  if (sqlstate == "23503" || sqlstate == "23001") return ExplainForeignKey(connection, shape, status, error);
  if (sqlstate == "23502") {
    const std::string column = ErrorMetadata(status, "column");
    error->set_field(column);
    error->set_message(
        absl::StrCat(Name(shape, column),
                     " must not be NULL: map a field that is never NULL to it, give it a default, or make it "
                     "nullable"));
  } else if (sqlstate == "23514") {
    const std::string constraint = ErrorMetadata(status, "constraint");
    const std::vector<std::string> columns = ConstraintColumns(connection, *shape.table, constraint);
    if (columns.size() == 1) error->set_field(columns[0]);
    error->set_message(absl::StrCat("the check ", constraint, " of ", model,
                                    " on the target refuses the record",
                                    columns.empty() ? "" : absl::StrCat(" for its ", Columns(columns)),
                                    ": correct the value at the source, or change the check"));
  } else if (sqlstate == "42501") {
    error->set_message(absl::StrCat("the login may not write to ", model, " (",
                                    postgres::ServerMessage(status),
                                    "): run `GRANT SELECT, INSERT, UPDATE, DELETE ON ", shape.table->quoted,
                                    "` for it on the target, and USAGE on its sequences"));
  } else if (KindOf(status) == FailureKind::kSchema) {
    error->set_message(absl::StrCat(model, " on the target is not as the catalogue says (",
                                    postgres::ServerMessage(status),
                                    "): read the catalogue again (AnalyzeModels), then correct the sync"));
  } else if (sqlstate.empty()) {
    error->set_message(std::string(status.message()));
  } else {
    error->set_message(
        absl::StrCat("the target failed on a record of ", model, ": ", postgres::ServerMessage(status)));
  }
}

}  // namespace

bool IsValueRefused(const absl::Status& status) { return absl::StartsWith(postgres::SqlState(status), "22"); }

bool IsUniqueViolation(const absl::Status& status) { return postgres::SqlState(status) == "23505"; }

FailureKind KindOf(const absl::Status& status) {
  const std::string sqlstate = postgres::SqlState(status);
  // A lost connection has no state; an error of ours, such as REFUSED_BY_TRIGGER, neither.
  if (sqlstate.empty()) {
    return status.code() == absl::StatusCode::kUnavailable ||
                   status.code() == absl::StatusCode::kUnauthenticated
               ? FailureKind::kTarget
               : FailureKind::kRecord;
  }
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kResourceExhausted:
      return FailureKind::kTarget;
    case absl::StatusCode::kAborted:
      return FailureKind::kCollision;
    default:
      break;
  }
  if (sqlstate == "3D000") return FailureKind::kTarget;
  if (absl::StartsWith(sqlstate, "42") || absl::StartsWith(sqlstate, "3F") ||
      absl::StartsWith(sqlstate, "0A")) {
    return FailureKind::kSchema;
  }
  return FailureKind::kRecord;
}

void ExplainFailure(postgres::Connection& connection, const SqlShape& shape, const Outgoing& outgoing,
                    const absl::Status& status, v1::Outcome* outcome) {
  const std::string reason = ErrorReason(status);
  const bool for_good = ForGood(postgres::SqlState(status)) || reason == "REFUSED_BY_TRIGGER";
  outcome->set_status(for_good ? v1::OUTCOME_STATUS_REJECTED : v1::OUTCOME_STATUS_FAILED);
  v1::OutcomeError* error = outcome->mutable_error();
  error->set_reason(reason);
  Describe(connection, shape, outgoing, status, error);
}

}  // namespace cognate::delivery
