#include "services/platform_registry/ledger/plan_sweep.h"

#include "common/log/log.h"
#include "common/status/status_macros.h"

namespace cognate::platform_registry {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

constexpr int kPageBatches = 200;
constexpr int kMaxPages = 20;  // at a time

// Looks at a batch until the first replica that is due. Young batches are on their way: they are not looked
// at.
const Statement kSweep = {"sweep_plan_batches", R"sql(
    WITH page AS MATERIALIZED (
        SELECT batch_id, model_id, planned_at, entity_ids
        FROM plan_batches
        WHERE batch_id > $1 AND planned_at < now() - interval '1 second'
        ORDER BY batch_id
        LIMIT $2
    ), done AS MATERIALIZED (
        SELECT p.batch_id
        FROM page p
        LEFT JOIN LATERAL (SELECT true AS found
                           FROM unnest(p.entity_ids) AS k(entity_id)
                           CROSS JOIN LATERAL (SELECT 1
                                               FROM replicas
                                               WHERE entity_id = k.entity_id AND model_id = p.model_id
                                                 AND planned_at = p.planned_at AND applied_version < desired_version
                                                 AND parked_version < desired_version
                                               LIMIT 1) r
                           LIMIT 1) due ON true
        WHERE due.found IS NULL
    ), swept AS (
        DELETE FROM plan_batches b
        USING done d
        WHERE b.batch_id = d.batch_id
    )
    SELECT count(*), coalesce(max(batch_id), 0)
    FROM page
)sql"};

// A record that was gone when its delete came is in no log, and a platform may have ceased to be captured.
const Statement kEndAwaited = {"end_awaited", R"sql(
    UPDATE replicas r
    SET deleted_version = r.desired_version, echo_awaited = false
    FROM (SELECT entity_id, model_id
          FROM replicas
          WHERE echo_awaited AND planned_at < now() - interval '10 minutes'
          LIMIT 1000) AS k
    WHERE r.entity_id = k.entity_id AND r.model_id = k.model_id AND r.echo_awaited AND r.deleted
      AND r.applied_version >= r.desired_version
)sql"};

}  // namespace

PlanSweep::PlanSweep(postgres::Pool& pool, absl::Duration interval, const Clock& clock,
                     metrics::Registry& metrics)
    : pool_(pool), interval_(interval), monitor_("plan_sweep", clock, metrics) {}

void PlanSweep::Start() {
  worker_ = std::make_unique<Worker>("plan-sweep", [this](StopToken& stop) {
    do SweepAll(stop);
    while (!stop.WaitFor(interval_));
  });
}

absl::StatusOr<bool> PlanSweep::SweepPage() {
  int64_t count = 0;
  RETURN_IF_ERROR(
      pool_.InTransactionWithRetry("sweep_plan_batches", [&](Transaction& transaction) -> absl::Status {
        Params params;
        params.AddInt64(last_batch_).AddInt64(kPageBatches);
        ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kSweep, params));
        count = rows.GetInt64(0, 0);
        last_batch_ = count < kPageBatches ? 0 : rows.GetInt64(0, 1);
        return absl::OkStatus();
      }));
  return last_batch_ != 0;
}

absl::Status PlanSweep::EndAwaited() {
  return pool_.InTransactionWithRetry(
      "end_awaited", [](Transaction& transaction) { return transaction.Query(kEndAwaited, {}).status(); });
}

void PlanSweep::SweepAll(StopToken& stop) {
  monitor_.SetBacklog(1);  // until a page is swept
  if (const absl::Status ended = EndAwaited(); !ended.ok()) {
    log::Warn("end of awaited identities failed", {{"service", "platform_registry"}, {"error", ended}});
  }
  for (int page = 0; page < kMaxPages && !stop.stopping(); ++page) {
    const absl::StatusOr<bool> more = SweepPage();
    if (!more.ok()) {
      log::Warn("sweep of plan batches failed", {{"service", "platform_registry"}, {"error", more.status()}});
      return;
    }
    monitor_.Progress();
    monitor_.SetBacklog(0);
    if (!*more) return;
  }
}

}  // namespace cognate::platform_registry
