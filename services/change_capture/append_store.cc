#include "services/change_capture/append_store.h"

#include "absl/strings/str_cat.h"
#include "common/postgres/sqlstate.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::change_capture {
namespace {

// One round trip. The update comes first and takes the lock that makes appenders take turns; what follows
// from `counter` is written under it. `before` is another part that must give a row, or nothing is written.
std::string AppendSql(const std::string& before, const std::string& condition) {
  return absl::StrCat("WITH ", before, R"sql(counter AS (
        UPDATE version_counter
        SET version = version + $1, rules_revision = greatest(rules_revision, $2)
        WHERE only_row)sql",
                      condition, R"sql(
        RETURNING version - $1 AS base, rules_revision
    ), written AS (
        INSERT INTO changes
            (version, captured_at, source_time, platform_id, model_id, operation, local_id, change_id, fields,
             origin_entity_id, origin_version)
        SELECT counter.base + item.place, now(), item.source_time, item.platform_id, item.model_id, item.operation,
               item.local_id, item.change_id, item.fields, item.origin_entity_id, item.origin_version
        FROM counter
        CROSS JOIN unnest($3::timestamptz[], $4::int4[], $5::int4[], $6::int2[], $7::text[], $8::text[], $9::bytea[],
                          $13::uuid[], $14::int8[])
            WITH ORDINALITY AS item
                (source_time, platform_id, model_id, operation, local_id, change_id, fields, origin_entity_id,
                 origin_version, place)
    ), batch AS (
        INSERT INTO batches (first_version, last_version, rules_revision, queued_at)
        SELECT counter.base + part.first, counter.base + part.last, counter.rules_revision, CASE WHEN $12 THEN now() END
        FROM counter
        CROSS JOIN unnest($10::int4[], $11::int4[]) AS part (first, last)
        ORDER BY part.first
        RETURNING batch_id
    )
    SELECT counter.base + 1, counter.rules_revision, now(), batch.batch_id
    FROM counter CROSS JOIN batch
    ORDER BY batch.batch_id
)sql");
}

constexpr int kParameters = 14;

const postgres::Statement kAppend{"append", AppendSql("", "")};

// A source out of turn gives no row, so that neither its position nor its changes are written.
const postgres::Statement kAppendInTurn{
    "append_in_turn", AppendSql(absl::StrCat("advanced AS (", SourceStore::AdvanceSql(kParameters), "), "),
                                " AND EXISTS (SELECT FROM advanced)")};

const postgres::Statement kFindChangeIds{"find_change_ids", R"sql(
    SELECT wanted.place, found.version, found.same_content
    FROM unnest($1::int4[], $2::text[], $3::int4[], $4::text[], $5::int2[], $6::bytea[])
        WITH ORDINALITY AS wanted (platform_id, change_id, model_id, local_id, operation, fields, place)
    CROSS JOIN LATERAL (
        SELECT version, changes.model_id = wanted.model_id AND changes.local_id = wanted.local_id
                        AND changes.operation = wanted.operation AND changes.fields = wanted.fields AS same_content
        FROM changes
        WHERE changes.platform_id = wanted.platform_id AND changes.change_id = wanted.change_id COLLATE "C"
        LIMIT 1
    ) AS found
)sql"};

constexpr char kUniqueViolation[] = "23505";

// The columns of changes as arrays, in the order of the statements.
struct Columns {
  std::vector<std::optional<absl::Time>> source_times;
  std::vector<int32_t> platforms;
  std::vector<int32_t> models;
  std::vector<int16_t> operations;
  std::vector<absl::string_view> local_ids;
  std::vector<std::optional<absl::string_view>> change_ids;
  std::vector<absl::string_view> fields;
  // Empty where no change has an origin: the statement fills up with NULL.
  std::vector<std::optional<Uuid>> origin_entities;
  std::vector<std::optional<int64_t>> origin_versions;

  explicit Columns(const ChangePointers& changes) {
    const size_t count = changes.size();
    source_times.reserve(count);
    platforms.reserve(count);
    models.reserve(count);
    operations.reserve(count);
    local_ids.reserve(count);
    change_ids.reserve(count);
    fields.reserve(count);
    for (const CapturedChange* change : changes) {
      source_times.push_back(change->source_time);
      platforms.push_back(change->model->platform_id);
      models.push_back(change->model->model_id);
      operations.push_back(static_cast<int16_t>(change->operation));
      local_ids.push_back(change->local_id);
      change_ids.push_back(change->change_id.empty() ? std::nullopt
                                                     : std::optional<absl::string_view>(change->change_id));
      fields.push_back(change->fields);
      if (change->origin.has_value()) AddOrigin(fields.size() - 1, *change->origin);
    }
  }

  void AddOrigin(size_t place, const Origin& origin) {
    origin_entities.resize(place);
    origin_entities.push_back(origin.entity_id);
    origin_versions.resize(place);
    origin_versions.push_back(origin.version);
  }
};

}  // namespace

absl::StatusOr<Numbered> AppendStore::Write(const ChangePointers& changes, absl::Span<const BatchPart> parts,
                                            int64_t rules_revision, bool queued,
                                            absl::Span<const SourceAdvance> advances,
                                            absl::Span<const AlongFunction* const> alongs) {
  Numbered numbered;
  const bool in_one_statement = alongs.empty() && advances.size() <= 1;
  const SourceAdvance* in_statement =
      in_one_statement && !advances.empty() && !changes.empty() ? &advances.front() : nullptr;
  const auto write = [&](postgres::Transaction& transaction) -> absl::Status {
    for (const SourceAdvance& advance : advances) {
      if (&advance != in_statement) RETURN_IF_ERROR(SourceStore::Advance(transaction, advance));
    }
    for (const AlongFunction* along : alongs) RETURN_IF_ERROR((*along)(transaction));
    if (changes.empty()) return absl::OkStatus();
    return Insert(transaction, changes, parts, rules_revision, queued, in_statement, &numbered);
  };
  // A single statement is a transaction of its own and needs no BEGIN and COMMIT.
  RETURN_IF_ERROR(in_one_statement ? pool_.Run("append", write) : pool_.InTransaction("append", write));
  return numbered;
}

absl::Status AppendStore::Insert(postgres::Transaction& transaction, const ChangePointers& changes,
                                 absl::Span<const BatchPart> parts, int64_t rules_revision, bool queued,
                                 const SourceAdvance* advance, Numbered* numbered) {
  const Columns columns(changes);
  std::vector<int32_t> firsts;
  std::vector<int32_t> lasts;
  for (const BatchPart& part : parts) {
    firsts.push_back(part.first + 1);
    lasts.push_back(part.first + part.count);
  }
  postgres::Params params;
  params.AddInt64(static_cast<int64_t>(changes.size()))
      .AddInt64(rules_revision)
      .AddTimestampArray(columns.source_times)
      .AddInt32Array(columns.platforms)
      .AddInt32Array(columns.models)
      .AddInt16Array(columns.operations)
      .AddTextArray(columns.local_ids)
      .AddTextArray(columns.change_ids)
      .AddByteaArray(columns.fields)
      .AddInt32Array(firsts)
      .AddInt32Array(lasts)
      .AddBool(queued)
      .AddUuidArray(columns.origin_entities)
      .AddInt64Array(columns.origin_versions);
  if (advance != nullptr) SourceStore::AddAdvance(*advance, &params);
  ASSIGN_OR_RETURN(const postgres::Rows rows,
                   transaction.Query(advance != nullptr ? kAppendInTurn : kAppend, params));
  if (advance != nullptr && rows.empty()) return SourceOutOfTurn(advance->turn.platform);
  if (rows.size() != static_cast<int>(parts.size())) {
    return Error(absl::StatusCode::kInternal, "VERSION_COUNTER_MISSING",
                 "the row of version_counter is missing");
  }
  numbered->first_version = rows.GetInt64(0, 0);
  numbered->rules_revision = rows.GetInt64(0, 1);
  numbered->capture_time = rows.GetTimestamp(0, 2);
  numbered->batch_ids.clear();
  for (int row = 0; row < rows.size(); ++row) numbered->batch_ids.push_back(rows.GetInt64(row, 3));
  return absl::OkStatus();
}

bool AppendStore::IsKnownChangeId(const absl::Status& status) {
  return postgres::SqlState(status) == kUniqueViolation &&
         ErrorMetadata(status, "constraint") == "changes_change_id";
}

absl::StatusOr<std::vector<std::optional<KnownChange>>> AppendStore::FindByChangeId(
    const ChangePointers& changes) {
  const Columns columns(changes);
  std::vector<std::optional<KnownChange>> known(changes.size());
  RETURN_IF_ERROR(pool_.Run("find_change_ids", [&](postgres::Transaction& transaction) -> absl::Status {
    postgres::Params params;
    params.AddInt32Array(columns.platforms)
        .AddTextArray(columns.change_ids)
        .AddInt32Array(columns.models)
        .AddTextArray(columns.local_ids)
        .AddInt16Array(columns.operations)
        .AddByteaArray(columns.fields);
    ASSIGN_OR_RETURN(const postgres::Rows rows, transaction.Query(kFindChangeIds, params));
    for (int row = 0; row < rows.size(); ++row) {
      known[static_cast<size_t>(rows.GetInt64(row, 0) - 1)] =
          KnownChange{rows.GetInt64(row, 1), rows.GetBool(row, 2)};
    }
    return absl::OkStatus();
  }));
  return known;
}

bool SameContent(const CapturedChange& a, const CapturedChange& b) {
  return a.model == b.model && a.local_id == b.local_id && a.operation == b.operation && a.fields == b.fields;
}

}  // namespace cognate::change_capture
