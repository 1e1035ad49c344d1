// What is looked at, counted and forgotten of all placements.
#include "services/file_transfer/placing/placement_store.h"
#include "services/file_transfer/placing/query.h"

namespace cognate::file_transfer {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

const Statement kTotals = {"total_placements", R"sql(
    SELECT file_count, file_bytes, placed_count, placed_bytes, kept_bytes FROM placement_totals WHERE platform = $1
)sql"};

const Statement kCountMissing = {"count_missing_files", R"sql(
    SELECT platform, count(*), min(created_at)
    FROM (SELECT platform, created_at FROM placements WHERE state = 2 AND sha256 IS NOT NULL
          UNION ALL
          SELECT platform, created_at FROM waits) AS missing
    GROUP BY platform
)sql"};

// By their hashes, so that they are from everywhere.
const Statement kSomePlaced = {"some_placed", R"sql(
    SELECT CASE actual_path WHEN '' THEN path ELSE actual_path END FROM placements
    WHERE platform = $1 AND state = 3
      AND EXISTS (SELECT 1 FROM placement_totals WHERE platform = $1 AND placed_count > 0)
    ORDER BY sha256, path LIMIT $2
)sql"};

const Statement kForgetUnbound = {"forget_unbound_placements", R"sql(
    WITH page AS MATERIALIZED (
        SELECT platform, path FROM placements WHERE (platform, path) > ($2, $3) ORDER BY platform, path LIMIT $4),
    unbound AS MATERIALIZED (
        SELECT p.ctid, p.state
        FROM page
        CROSS JOIN LATERAL (SELECT ctid, state, sha256, updated_at FROM placements
                            WHERE platform = page.platform AND path = page.path LIMIT 1) p
        WHERE p.sha256 IS NOT NULL AND p.updated_at < $1
          AND NOT EXISTS (SELECT 1 FROM bindings b WHERE b.sha256 = p.sha256 AND b.platform = page.platform)),
    forgotten AS (
        UPDATE placements SET sha256 = NULL, next_attempt_at = NULL
        WHERE ctid = ANY (ARRAY(SELECT ctid FROM unbound WHERE state = 3)) AND updated_at < $1),
    dropped AS (
        DELETE FROM placements
        WHERE ctid = ANY (ARRAY(SELECT ctid FROM unbound WHERE state <> 3)) AND updated_at < $1)
    SELECT platform, path FROM page ORDER BY platform DESC, path DESC LIMIT 1
)sql"};

const Statement kForgotten = {"forgotten_placements", R"sql(
    SELECT path FROM placements
    WHERE platform = $1 AND path > $2 AND sha256 IS NULL AND actual_path = ''
    ORDER BY path LIMIT $3
)sql"};

const Statement kDropForgotten = {"drop_forgotten_placements", R"sql(
    DELETE FROM placements WHERE ctid = ANY (ARRAY(
        SELECT p.ctid FROM unnest($2::text[]) AS gone (path)
        CROSS JOIN LATERAL (SELECT ctid FROM placements
                            WHERE platform = $1 AND path = gone.path AND sha256 IS NULL LIMIT 1) p))
)sql"};

}  // namespace

absl::StatusOr<PlacementTotals> PlacementStore::Totals(absl::string_view platform) {
  ASSIGN_OR_RETURN(
      const std::vector<PlacementTotals> totals,
      QueryAll<PlacementTotals>(pool_, kTotals, Params().AddText(platform), [](const Rows& rows, int row) {
        return PlacementTotals{rows.GetInt64(row, 0), rows.GetInt64(row, 1), rows.GetInt64(row, 2),
                               rows.GetInt64(row, 3), rows.GetInt64(row, 4)};
      }));
  return totals.empty() ? PlacementTotals() : totals[0];
}

absl::StatusOr<std::vector<PlacementStore::MissingFiles>> PlacementStore::CountMissing() {
  return QueryAll<MissingFiles>(pool_, kCountMissing, Params(), [](const Rows& rows, int row) {
    return MissingFiles{std::string(rows.GetText(row, 0)), rows.GetInt64(row, 1), rows.GetTimestamp(row, 2)};
  });
}

absl::StatusOr<std::vector<std::string>> PlacementStore::SomePlaced(absl::string_view platform, int limit) {
  return QueryAll<std::string>(pool_, kSomePlaced, Params().AddText(platform).AddInt32(limit),
                               [](const Rows& rows, int row) { return std::string(rows.GetText(row, 0)); });
}

absl::StatusOr<bool> PlacementStore::ForgetUnbound(absl::Time before, int limit, Key* after) {
  const Params params =
      Params().AddTimestamp(before).AddText(after->platform).AddText(after->path).AddInt32(limit);
  return MovePage(pool_, kForgetUnbound, params, after);
}

absl::StatusOr<std::vector<std::string>> PlacementStore::Forgotten(absl::string_view platform,
                                                                   absl::string_view after, int limit) {
  return QueryAll<std::string>(pool_, kForgotten, Params().AddText(platform).AddText(after).AddInt32(limit),
                               [](const Rows& rows, int row) { return std::string(rows.GetText(row, 0)); });
}

absl::Status PlacementStore::DropForgotten(absl::string_view platform, absl::Span<const std::string> paths) {
  if (paths.empty()) return absl::OkStatus();
  return Do(pool_, kDropForgotten, Params().AddText(platform).AddTextArray(paths)).status();
}

}  // namespace cognate::file_transfer
