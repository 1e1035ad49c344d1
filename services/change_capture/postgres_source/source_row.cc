#include "services/change_capture/postgres_source/source_row.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "common/value/local_id.h"
#include "services/change_capture/postgres_source/pgoutput_value.h"

namespace cognate::change_capture {

absl::StatusOr<v1::Fields> ReadRow(postgres::Connection& source, pgoutput::TypeCatalog& types,
                                   const PendingChange& change, const std::vector<std::string>& fields) {
  const StreamTable& table = *change.table;
  const absl::StatusOr<std::vector<std::string>> parts =
      value::DecodeLocalId(change.change.local_id, table.key_fields.size());
  // The stand-in of a key that is too large finds no row. Targets refuse the record anyway.
  if (!parts.ok()) return v1::Fields();
  std::string sql = "SELECT ";
  for (size_t i = 0; i < fields.size(); ++i) {
    absl::StrAppend(&sql, i == 0 ? "" : ", ", source.QuoteIdentifier(fields[i]));
  }
  absl::StrAppend(&sql, " FROM ", source.QuoteIdentifier(table.schema), ".",
                  source.QuoteIdentifier(table.table));
  std::vector<std::optional<std::string>> params;
  for (const std::string& field : table.key_fields) {
    absl::StrAppend(&sql, params.empty() ? " WHERE " : " AND ", source.QuoteIdentifier(field), " = $",
                    params.size() + 1);
    params.emplace_back((*parts)[params.size()]);
  }
  const absl::StatusOr<postgres::Rows> rows = source.QueryText(sql, params);
  v1::Fields found;
  if (!rows.ok()) {
    // A column that is gone, or that we may not read: the field stays unknown. A lost connection shows at
    // once again.
    log::Warn(
        "an unchanged field is not known",
        {{"platform", table.model->platform}, {"model", table.model->model}, {"status", rows.status()}});
    return found;
  }
  for (int column = 0; column < rows->columns() && !rows->empty(); ++column) {
    v1::Field& field = *found.add_fields();
    field.set_name(fields[static_cast<size_t>(column)]);
    if (rows->IsNull(0, column)) {
      field.mutable_value()->set_null_value(google::protobuf::NULL_VALUE);
      continue;
    }
    ASSIGN_OR_RETURN(const pgoutput::ColumnType type, types.Find(rows->ColumnType(column)));
    pgoutput::ReadValue(type, rows->GetText(0, column), field.mutable_value());
  }
  return found;
}

}  // namespace cognate::change_capture
