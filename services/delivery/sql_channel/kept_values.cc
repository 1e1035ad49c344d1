#include "services/delivery/sql_channel/kept_values.h"

#include "absl/strings/str_cat.h"
#include "common/postgres/sqlstate.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::delivery {
namespace {

using postgres::Params;
using postgres::Statement;

// The functions are made before what uses them; each calls itself. An object of the target keeps what it has,
// and gets the paths that it neither has nor was offered before.
constexpr char kCreate[] = R"sql(
    CREATE TABLE IF NOT EXISTS cognate.kept_values (
      entity_id uuid NOT NULL,
      model     text NOT NULL,
      field     text NOT NULL,
      plain     text,
      written   text,
      seen      jsonb,
      PRIMARY KEY (entity_id, model, field)
    );
    COMMENT ON TABLE cognate.kept_values IS
      'What Cognate wrote in the place of a value that was taken, and what it has offered before: do not empty it.';
    CREATE OR REPLACE FUNCTION cognate.add_missing(own jsonb, given jsonb, seen jsonb) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE AS $function$
    BEGIN
      IF pg_catalog.jsonb_typeof(own) = 'object' AND pg_catalog.jsonb_typeof(given) = 'object' THEN
        RETURN own || coalesce(
          (SELECT pg_catalog.jsonb_object_agg(g.key, cognate.add_missing(own -> g.key, g.value, seen -> g.key))
           FROM pg_catalog.jsonb_each(given) AS g
           WHERE own ? g.key OR seen -> g.key IS NULL), '{}');
      END IF;
      IF seen IS NULL AND (own IS NULL OR own IN ('null', '""', '[]', '{}')) THEN RETURN given; END IF;
      RETURN own;
    END $function$;
    CREATE OR REPLACE FUNCTION cognate.paths_of(given jsonb) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE AS $function$
    BEGIN
      IF given IS NULL OR given IN ('null', '""', '[]') THEN RETURN NULL; END IF;
      IF pg_catalog.jsonb_typeof(given) <> 'object' THEN RETURN '{}'; END IF;
      RETURN coalesce(
        (SELECT pg_catalog.jsonb_object_agg(g.key, cognate.paths_of(g.value))
         FROM pg_catalog.jsonb_each(given) AS g
         WHERE cognate.paths_of(g.value) IS NOT NULL), '{}');
    END $function$;
)sql";

constexpr char kIsMade[] =
    "SELECT pg_catalog.to_regclass('cognate.kept_values') IS NOT NULL AND "
    "pg_catalog.to_regproc('cognate.add_missing') IS NOT NULL AND "
    "pg_catalog.to_regproc('cognate.paths_of') IS NOT NULL, current_user::text";

const Statement kRead = {"kept_values_read", R"sql(
    SELECT u.ord, k.field, k.plain, k.written, k.seen::text
    FROM unnest($1::uuid[]) WITH ORDINALITY AS u(entity_id, ord)
    CROSS JOIN LATERAL (
      SELECT k.field, k.plain, k.written, k.seen
      FROM cognate.kept_values k
      WHERE k.entity_id = u.entity_id AND k.model = $2
      LIMIT 10000
    ) AS k
)sql"};

const Statement kWrite = {"kept_values_write", R"sql(
    INSERT INTO cognate.kept_values AS k (entity_id, model, field, plain, written, seen)
    SELECT u.entity_id, $1, u.field, u.plain, u.written, cognate.paths_of(u.given::jsonb)
    FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[])
      AS u(entity_id, field, plain, written, given)
    ON CONFLICT (entity_id, model, field) DO UPDATE
    SET plain = excluded.plain, written = excluded.written,
        seen = CASE WHEN k.seen IS NULL THEN excluded.seen
                    WHEN excluded.seen IS NULL THEN k.seen
                    ELSE cognate.add_missing(k.seen, excluded.seen, NULL) END
)sql"};

const Statement kForget = {"kept_values_forget", R"sql(
    DELETE FROM cognate.kept_values AS k
    USING unnest($1::uuid[]) AS u(entity_id)
    WHERE k.entity_id = u.entity_id AND k.model = $2
)sql"};

std::optional<std::string> TextOrNull(const postgres::Rows& rows, int row, int column) {
  if (rows.IsNull(row, column)) return std::nullopt;
  return std::string(rows.GetText(row, column));
}

std::optional<absl::string_view> View(const std::optional<std::string>& text) {
  return text.has_value() ? std::optional<absl::string_view>(*text) : std::nullopt;
}

}  // namespace

absl::Status EnsureKeptValues(postgres::Connection& connection) {
  ASSIGN_OR_RETURN(const postgres::Rows made, connection.QueryOnce(kIsMade, {}));
  if (made.GetBool(0, 0)) return absl::OkStatus();
  absl::Status status = connection.Execute(kCreate);
  if (postgres::SqlState(status) != "42501") return status;
  return Error(
      absl::StatusCode::kPermissionDenied, "INBOX_UNUSABLE",
      absl::StrCat("the login may not create the table cognate.kept_values: run `GRANT USAGE, CREATE "
                   "ON SCHEMA cognate TO ",
                   connection.QuoteIdentifier(made.GetText(0, 1)), "` on the target"));
}

absl::StatusOr<std::vector<KeptValue>> ReadKeptValues(postgres::Connection& connection,
                                                      const std::vector<Uuid>& entities,
                                                      absl::string_view model) {
  Params params;
  params.AddUuidArray(Params::Many<Uuid>(entities)).AddText(model);
  ASSIGN_OR_RETURN(const postgres::Rows rows, connection.Query(kRead, params));
  std::vector<KeptValue> values;
  for (int row = 0; row < rows.size(); ++row) {
    KeptValue& value = values.emplace_back();
    value.record = static_cast<size_t>(rows.GetInt64(row, 0) - 1);
    value.entity_id = entities[value.record];
    value.field = std::string(rows.GetText(row, 1));
    value.plain = TextOrNull(rows, row, 2);
    value.written = TextOrNull(rows, row, 3);
    value.seen = TextOrNull(rows, row, 4);
  }
  return values;
}

absl::Status WriteKeptValues(postgres::Connection& connection, absl::string_view model,
                             const std::vector<KeptValue>& values, const std::vector<Uuid>& forget) {
  if (!forget.empty()) {
    Params params;
    params.AddUuidArray(Params::Many<Uuid>(forget)).AddText(model);
    RETURN_IF_ERROR(connection.Query(kForget, params).status());
  }
  if (values.empty()) return absl::OkStatus();
  std::vector<Uuid> entities;
  std::vector<absl::string_view> fields;
  std::vector<std::optional<absl::string_view>> plain, written, given;
  for (const KeptValue& value : values) {
    entities.push_back(value.entity_id);
    fields.emplace_back(value.field);
    plain.push_back(View(value.plain));
    written.push_back(View(value.written));
    given.push_back(View(value.seen));
  }
  Params params;
  params.AddText(model).AddUuidArray(Params::Many<Uuid>(entities)).AddTextArray(fields);
  params.AddTextArray(Params::ManyNullable<absl::string_view>(plain));
  params.AddTextArray(Params::ManyNullable<absl::string_view>(written));
  params.AddTextArray(Params::ManyNullable<absl::string_view>(given));
  return connection.Query(kWrite, params).status();
}

std::string AddMissingSql(absl::string_view own, absl::string_view given, absl::string_view seen) {
  return absl::StrCat("cognate.add_missing(", own, "::jsonb, ", given, "::jsonb, ", seen, "::jsonb)");
}

}  // namespace cognate::delivery
