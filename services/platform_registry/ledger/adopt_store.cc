#include "services/platform_registry/ledger/adopt_store.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "common/status/status_macros.h"
#include "services/platform_registry/ledger/ledger_transaction.h"
#include "services/platform_registry/ledger/merge_entities.h"

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

const Statement kGiveLocalIds = {"give_local_ids", R"sql(
    INSERT INTO replicas AS r (entity_id, model_id, platform_id, local_id)
    SELECT k.entity_id, $1, $2, k.local_id
    FROM unnest($3::uuid[], $4::text[]) AS k(entity_id, local_id)
    ON CONFLICT (entity_id, model_id) DO UPDATE
    SET local_id = excluded.local_id
    WHERE r.local_id IS DISTINCT FROM excluded.local_id AND r.deleted_version = 9223372036854775807
)sql"};

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
    ASSIGN_OR_RETURN(places_, LockPlaces(transaction_, std::move(all)));
    for (auto& [entity, places] : places_) {
      std::erase_if(places, [](const Place& place) { return !place.lives; });
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
        // What the record holds is not asked: it is written next, by the one that goes on.
        merges_.push_back({*holders_[i], entities_.ids[i], /*version=*/0});
        places.clear();
      }
    }
    given_.push_back(i);
    return v1::ADOPT_DECISION_GRANTED;
  }

  absl::Status Write() {
    RETURN_IF_ERROR(MergeEntities(transaction_, model_.model_id, merges_));
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
  std::vector<Merge> merges_;
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
