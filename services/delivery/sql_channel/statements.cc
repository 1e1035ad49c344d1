#include "services/delivery/sql_channel/statements.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace cognate::delivery {
namespace {

absl::string_view ArrayType(Wire wire) {
  switch (wire) {
    case Wire::kInt64:
      return "int8[]";
    case Wire::kBool:
      return "bool[]";
    case Wire::kBytes:
      return "bytea[]";
    case Wire::kTimestamp:
      return "timestamptz[]";
    case Wire::kText:
    case Wire::kTextCast:
      break;
  }
  return "text[]";
}

// The value of an array's element as the column takes it. Casts are to the type without its length: the
// assignment checks it.
std::string Expression(const SqlColumn& column, Wire wire, absl::string_view element) {
  const bool plain = wire == column.wire && wire != Wire::kTextCast && wire != Wire::kInt64;
  return plain ? std::string(element) : absl::StrCat(element, "::", column.base_type);
}

// As the server prints it, like the replication stream: a cast would strip the blanks of character(n).
std::string KeyText(const SqlColumn& column, absl::string_view row) {
  return column.is_padded ? absl::StrCat("pg_catalog.concat(", row, column.quoted, ")")
                          : absl::StrCat(row, column.quoted, "::text");
}

std::string KeyTexts(const SqlShape& shape, absl::string_view row) {
  std::string out;
  for (const SqlColumn* key : shape.keys) absl::StrAppend(&out, out.empty() ? "" : ", ", KeyText(*key, row));
  return out;
}

struct Unnest {
  std::string arrays;   // $1::text[], $2::int8[]
  std::string columns;  // k1, c1
  int count = 0;

  void Add(absl::string_view array_type, absl::string_view name) {
    ++count;
    absl::StrAppend(&arrays, count == 1 ? "" : ", ", "$", count, "::", array_type);
    absl::StrAppend(&columns, count == 1 ? "" : ", ", name);
  }
  std::string From() const {
    return absl::StrCat("unnest(", arrays, ") WITH ORDINALITY AS u(", columns, ", ord)");
  }
};

// Adds the key's arrays; gives `t."id" = u.k1::integer AND …`.
std::string MatchKeys(const SqlShape& shape, Unnest* unnest) {
  std::string match;
  for (size_t i = 0; i < shape.keys.size(); ++i) {
    const std::string name = absl::StrCat("k", i + 1);
    unnest->Add("text[]", name);
    absl::StrAppend(&match, i == 0 ? "" : " AND ", "t.", shape.keys[i]->quoted, " = u.", name,
                    "::", shape.keys[i]->base_type);
  }
  return match;
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
  std::string set;
  for (size_t i = 0; i < shape.fields.size(); ++i) {
    const SqlColumn& column = *shape.fields[i];
    if (!Updatable(column)) continue;
    const std::string name = absl::StrCat("c", i + 1);
    unnest.Add(ArrayType(wires[i]), name);
    absl::StrAppend(&set, set.empty() ? "" : ", ", column.quoted, " = ",
                    Expression(column, wires[i], absl::StrCat("u.", name)));
  }
  const std::string answer = absl::StrCat("u.ord, ", KeyTexts(shape, "t."));
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
