#include "services/file_transfer/placing/use_store.h"

#include "services/file_transfer/placing/query.h"

namespace cognate::file_transfer {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;

// A copy that is not there yet has no path in its binding. Of the entity's other fields with the content the
// source's is the one that nothing was placed for.
const Statement kOf = {"uses_of_placements", R"sql(
    SELECT b.model IS NOT NULL, b.entity_id, b.model, b.field, s.platform, s.model, s.field
    FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[]) WITH ORDINALITY
         AS placed (platform, path, actual_path, sha256, place)
    LEFT JOIN LATERAL (
        SELECT entity_id, model, field FROM bindings
        WHERE sha256 = placed.sha256 AND platform = placed.platform
          AND path IN (placed.path, placed.actual_path, '')
        LIMIT 1) b ON true
    LEFT JOIN LATERAL (
        SELECT o.platform, o.model, o.field FROM bindings o
        WHERE o.entity_id = b.entity_id AND o.sha256 = placed.sha256 AND o.platform <> placed.platform
        ORDER BY EXISTS (SELECT 1 FROM placements p WHERE p.platform = o.platform AND p.path = o.path)
        LIMIT 1) s ON true
    ORDER BY placed.place
)sql"};

}  // namespace

absl::StatusOr<std::vector<std::optional<PlacementUse>>> UseStore::Of(
    absl::Span<const PlacementRow> placements) {
  if (placements.empty()) return std::vector<std::optional<PlacementUse>>();
  std::vector<absl::string_view> platforms, paths, actual, hashes;
  for (const PlacementRow& placement : placements) {
    platforms.push_back(placement.platform);
    paths.push_back(placement.path);
    actual.push_back(placement.actual_path);
    hashes.push_back(placement.sha256);
  }
  Params params;
  params.AddTextArray(absl::MakeConstSpan(platforms)).AddTextArray(absl::MakeConstSpan(paths));
  params.AddTextArray(absl::MakeConstSpan(actual)).AddByteaArray(absl::MakeConstSpan(hashes));
  return QueryAll<std::optional<PlacementUse>>(pool_, kOf, params,
                                               [](const Rows& rows, int row) -> std::optional<PlacementUse> {
                                                 if (!rows.GetBool(row, 0)) return std::nullopt;
                                                 return PlacementUse{rows.GetUuid(row, 1),
                                                                     std::string(rows.GetText(row, 2)),
                                                                     std::string(rows.GetText(row, 3)),
                                                                     std::string(rows.GetText(row, 4)),
                                                                     std::string(rows.GetText(row, 5)),
                                                                     std::string(rows.GetText(row, 6))};
                                               });
}

}  // namespace cognate::file_transfer
