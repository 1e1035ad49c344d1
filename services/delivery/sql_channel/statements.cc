#include "services/delivery/sql_channel/statements.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "services/delivery/sql_channel/kept_values.h"
#include "services/delivery/sql_channel/statement_parts.h"

namespace cognate::delivery {

namespace {

// What stays of a value that is only written where it is missing: `seen` is NULL while nothing was offered
// before.
std::string MissingSql(const SqlColumn& column, const std::string& own, const std::string& given,
                       const std::string& seen) {
  if (column.is_json()) return absl::StrCat(AddMissingSql(own, given, seen), "::", column.base_type);
  std::string is_missing = absl::StrCat(own, " IS NULL");
  if (column.is_text()) absl::StrAppend(&is_missing, " OR ", own, " = ''");
  if (absl::EndsWith(column.base_type, "[]")) absl::StrAppend(&is_missing, " OR ", own, " = '{}'");
  return absl::StrCat("CASE WHEN ", seen, " IS NULL AND (", is_missing, ") THEN ", given, " ELSE ", own,
                      " END");
}

// Whether the row has, after all, what was delivered.
std::string SameSql(const SqlColumn& column, const std::string& own, const std::string& given) {
  if (column.is_json()) {
    return absl::StrCat(own, "::jsonb IS NOT DISTINCT FROM ", given, "::jsonb");
  }
  return absl::StrCat(own, "::text IS NOT DISTINCT FROM (", given, "::", column.full_type, ")::text");
}

}  // namespace

std::string InsertSql(const SqlShape& shape, const Wires& wires) {
  Unnest unnest;
  std::string columns, values;
  bool overriding = false;
  for (size_t i = 0; i < shape.fields.size(); ++i) {
    const SqlColumn& column = *shape.fields[i];
    const std::string name = absl::StrCat("c", i + 1);
    unnest.Add(ArrayType(wires[i]), name);
    absl::StrAppend(&columns, i == 0 ? "" : ", ", column.quoted);
    absl::StrAppend(&values, i == 0 ? "" : ", ", Expression(column, wires[i], absl::StrCat("u.", name)));
    overriding |= column.identity_always;
  }
  return absl::StrCat("INSERT INTO ", shape.table->quoted, " AS t (", columns, ")",
                      overriding ? " OVERRIDING SYSTEM VALUE" : "", " SELECT ", values, " FROM ",
                      unnest.From(), " ORDER BY u.ord RETURNING ", KeyTexts(shape, "t."));
}

std::string UpdateSql(const SqlShape& shape, const Wires& wires) {
  Unnest unnest;
  const std::string match = MatchKeys(shape, &unnest);
  const std::vector<bool>& missing_only = shape.rules.missing_only;
  std::string set, same;
  for (size_t i = 0; i < shape.fields.size(); ++i) {
    const SqlColumn& column = *shape.fields[i];
    if (!Updatable(column)) continue;
    const std::string name = absl::StrCat("c", i + 1);
    unnest.Add(ArrayType(wires[i]), name);
    std::string value = Expression(column, wires[i], absl::StrCat("u.", name));
    if (!missing_only.empty() && missing_only[i]) {
      const std::string own = absl::StrCat("t.", column.quoted);
      absl::StrAppend(&same, same.empty() ? ", " : " AND ", SameSql(column, own, value));
      value = MissingSql(column, own, value, absl::StrCat("u.s", i + 1));
    }
    absl::StrAppend(&set, set.empty() ? "" : ", ", column.quoted, " = ", value);
  }
  for (size_t i = 0; i < missing_only.size(); ++i) {
    if (missing_only[i]) unnest.Add("text[]", absl::StrCat("s", i + 1));
  }
  const std::string answer = absl::StrCat("u.ord, ", KeyTexts(shape, "t."), same);
  if (set.empty()) {
    return absl::StrCat("SELECT ", answer, " FROM ", unnest.From(), " JOIN ", shape.table->quoted,
                        " AS t ON ", match);
  }
  return absl::StrCat("UPDATE ", shape.table->quoted, " AS t SET ", set, " FROM ", unnest.From(), " WHERE ",
                      match, " RETURNING ", answer);
}

std::string DeleteSql(const SqlShape& shape) {
  Unnest unnest;
  const std::string match = MatchKeys(shape, &unnest);
  return absl::StrCat("DELETE FROM ", shape.table->quoted, " AS t USING ", unnest.From(), " WHERE ", match);
}

std::string ExistsSql(const SqlShape& shape) {
  Unnest unnest;
  const std::string match = MatchKeys(shape, &unnest);
  return absl::StrCat("SELECT u.ord FROM ", unnest.From(), " CROSS JOIN LATERAL (SELECT 1 FROM ",
                      shape.table->quoted, " AS t WHERE ", match, " LIMIT 1) AS e");
}

}  // namespace cognate::delivery
