#include "services/delivery/sql_channel/contact_statements.h"

#include "absl/strings/str_cat.h"
#include "services/delivery/sql_channel/statement_parts.h"

namespace cognate::delivery {
namespace {

constexpr int kLastSuffix = 1000;

std::string Equals(const SqlColumn& column, absl::string_view element) {
  return absl::StrCat("t.", column.quoted, " = ", element, "::", column.base_type);
}

// `a`, `a-2`, `a-3`: cut where the column is short.
std::string Candidate(const SqlColumn& column) {
  const std::string base = column.max_characters == 0
                               ? "u.plain"
                               : absl::StrCat("pg_catalog.left(u.plain, ", column.max_characters,
                                              " - pg_catalog.length('-' || n.k))");
  return absl::StrCat("CASE WHEN n.k = 1 THEN u.plain ELSE ", base, " || '-' || n.k END");
}

}  // namespace

// The inner look-ups are subqueries with a LIMIT: NOT EXISTS would become a join, which a server that knows
// nothing of the table yet may do without the index.
std::string MatchSql(const SqlShape& shape) {
  Unnest unnest;
  unnest.Add("uuid[]", "entity_id");
  const bool is_indexed = shape.rules.HaveIndexes();
  std::string matches;
  for (size_t key = 0; key < shape.rules.keys.size(); ++key) {
    std::string match;
    for (const size_t field : shape.rules.keys[key].fields) {
      const std::string name = absl::StrCat("c", key, "_", field);
      unnest.Add("text[]", name);
      absl::StrAppend(&match, match.empty() ? "" : " AND ",
                      Equals(*shape.fields[field], absl::StrCat("u.", name)));
    }
    absl::StrAppend(&matches, key == 0 ? "" : " UNION ALL ", "(SELECT ", is_indexed ? "" : "u.ord, ", key,
                    " AS key_no, ", KeyTexts(shape, "t."), " FROM ", is_indexed ? "" : "u JOIN ",
                    shape.table->quoted, is_indexed ? " AS t WHERE " : " AS t ON ", match,
                    " AND (SELECT true FROM cognate.inbox AS i WHERE i.model = $MODEL AND i.local_id = ",
                    LocalIdText(shape, "t."),
                    " AND NOT i.deleted AND i.entity_id <> u.entity_id LIMIT 1) IS NULL",
                    is_indexed ? " LIMIT 2)" : ")");
  }
  const std::string model = absl::StrCat("$", unnest.count + 1, "::text");
  for (size_t at = matches.find("$MODEL"); at != std::string::npos; at = matches.find("$MODEL")) {
    matches.replace(at, 6, model);
  }
  if (!is_indexed) {
    return absl::StrCat("WITH u AS MATERIALIZED (SELECT * FROM ", unnest.From(), ") ", matches,
                        " ORDER BY ord, key_no");
  }
  return absl::StrCat("SELECT u.ord, c.* FROM ", unnest.From(), " CROSS JOIN LATERAL (", matches,
                      ") AS c ORDER BY u.ord, c.key_no");
}

std::string FreeValuesSql(const SqlShape& shape, const ContactRules::Suffix& suffix) {
  Unnest unnest;
  unnest.Add("text[]", "plain");
  unnest.Add("int8[]", "first");
  unnest.Add("int8[]", "wanted");
  const SqlColumn& column = *shape.fields[suffix.field];
  std::string taken = Equals(column, absl::StrCat("(", Candidate(column), ")"));
  for (const size_t field : suffix.fields) {
    if (field == suffix.field) continue;
    const std::string name = absl::StrCat("c", field);
    unnest.Add("text[]", name);
    absl::StrAppend(&taken, " AND ", Equals(*shape.fields[field], absl::StrCat("u.", name)));
  }
  // Numbers come one by one, in a SELECT: in a FROM the server would write down all of them first.
  std::string arrays, names, same;
  for (size_t i = 0; i < shape.keys.size(); ++i) {
    absl::StrAppend(&arrays, i == 0 ? "" : ", ", "$", unnest.count + 1 + static_cast<int>(i), "::text[]");
    absl::StrAppend(&names, i == 0 ? "" : ", ", "k", i + 1);
    absl::StrAppend(&same, i == 0 ? "" : " AND ", Equals(*shape.keys[i], absl::StrCat("x.k", i + 1)));
  }
  return absl::StrCat("SELECT u.ord, n.value FROM ", unnest.From(), " CROSS JOIN LATERAL (SELECT ",
                      Candidate(column), " AS value FROM (SELECT pg_catalog.generate_series(u.first, ",
                      kLastSuffix, ") AS k) AS n WHERE (SELECT true FROM ", shape.table->quoted,
                      " AS t WHERE ", taken, " AND NOT EXISTS (SELECT 1 FROM unnest(", arrays, ") AS x(",
                      names, ") WHERE ", same, ") LIMIT 1) IS NULL LIMIT u.wanted) AS n");
}

}  // namespace cognate::delivery
