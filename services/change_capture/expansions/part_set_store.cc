#include "services/change_capture/expansions/part_set_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/status_macros.h"
#include "common/value/local_id.h"
#include "services/change_capture/errors.h"

namespace cognate::change_capture {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

constexpr size_t kHashBytes = 16;

// One row of the index for each key, whatever the planner believes of the table.
const Statement kFind{"find_part_sets", R"sql(
    SELECT wanted.place, known.turn, known.version, known.rules_revision, known.part_ids, known.hashes, known.error
    FROM unnest($1::int4[], $2::text[], $3::int4[])
        WITH ORDINALITY AS wanted (parent_model_id, parent_id, model_id, place)
    CROSS JOIN LATERAL (
        SELECT turn, version, rules_revision, part_ids, hashes, error
        FROM part_sets
        WHERE part_sets.parent_model_id = wanted.parent_model_id
          AND part_sets.parent_id = wanted.parent_id COLLATE "C" AND part_sets.model_id = wanted.model_id
        LIMIT 1
    ) AS known
)sql"};

const Statement kWrite{"write_part_sets", R"sql(
    INSERT INTO part_sets AS known (parent_model_id, parent_id, model_id, turn, version, rules_revision, captured_at,
                                    part_ids, hashes, error)
    SELECT parent_model_id, parent_id, model_id, turn, version, rules_revision, now(), part_ids, hashes, error
    FROM unnest($1::int4[], $2::text[], $3::int4[], $4::int8[], $5::int8[], $6::int8[], $7::text[], $8::bytea[],
                $9::bytea[]) WITH ORDINALITY
        AS made (parent_model_id, parent_id, model_id, turn, version, rules_revision, part_ids, hashes, error, place)
    ORDER BY place
    ON CONFLICT (parent_model_id, parent_id, model_id) DO UPDATE
    SET turn = excluded.turn, version = excluded.version, rules_revision = excluded.rules_revision,
        captured_at = excluded.captured_at, part_ids = excluded.part_ids, hashes = excluded.hashes,
        error = excluded.error
    WHERE known.turn = excluded.turn - 1
)sql"};

std::string ListSql(absl::string_view which) {
  return absl::StrCat(R"sql(
    SELECT parent_model_id, parent_id, model_id, turn, version, rules_revision, part_ids, hashes, error, captured_at
    FROM part_sets
    WHERE parent_model_id = ANY ($1::int4[]) AND ($2 = '' OR parent_id = $2 COLLATE "C")
      AND (parent_model_id, parent_id, model_id) > ($3::int4, $4 COLLATE "C", $5::int4))sql",
                      which, R"sql(
    ORDER BY parent_model_id, parent_id, model_id
    LIMIT $6
)sql");
}

const Statement kList{"list_part_sets", ListSql("")};
const Statement kListRefused{"list_refused_part_sets", ListSql(" AND error IS NOT NULL")};

absl::StatusOr<KnownParts> PartsOf(const Rows& rows, int row, int column) {
  KnownParts parts;
  parts.turn = rows.GetInt64(row, column);
  parts.version = rows.GetInt64(row, column + 1);
  parts.rules_revision = rows.GetInt64(row, column + 2);
  const absl::string_view hashes = rows.GetBytes(row, column + 4);
  const size_t count = hashes.size() / kHashBytes;
  if (count > 0) {
    ASSIGN_OR_RETURN(parts.ids, value::DecodeLocalId(rows.GetText(row, column + 3), count));
  }
  for (size_t i = 0; i < count; ++i) parts.hashes.emplace_back(hashes.substr(i * kHashBytes, kHashBytes));
  if (!rows.IsNull(row, column + 5))
    parts.error.emplace().ParseFromString(std::string(rows.GetBytes(row, column + 5)));
  return parts;
}

}  // namespace

absl::StatusOr<std::vector<KnownParts>> PartSetStore::Find(absl::Span<const PartSetKey> keys) {
  std::vector<int32_t> parent_models, models;
  std::vector<absl::string_view> parents;
  for (const PartSetKey& key : keys) {
    parent_models.push_back(key.parent_model_id);
    parents.push_back(key.parent_id);
    models.push_back(key.model_id);
  }
  Params params;
  params.AddInt32Array(parent_models).AddTextArray(parents).AddInt32Array(models);
  std::vector<KnownParts> known(keys.size());
  RETURN_IF_ERROR(pool_.Run("find_part_sets", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kFind, params));
    for (int row = 0; row < rows.size(); ++row) {
      ASSIGN_OR_RETURN(known[static_cast<size_t>(rows.GetInt64(row, 0) - 1)], PartsOf(rows, row, 1));
    }
    return absl::OkStatus();
  }));
  return known;
}

absl::Status PartSetStore::Write(Transaction& transaction, absl::Span<const StoredPartSet> sets) {
  std::vector<int32_t> parent_models, models;
  std::vector<absl::string_view> parents;
  std::vector<int64_t> turns, versions, revisions;
  std::vector<std::string> ids, hashes;
  std::vector<std::string> error_texts;
  error_texts.reserve(sets.size());
  std::vector<std::optional<absl::string_view>> errors;
  for (const StoredPartSet& set : sets) {
    parent_models.push_back(set.key.parent_model_id);
    parents.push_back(set.key.parent_id);
    models.push_back(set.key.model_id);
    turns.push_back(set.parts.turn);
    versions.push_back(set.parts.version);
    revisions.push_back(set.parts.rules_revision);
    ids.push_back(value::EncodeLocalId(set.parts.ids));
    hashes.push_back(absl::StrJoin(set.parts.hashes, ""));
    error_texts.push_back(set.parts.error.has_value() ? set.parts.error->SerializeAsString() : "");
    errors.push_back(set.parts.error.has_value() ? std::optional<absl::string_view>(error_texts.back())
                                                 : std::nullopt);
  }
  Params params;
  params.AddInt32Array(parent_models)
      .AddTextArray(parents)
      .AddInt32Array(models)
      .AddInt64Array(turns)
      .AddInt64Array(versions)
      .AddInt64Array(revisions)
      .AddTextArray(ids)
      .AddByteaArray(hashes)
      .AddByteaArray(errors);
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kWrite, params));
  return rows.affected() == static_cast<int64_t>(sets.size()) ? absl::OkStatus() : PartsMovedOn();
}

absl::StatusOr<std::vector<StoredPartSet>> PartSetStore::List(absl::Span<const int32_t> parent_model_ids,
                                                              const std::string& parent_id, bool only_refused,
                                                              const PartSetKey& after, int limit) {
  Params params;
  params.AddInt32Array(parent_model_ids)
      .AddText(parent_id)
      .AddInt32(after.parent_model_id)
      .AddText(after.parent_id)
      .AddInt32(after.model_id)
      .AddInt32(limit);
  std::vector<StoredPartSet> sets;
  RETURN_IF_ERROR(pool_.Run("list_part_sets", [&](Transaction& transaction) -> absl::Status {
    sets.clear();
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(only_refused ? kListRefused : kList, params));
    for (int row = 0; row < rows.size(); ++row) {
      StoredPartSet& set = sets.emplace_back();
      set.key = {rows.GetInt32(row, 0), std::string(rows.GetText(row, 1)), rows.GetInt32(row, 2)};
      ASSIGN_OR_RETURN(set.parts, PartsOf(rows, row, 3));
      set.capture_time = rows.GetTimestamp(row, 9);
    }
    return absl::OkStatus();
  }));
  return sets;
}

}  // namespace cognate::change_capture
