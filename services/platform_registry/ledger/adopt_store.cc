#include "services/platform_registry/ledger/adopt_store.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "common/status/status_macros.h"
#include "services/platform_registry/ledger/ledger_transaction.h"

namespace cognate::platform_registry {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

const Statement kFindHolders = {"find_holders", R"sql(
    SELECT k.place, r.entity_id
    FROM unnest($2::text[]) WITH ORDINALITY AS k(local_id, place)
    CROSS JOIN LATERAL (SELECT entity_id
                        FROM replicas
                        WHERE model_id = $1 AND local_id = k.local_id COLLATE "C" AND deleted_version = 9223372036854775807
                        LIMIT 1) r
)sql"};

// All rows of these entities, which are few each; in ascending order, as batches lock them.
const Statement kLockEntities = {"lock_entities", R"sql(
    SELECT r.entity_id, r.model_id, r.local_id
    FROM unnest($1::uuid[]) AS k(entity_id)
    CROSS JOIN LATERAL (SELECT entity_id, model_id, local_id
                        FROM replicas
                        WHERE entity_id = k.entity_id AND local_id IS NOT NULL AND deleted_version = 9223372036854775807
                        ORDER BY model_id
                        LIMIT 100
                        FOR UPDATE) r
)sql"};

// The row where the record is goes; what was planned elsewhere becomes the heir's, unless that is there
// already. Any version of the heir is due then.
const Statement kInherit = {"inherit_plans", R"sql(
    WITH ended AS (
        DELETE FROM replicas AS r
        USING unnest($1::uuid[], $2::uuid[]) AS k(entity_id, heir_id)
        WHERE r.entity_id = k.entity_id
        RETURNING k.heir_id, r.model_id, r.platform_id, r.sync_id, r.desired_version, r.applied_version, r.deleted
    ), inherited AS (
        INSERT INTO replicas (entity_id, model_id, platform_id, sync_id, desired_version, planned_at)
        SELECT heir_id, model_id, platform_id, sync_id, 1, now()
        FROM ended
        WHERE model_id <> $3 AND sync_id IS NOT NULL AND applied_version < desired_version AND NOT deleted
        ORDER BY heir_id, model_id
        ON CONFLICT (entity_id, model_id) DO NOTHING
        RETURNING entity_id, model_id, platform_id, sync_id
    )
    INSERT INTO plan_batches (platform_id, model_id, sync_id, planned_at, entity_ids)
    SELECT platform_id, model_id, sync_id, now(), array_agg(entity_id)
    FROM inherited
    GROUP BY platform_id, model_id, sync_id
)sql"};

const Statement kGiveLocalIds = {"give_local_ids", R"sql(
    INSERT INTO replicas AS r (entity_id, model_id, platform_id, local_id)
    SELECT k.entity_id, $1, $2, k.local_id
    FROM unnest($3::uuid[], $4::text[]) AS k(entity_id, local_id)
    ON CONFLICT (entity_id, model_id) DO UPDATE
    SET local_id = excluded.local_id
    WHERE r.local_id IS DISTINCT FROM excluded.local_id AND r.deleted_version = 9223372036854775807
)sql"};

// What an entity is called where it is alive.
struct Place {
  int32_t model_id = 0;
  std::string local_id;
};

class Adoption {
 public:
  Adoption(Transaction& transaction, const ModelId& model, const EntityOrder& entities,
           const v1::AdoptRequest& request, v1::AdoptResponse* response)
      : transaction_(transaction),
        model_(model),
        entities_(entities),
        request_(request),
        response_(response) {}

  absl::Status Run() {
    RETURN_IF_ERROR(FindHolders());
    RETURN_IF_ERROR(Lock());
    for (size_t i = 0; i < entities_.size(); ++i) {
      response_->set_decisions(entities_.places[i], Decide(i));
    }
    return Write();
  }

 private:
  const std::string& LocalId(size_t i) const { return request_.local_ids(entities_.places[i]); }

  absl::Status FindHolders() {
    std::vector<absl::string_view> local_ids;
    for (size_t i = 0; i < entities_.size(); ++i) local_ids.emplace_back(LocalId(i));
    Params params;
    params.AddInt32(model_.model_id).AddTextArray(absl::MakeConstSpan(local_ids));
    ASSIGN_OR_RETURN(const Rows rows, transaction_.Query(kFindHolders, params));
    holders_.assign(entities_.size(), std::nullopt);
    for (int row = 0; row < rows.size(); ++row) {
      const auto i = static_cast<size_t>(rows.GetInt64(row, 0) - 1);
      if (rows.GetUuid(row, 1) != entities_.ids[i]) holders_[i] = rows.GetUuid(row, 1);
    }
    return absl::OkStatus();
  }

  absl::Status Lock() {
    std::vector<Uuid> all = entities_.ids;
    for (const std::optional<Uuid>& holder : holders_) {
      if (holder.has_value()) all.push_back(*holder);
    }
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    Params params;
    params.AddUuidArray(absl::MakeConstSpan(all));
    ASSIGN_OR_RETURN(const Rows rows, transaction_.Query(kLockEntities, params));
    for (int row = 0; row < rows.size(); ++row) {
      places_[rows.GetUuid(row, 0)].push_back({rows.GetInt32(row, 1), std::string(rows.GetText(row, 2))});
    }
    return absl::OkStatus();
  }

  // By what the locked rows say: a holder may have lost the record meanwhile, or been brought elsewhere.
  v1::AdoptDecision Decide(size_t i) {
    if (places_[entities_.ids[i]].empty()) return v1::ADOPT_DECISION_ENDED;
    if (LocalId(i).empty()) return v1::ADOPT_DECISION_GRANTED;
    if (holders_[i].has_value()) {
      std::vector<Place>& places = places_[*holders_[i]];
      const bool holds = std::any_of(places.begin(), places.end(), [&](const Place& place) {
        return place.model_id == model_.model_id && place.local_id == LocalId(i);
      });
      if (holds && places.size() > 1) return v1::ADOPT_DECISION_TAKEN;
      if (holds) {
        ended_.push_back(*holders_[i]);
        heirs_.push_back(entities_.ids[i]);
        places.clear();
      }
    }
    given_.push_back(i);
    return v1::ADOPT_DECISION_GRANTED;
  }

  absl::Status Write() {
    if (!ended_.empty()) {
      Params params;
      params.AddUuidArray(absl::MakeConstSpan(ended_)).AddUuidArray(absl::MakeConstSpan(heirs_));
      params.AddInt32(model_.model_id);
      RETURN_IF_ERROR(transaction_.Query(kInherit, params).status());
    }
    if (given_.empty()) return absl::OkStatus();
    std::vector<Uuid> ids;
    std::vector<absl::string_view> local_ids;
    for (const size_t i : given_) {
      ids.push_back(entities_.ids[i]);
      local_ids.emplace_back(LocalId(i));
    }
    Params params;
    params.AddInt32(model_.model_id).AddInt32(model_.platform_id);
    params.AddUuidArray(absl::MakeConstSpan(ids)).AddTextArray(absl::MakeConstSpan(local_ids));
    return transaction_.Query(kGiveLocalIds, params).status();
  }

  Transaction& transaction_;
  const ModelId& model_;
  const EntityOrder& entities_;
  const v1::AdoptRequest& request_;
  v1::AdoptResponse* const response_;
  std::vector<std::optional<Uuid>> holders_;  // as entities_
  absl::flat_hash_map<Uuid, std::vector<Place>> places_;
  std::vector<Uuid> ended_, heirs_;
  std::vector<size_t> given_;
};

}  // namespace

absl::Status AdoptStore::Adopt(const ModelId& model, const EntityOrder& entities,
                               const v1::AdoptRequest& request, v1::AdoptResponse* response) {
  response->mutable_decisions()->Resize(request.entity_ids_size(), v1::ADOPT_DECISION_UNSPECIFIED);
  if (entities.places.empty()) return absl::OkStatus();
  constexpr int kTries = 10;
  for (int attempt = 1;; ++attempt) {
    const absl::Status status = pool_.InTransactionWithRetry("adopt", [&](Transaction& transaction) {
      return Adoption(transaction, model, entities, request, response).Run();
    });
    // Another one took a local id after we had looked; now it can be seen.
    if (!absl::IsAlreadyExists(status) || attempt == kTries) return status;
  }
}

}  // namespace cognate::platform_registry
