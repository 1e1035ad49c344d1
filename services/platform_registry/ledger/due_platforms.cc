#include "services/platform_registry/ledger/due_platforms.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/clock/time_proto.h"
#include "common/status/status_macros.h"
#include "services/platform_registry/errors.h"

namespace cognate::platform_registry {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

constexpr int kMaxPlatforms = 20'000;

// From one platform that has batches to the next: one look at the index for each.
const Statement kSelectPlanned = {"select_planned_platforms", R"sql(
    WITH RECURSIVE planned AS (
        (SELECT platform_id FROM plan_batches ORDER BY platform_id LIMIT 1)
        UNION ALL
        SELECT (SELECT platform_id FROM plan_batches WHERE platform_id > p.platform_id ORDER BY platform_id LIMIT 1)
        FROM planned p
        WHERE p.platform_id IS NOT NULL
    )
    SELECT p.platform_id, n.name
    FROM planned p
    CROSS JOIN LATERAL (SELECT name FROM platforms WHERE platform_id = p.platform_id LIMIT 1) n
    CROSS JOIN LATERAL (SELECT 1
                        FROM plan_batches
                        WHERE platform_id = p.platform_id AND planned_at < $1
                        LIMIT 1) b
)sql"};

// As of ListPending: a replica names one of the syncs between its models, so each counts as long as any of
// them is active.
const Statement kSelectActive = {"select_active_syncs_to", R"sql(
    SELECT array_agg(sync_id)::bigint[]
    FROM (SELECT s.sync_id, bool_or(NOT s.deleted AND s.definition->>'status' = 'SYNC_STATUS_ACTIVE'
                                    AND s.broken = '')
                            OVER (PARTITION BY s.source_model_id, s.target_model_id) AS is_taken
          FROM syncs s
          JOIN models m ON m.model_id = s.target_model_id
          WHERE m.platform_id = ANY ($1::int[])) way
    WHERE is_taken
)sql"};

// Until the first replica that is due.
const Statement kSelectDue = {"select_due_platforms", R"sql(
    SELECT u.platform_id
    FROM unnest($1::int[]) AS u(platform_id)
    CROSS JOIN LATERAL (SELECT 1
                        FROM plan_batches b
                        CROSS JOIN LATERAL unnest(b.entity_ids) AS k(entity_id)
                        CROSS JOIN LATERAL (SELECT 1
                                            FROM replicas
                                            WHERE entity_id = k.entity_id AND model_id = b.model_id
                                              AND planned_at = b.planned_at AND applied_version < desired_version
                                              AND parked_version < desired_version
                                              AND sync_id = ANY ($3::bigint[])
                                            LIMIT 1) r
                        WHERE b.platform_id = u.platform_id AND b.planned_at < $2
                          AND (b.sync_id IS NULL OR b.sync_id = ANY ($3::bigint[]))
                        LIMIT 1) due
)sql"};

absl::Status Validate(const v1::ListDuePlatformsRequest& request) {
  if (request.platforms_size() > kMaxPlatforms) {
    return InvalidField("platforms",
                        absl::StrCat("got ", request.platforms_size(), ", want at most ", kMaxPlatforms));
  }
  if (!request.has_planned_before()) return InvalidField("planned_before", "got nothing, want a time");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::ListDuePlatformsResponse> ListDuePlatforms(postgres::Pool& pool,
                                                              const v1::ListDuePlatformsRequest& request) {
  RETURN_IF_ERROR(Validate(request));
  const absl::flat_hash_set<absl::string_view> wanted(request.platforms().begin(), request.platforms().end());
  const absl::Time before = ToTime(request.planned_before());
  v1::ListDuePlatformsResponse response;
  RETURN_IF_ERROR(pool.Run("list_due_platforms", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows planned, transaction.Query(kSelectPlanned, Params().AddTimestamp(before)));
    absl::flat_hash_map<int32_t, std::string> names;
    std::vector<int32_t> numbers;
    for (int row = 0; row < planned.size(); ++row) {
      if (!wanted.contains(planned.GetText(row, 1))) continue;
      numbers.push_back(planned.GetInt32(row, 0));
      names.emplace(numbers.back(), planned.GetText(row, 1));
    }
    if (numbers.empty()) return absl::OkStatus();
    Params to;
    to.AddInt32Array(absl::MakeConstSpan(numbers));
    ASSIGN_OR_RETURN(const Rows active, transaction.Query(kSelectActive, to));
    if (active.empty() || active.IsNull(0, 0)) return absl::OkStatus();
    std::vector<int64_t> syncs;
    for (const std::optional<int64_t> sync : active.GetInt64Array(0, 0)) syncs.push_back(sync.value_or(0));
    Params params;
    params.AddInt32Array(absl::MakeConstSpan(numbers)).AddTimestamp(before);
    params.AddInt64Array(absl::MakeConstSpan(syncs));
    ASSIGN_OR_RETURN(const Rows due, transaction.Query(kSelectDue, params));
    for (int row = 0; row < due.size(); ++row) response.add_platforms(names[due.GetInt32(row, 0)]);
    return absl::OkStatus();
  }));
  return response;
}

}  // namespace cognate::platform_registry
