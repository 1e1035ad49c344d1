#include "services/platform_registry/ledger/ledger_gauges.h"

#include "common/log/log.h"
#include "common/status/status_macros.h"

namespace cognate::platform_registry {
namespace {

using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

// A batch of plans goes when nothing of it is due any more (plan_sweep), a second or two later: what is
// younger is on its way.
const Statement kOldestPlans = {"oldest_plans", R"sql(
    SELECT p.name, b.planned_at
    FROM platforms p
    CROSS JOIN LATERAL (SELECT planned_at
                        FROM plan_batches
                        WHERE platform_id = p.platform_id
                        ORDER BY planned_at
                        LIMIT 1) AS b
    WHERE b.planned_at < now() - interval '5 seconds'
)sql"};

const Statement kSyncStates = {"sync_states", R"sql(
    SELECT name, broken <> '', coalesce(definition ->> 'status', '') LIKE '%PAUSED'
    FROM syncs
    WHERE NOT deleted
)sql"};

}  // namespace

LedgerGauges::LedgerGauges(postgres::Pool& pool, const Clock& clock, metrics::Registry& metrics,
                           absl::Duration interval)
    : pool_(pool), metrics_(metrics), interval_(interval), oldest_(metrics, clock) {}

void LedgerGauges::Start() {
  worker_ = std::make_unique<Worker>("ledger-gauges", [this](StopToken& stop) {
    do {
      const absl::Status status = Look();
      if (!status.ok())
        log::Warn("ledger gauges wait", {{"service", "platform_registry"}, {"error", status}});
    } while (!stop.WaitFor(interval_));
  });
}

absl::Status LedgerGauges::Look() {
  RETURN_IF_ERROR(LookAtPlans());
  return LookAtSyncs();
}

absl::Status LedgerGauges::LookAtPlans() {
  std::map<std::string, absl::Time> oldest;
  RETURN_IF_ERROR(pool_.Run("oldest_plans", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kOldestPlans));
    oldest.clear();
    for (int row = 0; row < rows.size(); ++row)
      oldest.emplace(std::string(rows.GetText(row, 0)), rows.GetTimestamp(row, 1));
    return absl::OkStatus();
  }));
  oldest_.SetAll("ledger", oldest);
  return absl::OkStatus();
}

absl::Status LedgerGauges::LookAtSyncs() {
  std::map<std::string, const char*> states;
  RETURN_IF_ERROR(pool_.Run("sync_states", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kSyncStates));
    states.clear();
    for (int row = 0; row < rows.size(); ++row) {
      states[std::string(rows.GetText(row, 0))] = rows.GetBool(row, 1)   ? metrics::kFailing
                                                  : rows.GetBool(row, 2) ? metrics::kPaused
                                                                         : metrics::kHealthy;
    }
    return absl::OkStatus();
  }));
  std::erase_if(syncs_, [&](const auto& sync) { return !states.contains(sync.first); });
  for (const auto& [name, state] : states) {
    std::unique_ptr<metrics::EntityHealth>& sync = syncs_[name];
    if (sync == nullptr) sync = std::make_unique<metrics::EntityHealth>(metrics_, "sync", name);
    sync->Set(state);
  }
  return absl::OkStatus();
}

}  // namespace cognate::platform_registry
