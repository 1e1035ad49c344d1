#include "services/platform_registry/ledger/identity_store.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <numeric>

#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "services/platform_registry/configuration_store.h"
#include "services/platform_registry/ledger/ledger_transaction.h"

namespace cognate::platform_registry {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

constexpr int kTries = 5;

// LATERAL with LIMIT leaves the planner nothing but one index probe a row, whatever it believes of the table.
const Statement kFindAtVersion = {"find_identities_at_version", R"sql(
    SELECT k.place, r.entity_id, r.fingerprint, r.applied_version
    FROM unnest($2::text[], $3::bigint[]) WITH ORDINALITY AS k(local_id, version, place)
    CROSS JOIN LATERAL (SELECT entity_id, fingerprint, applied_version
                        FROM replicas
                        WHERE model_id = $1 AND local_id = k.local_id AND deleted_version >= k.version
                        ORDER BY deleted_version
                        LIMIT 1) r
)sql"};

const Statement kFindAtVersionWithTarget = {"find_identities_and_targets_at_version", R"sql(
    SELECT k.place, r.entity_id, r.fingerprint, r.applied_version, t.local_id
    FROM unnest($2::text[], $3::bigint[]) WITH ORDINALITY AS k(local_id, version, place)
    CROSS JOIN LATERAL (SELECT entity_id, fingerprint, applied_version
                        FROM replicas
                        WHERE model_id = $1 AND local_id = k.local_id AND deleted_version >= k.version
                        ORDER BY deleted_version
                        LIMIT 1) r
    LEFT JOIN LATERAL (SELECT local_id
                       FROM replicas
                       WHERE entity_id = r.entity_id AND model_id = $4
                         AND deleted_version = 9223372036854775807 AND NOT echo_awaited
                       LIMIT 1) t ON true
)sql"};

// Of several that had the local id, the last. For those of whom no version is known and none lives.
const Statement kFindLast = {"find_last_identities", R"sql(
    SELECT k.place, r.entity_id, r.fingerprint, r.applied_version, t.local_id
    FROM unnest($2::text[]) WITH ORDINALITY AS k(local_id, place)
    CROSS JOIN LATERAL (SELECT entity_id, fingerprint, applied_version
                        FROM replicas
                        WHERE model_id = $1 AND local_id = k.local_id
                        ORDER BY deleted_version DESC
                        LIMIT 1) r
    LEFT JOIN LATERAL (SELECT local_id
                       FROM replicas
                       WHERE entity_id = r.entity_id AND model_id = $3
                         AND deleted_version = 9223372036854775807 AND NOT echo_awaited
                       LIMIT 1) t ON true
)sql"};

// Those that had ended by their versions; the living are not among them.
const Statement kFindEnded = {"find_ended_identities", R"sql(
    SELECT k.place, r.entity_id, r.fingerprint, r.applied_version
    FROM unnest($2::text[], $3::bigint[]) WITH ORDINALITY AS k(local_id, version, place)
    CROSS JOIN LATERAL (SELECT entity_id, fingerprint, applied_version
                        FROM replicas
                        WHERE model_id = $1 AND local_id = k.local_id AND deleted_version >= k.version
                          AND deleted_version < 9223372036854775807
                        ORDER BY deleted_version
                        LIMIT 1) r
)sql"};

const Statement kFindTargets = {"find_targets", R"sql(
    SELECT k.place, k.entity_id, NULL::bytea, 0, t.local_id
    FROM unnest($2::uuid[]) WITH ORDINALITY AS k(entity_id, place)
    CROSS JOIN LATERAL (SELECT local_id
                        FROM replicas
                        WHERE entity_id = k.entity_id AND model_id = $1
                          AND deleted_version = 9223372036854775807 AND NOT echo_awaited
                        LIMIT 1) t
)sql"};

const Statement kCreateIdentities = {"create_identities", R"sql(
    INSERT INTO replicas (entity_id, model_id, platform_id, local_id, is_home)
    SELECT k.entity_id, $1, $2, k.local_id, true
    FROM unnest($3::uuid[], $4::text[]) AS k(entity_id, local_id)
    ON CONFLICT (model_id, local_id, deleted_version) WHERE local_id IS NOT NULL DO NOTHING
    RETURNING entity_id
)sql"};

// The log is read in its order: what was written for the entity last is its record.
const Statement kBindDelivered = {"bind_delivered", R"sql(
    INSERT INTO replicas AS r (entity_id, model_id, platform_id, local_id)
    SELECT k.entity_id, $1, $2, k.local_id
    FROM unnest($3::uuid[], $4::text[]) AS k(entity_id, local_id)
    ON CONFLICT (entity_id, model_id) DO UPDATE
    SET local_id = excluded.local_id, deleted_version = 9223372036854775807, echo_awaited = false
    WHERE r.local_id IS DISTINCT FROM excluded.local_id OR r.deleted_version < 9223372036854775807
)sql"};

// One call of Resolve.
struct Call {
  const ModelId& model;
  std::optional<int32_t> target_model_id;
  const v1::ResolveGroup& group;
  v1::ResolvedGroup* resolved;
  int64_t* rules_revision;

  absl::string_view LocalId(int place) const { return group.local_ids(place); }
  // 0 where none is known.
  int64_t Version(int place) const { return group.versions().empty() ? 0 : group.versions(place); }
  absl::string_view DeliveredEntity(int place) const {
    return group.delivered_entity_ids().empty() ? absl::string_view() : group.delivered_entity_ids(place);
  }
  bool Found(int place) const { return !resolved->entity_ids(place).empty(); }
  // Places of the request that are still without an entity.
  std::vector<int> Missing() const {
    std::vector<int> missing;
    for (int place = 0; place < group.local_ids_size(); ++place) {
      if (!Found(place)) missing.push_back(place);
    }
    return missing;
  }
};

std::vector<absl::string_view> LocalIds(const Call& call, const std::vector<int>& places) {
  std::vector<absl::string_view> ids;
  ids.reserve(places.size());
  for (const int place : places) ids.push_back(call.LocalId(place));
  return ids;
}

void Take(const Rows& rows, const std::vector<int>& places, v1::ResolvedGroup* resolved) {
  const bool with_target = rows.columns() > 4 && !resolved->target_local_ids().empty();
  for (int row = 0; row < rows.size(); ++row) {
    const int place = places[static_cast<size_t>(rows.GetInt64(row, 0) - 1)];
    const absl::string_view entity = rows.GetBytes(row, 1);
    resolved->mutable_entity_ids(place)->assign(entity.data(), entity.size());
    const absl::string_view fingerprint = rows.GetBytes(row, 2);
    resolved->mutable_fingerprints(place)->assign(fingerprint.data(), fingerprint.size());
    if (!fingerprint.empty()) resolved->set_applied_versions(place, rows.GetInt64(row, 3));
    if (!with_target) continue;
    const absl::string_view target = rows.GetText(row, 4);
    resolved->mutable_target_local_ids(place)->assign(target.data(), target.size());
  }
}

Params LookUpParams(const Call& call, const std::vector<int>& places) {
  std::vector<int64_t> versions;
  versions.reserve(places.size());
  for (const int place : places) versions.push_back(call.Version(place) == 0 ? kLiving : call.Version(place));
  const std::vector<absl::string_view> ids = LocalIds(call, places);
  Params params;
  params.AddInt32(call.model.model_id)
      .AddTextArray(absl::MakeConstSpan(ids))
      .AddInt64Array(absl::MakeConstSpan(versions));
  return params;
}

absl::Status FindAtVersion(Transaction& transaction, const Call& call, const std::vector<int>& places) {
  Params params = LookUpParams(call, places);
  if (call.target_model_id.has_value()) params.AddInt32(*call.target_model_id);
  const Statement& find = call.target_model_id ? kFindAtVersionWithTarget : kFindAtVersion;
  ASSIGN_OR_RETURN(const Rows rows, *call.rules_revision != 0
                                        ? transaction.Query(find, params)
                                        : QueryWithRevision(transaction, find, params, call.rules_revision));
  Take(rows, places, call.resolved);
  return absl::OkStatus();
}

// Between a look that found nothing and the making of an identity another one may have been made and have
// ended, with a delete that is newer than our version: then that one is ours, and what we made waits for a
// newer record.
absl::Status PreferEnded(Transaction& transaction, const Call& call, const std::vector<int>& made) {
  if (call.group.versions().empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kFindEnded, LookUpParams(call, made)));
  Take(rows, made, call.resolved);
  return absl::OkStatus();
}

absl::Status FindLast(Transaction& transaction, const Call& call, const std::vector<int>& missing) {
  std::vector<int> places;
  std::copy_if(missing.begin(), missing.end(), std::back_inserter(places),
               [&](int place) { return call.Version(place) == 0; });
  if (places.empty()) return absl::OkStatus();
  const std::vector<absl::string_view> ids = LocalIds(call, places);
  Params params;
  params.AddInt32(call.model.model_id)
      .AddTextArray(absl::MakeConstSpan(ids))
      .AddInt32(call.target_model_id.value_or(0));
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kFindLast, params));
  Take(rows, places, call.resolved);
  return absl::OkStatus();
}

// In the order of their local ids, each once: batches that make the same ones meet in the same order.
std::vector<int> InCreationOrder(const Call& call, std::vector<int> places) {
  std::sort(places.begin(), places.end(), [&](int a, int b) { return call.LocalId(a) < call.LocalId(b); });
  places.erase(std::unique(places.begin(), places.end(),
                           [&](int a, int b) { return call.LocalId(a) == call.LocalId(b); }),
               places.end());
  return places;
}

// Makes what nobody else makes at the same time; what another made is found by the next look.
absl::Status Create(Transaction& transaction, const Clock& clock, const Call& call,
                    const std::vector<int>& missing) {
  const std::vector<int> places = InCreationOrder(call, missing);
  const std::vector<absl::string_view> local_ids = LocalIds(call, places);
  const absl::Time now = clock.Now();
  std::vector<Uuid> entities;
  entities.reserve(places.size());
  for (size_t i = 0; i < places.size(); ++i) entities.push_back(Uuid::V7(now));
  Params params;
  params.AddInt32(call.model.model_id).AddInt32(call.model.platform_id);
  params.AddUuidArray(absl::MakeConstSpan(entities)).AddTextArray(absl::MakeConstSpan(local_ids));
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kCreateIdentities, params));
  size_t next = 0;
  for (int row = 0; row < rows.size(); ++row) {
    const Uuid made = rows.GetUuid(row, 0);
    while (next < entities.size() && entities[next] != made) ++next;
    if (next == entities.size()) break;
    call.resolved->mutable_entity_ids(places[next])->assign(made.AsBytes().data(), made.AsBytes().size());
  }
  return absl::OkStatus();
}

Error Contended() {
  return Error(absl::StatusCode::kUnavailable, "IDENTITIES_CONTENDED",
               "others make and end the same identities all the time; try again")
      .RetryAfter(absl::Milliseconds(100));
}

// What the platform's log knows better than the ledger: their entities.
absl::Status Bind(Transaction& transaction, const Call& call, const std::vector<int>& missing) {
  std::map<Uuid, int> newest;  // an entity has one record; in the order in which batches lock
  for (const int place : missing) {
    if (call.DeliveredEntity(place).empty()) continue;
    ASSIGN_OR_RETURN(const Uuid entity, Uuid::FromBytes(call.DeliveredEntity(place)));
    call.resolved->set_entity_ids(place, std::string(call.DeliveredEntity(place)));
    const auto [known, is_new] = newest.emplace(entity, place);
    if (!is_new && call.Version(known->second) < call.Version(place)) known->second = place;
  }
  if (newest.empty()) return absl::OkStatus();
  std::vector<Uuid> entities;
  std::vector<absl::string_view> local_ids;
  for (const auto& [entity, place] : newest) {
    entities.push_back(entity);
    local_ids.push_back(call.LocalId(place));
  }
  Params params;
  params.AddInt32(call.model.model_id).AddInt32(call.model.platform_id);
  params.AddUuidArray(absl::MakeConstSpan(entities)).AddTextArray(absl::MakeConstSpan(local_ids));
  const absl::Status bound = transaction.Query(kBindDelivered, params).status();
  // Another made an identity of the same local id at this very moment.
  return absl::IsAlreadyExists(bound) ? absl::Status(Contended()) : bound;
}

absl::Status ResolveAll(Transaction& transaction, const Clock& clock, const Call& call) {
  std::vector<int> places(static_cast<size_t>(call.group.local_ids_size()));
  std::iota(places.begin(), places.end(), 0);
  for (int attempt = 1;; ++attempt) {
    RETURN_IF_ERROR(FindAtVersion(transaction, call, places));
    places = call.Missing();
    RETURN_IF_ERROR(FindLast(transaction, call, places));
    places = call.Missing();
    if (places.empty() || !call.group.create()) return absl::OkStatus();
    if (attempt == kTries) break;
    RETURN_IF_ERROR(Bind(transaction, call, places));
    const std::vector<int> missing = call.Missing();
    if (missing.empty()) return absl::OkStatus();
    RETURN_IF_ERROR(Create(transaction, clock, call, missing));
    RETURN_IF_ERROR(PreferEnded(transaction, call, missing));
    places = call.Missing();
    if (places.empty()) return absl::OkStatus();
  }
  return Contended();
}

}  // namespace

absl::Status IdentityStore::Resolve(const ModelId& model, std::optional<int32_t> target_model_id,
                                    const v1::ResolveGroup& group, v1::ResolvedGroup* resolved,
                                    int64_t* rules_revision) {
  resolved->mutable_entity_ids()->Reserve(group.local_ids_size());
  for (int i = 0; i < group.local_ids_size(); ++i) {
    resolved->add_entity_ids();
    resolved->add_fingerprints();
    resolved->add_applied_versions(0);
    if (target_model_id.has_value()) resolved->add_target_local_ids();
  }
  if (group.local_ids().empty()) return absl::OkStatus();
  const Call call = {model, target_model_id, group, resolved, rules_revision};
  return RunAgainAfterDeadlock(
      pool_, "resolve", [&](Transaction& transaction) { return ResolveAll(transaction, clock_, call); });
}

absl::Status IdentityStore::FindTargets(int32_t target_model_id, const v1::ResolveGroup& group,
                                        v1::ResolvedGroup* resolved) {
  std::vector<Uuid> entities;
  std::vector<int> places;
  for (int i = 0; i < group.entity_ids_size(); ++i) {
    resolved->add_entity_ids(group.entity_ids(i));
    resolved->add_fingerprints();
    resolved->add_target_local_ids();
    ASSIGN_OR_RETURN(const Uuid entity, Uuid::FromBytes(group.entity_ids(i)));
    entities.push_back(entity);
    places.push_back(i);
  }
  if (entities.empty()) return absl::OkStatus();
  Params params;
  params.AddInt32(target_model_id).AddUuidArray(absl::MakeConstSpan(entities));
  return pool_.Run("find_targets", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kFindTargets, params));
    Take(rows, places, resolved);
    return absl::OkStatus();
  });
}

}  // namespace cognate::platform_registry
