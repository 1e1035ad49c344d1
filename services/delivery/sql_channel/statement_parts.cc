#include "services/delivery/sql_channel/statement_parts.h"

#include "absl/strings/str_cat.h"
#include "common/value/local_id.h"

namespace cognate::delivery {
namespace {

// A cast would strip the blanks of character(n).
std::string KeyText(const SqlColumn& column, absl::string_view row) {
  return column.is_padded ? absl::StrCat("pg_catalog.concat(", row, column.quoted, ")")
                          : absl::StrCat(row, column.quoted, "::text");
}

std::string CanonicalKeyText(const SqlColumn& column, absl::string_view row) {
  return column.canonical_number ? absl::StrCat("pg_catalog.trim_scale(", row, column.quoted, ")::text")
                                 : KeyText(column, row);
}

}  // namespace

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

std::string Expression(const SqlColumn& column, Wire wire, absl::string_view element) {
  const bool plain = wire == column.wire && wire != Wire::kTextCast && wire != Wire::kInt64;
  return plain ? std::string(element) : absl::StrCat(element, "::", column.base_type);
}

std::string KeyTexts(const SqlShape& shape, absl::string_view row) {
  std::string out;
  for (const SqlColumn* key : shape.keys) absl::StrAppend(&out, out.empty() ? "" : ", ", KeyText(*key, row));
  return out;
}

std::string LocalIdText(const SqlShape& shape, absl::string_view row) {
  if (shape.keys.size() == 1) return CanonicalKeyText(*shape.keys[0], row);
  std::string out = "pg_catalog.concat_ws(','";
  for (const SqlColumn* key : shape.keys) {
    absl::StrAppend(&out, ", pg_catalog.replace(pg_catalog.replace(", CanonicalKeyText(*key, row),
                    R"(, '\', '\\'), ',', '\,'))");
  }
  return out + ")";
}

std::string LocalIdOf(const SqlShape& shape, const postgres::Rows& rows, int row, int first) {
  if (shape.keys.size() == 1) return LocalIdTextOf(*shape.keys[0], rows.GetText(row, first));
  std::vector<std::string> parts;
  for (size_t i = 0; i < shape.keys.size(); ++i) {
    parts.push_back(LocalIdTextOf(*shape.keys[i], rows.GetText(row, first + static_cast<int>(i))));
  }
  return value::EncodeLocalId(absl::Span<const std::string>(parts));
}

void Unnest::Add(absl::string_view array_type, absl::string_view name) {
  ++count;
  absl::StrAppend(&arrays, count == 1 ? "" : ", ", "$", count, "::", array_type);
  absl::StrAppend(&columns, count == 1 ? "" : ", ", name);
}

std::string Unnest::From() const {
  return absl::StrCat("unnest(", arrays, ") WITH ORDINALITY AS u(", columns, ", ord)");
}

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

}  // namespace cognate::delivery
