#include "services/transformer/rehearsal.h"

#include <limits>

#include "absl/container/flat_hash_map.h"
#include "common/status/status_macros.h"
#include "common/value/value.h"
#include "services/transformer/decide.h"
#include "services/transformer/render.h"
#include "services/transformer/rendered_record.h"

namespace cognate::transformer {
namespace {

// The records of a page by one set of rules.
struct Rendered {
  std::vector<Wave> waves;
  Rendering rendering;
  absl::flat_hash_map<absl::string_view, const Item*> items;  // by local id

  const Item* Find(const std::string& local_id) const {
    const auto found = items.find(local_id);
    return found == items.end() ? nullptr : found->second;
  }
  const RoutedChange& ChangeOf(const Item& item) const { return rendering.routed.changes[item.change]; }
};

// Rules that never grow old: nothing is planned by them.
v1::Rules RulesOfWay(const v1::Rules& rules, const v1::Sync& sync, bool with_guards) {
  v1::Rules way;
  way.set_revision(std::numeric_limits<int64_t>::max());
  for (const v1::CompiledSync& compiled : rules.syncs()) {
    const v1::Sync& other = compiled.sync();
    if (other.source_platform() != sync.source_platform() || other.source_model() != sync.source_model() ||
        other.target_platform() != sync.target_platform() || other.target_model() != sync.target_model())
      continue;
    *way.add_syncs() = compiled;
    if (!with_guards) way.mutable_syncs(way.syncs_size() - 1)->mutable_sync()->clear_guard();
  }
  return way;
}

// As the run that follows a change of rules brings them: the same content as a new version.
bus::v1::ChangeBatch BatchOf(const v1::Sync& sync,
                             const google::protobuf::RepeatedPtrField<v1::Change>& changes) {
  bus::v1::ChangeBatch batch;
  batch.set_is_replay(true);
  batch.set_target_platform(sync.target_platform());
  batch.add_models()->set_platform(sync.source_platform());
  batch.mutable_models(0)->set_model(sync.source_model());
  for (const v1::Change& change : changes) {
    bus::v1::LoggedChange& logged = AddLogged(change, &batch);
    logged.set_version(change.version() + 1);
    logged.set_origin_version(change.version());
  }
  return batch;
}

absl::Status RenderPage(const RuleSet& rules, const bus::v1::ChangeBatch& batch, const Ledger& ledger,
                        google::protobuf::Arena* arena, Rendered* rendered) {
  const bus::v1::ChangeBatch* const batches[] = {&batch};
  rendered->waves = Collect(batches, static_cast<size_t>(batch.changes_size()));
  if (rendered->waves.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(
      Render(rules, rendered->waves[0], Missing::kLeave, ledger, nullptr, arena, &rendered->rendering));
  for (const Item& item : rendered->rendering.mapped.items) {
    rendered->items.emplace(rendered->ChangeOf(item).logged().local_id(), &item);
  }
  return absl::OkStatus();
}

bool IsNobody(const std::string& entity) { return entity == std::string(16, '\0'); }

// By entity; entities without a replica are left out.
using Stands = absl::flat_hash_map<std::string, v1::ReplicaStand>;
absl::StatusOr<Stands> StandsOf(const RehearseParts& parts, const v1::Sync& sync, const Rendered& rendered) {
  Stands stands;
  v1::GetReplicaStandsRequest request;
  request.set_platform(sync.target_platform());
  request.set_model(sync.target_model());
  for (const auto& [local_id, item] : rendered.items) {
    const std::string& entity = item->delivery->entity_id();
    if (!IsNobody(entity) && stands.try_emplace(entity).second) request.add_entity_ids(entity);
  }
  if (request.entity_ids().empty()) return stands;
  ASSIGN_OR_RETURN(const v1::GetReplicaStandsResponse response, parts.stands(request));
  if (response.stands_size() != request.entity_ids_size())
    return absl::InternalError("GetReplicaStands: the answer does not fit the question");
  for (int i = 0; i < response.stands_size(); ++i) stands[request.entity_ids(i)] = response.stands(i);
  return stands;
}

// Unpublished, or marked as deleted: what is still there is lost only once.
bool HasLeftSo(const Item* before, v1::LeaveAction action) {
  if (before == nullptr || before->shape->departure == nullptr || action == v1::LEAVE_ACTION_DELETE)
    return false;
  return before->shape->departure->action == action && !IsRefused(*before);
}

void JudgeLeaving(const RoutedChange& change, const Departure& departure, const Item* before,
                  Rehearsed* rehearsed) {
  if (departure.is_skip) {
    rehearsed->outcome = v1::REHEARSED_OUTCOME_SKIPPED;
    return;
  }
  const bool stays_out = departure.action == v1::LEAVE_ACTION_KEEP && rehearsed->stand.is_detached();
  if (!rehearsed->stand.is_there() || (stays_out && !change.is_delete())) {
    rehearsed->outcome = change.is_delete() ? v1::REHEARSED_OUTCOME_GONE : v1::REHEARSED_OUTCOME_OUT_OF_SCOPE;
    return;
  }
  rehearsed->outcome = v1::REHEARSED_OUTCOME_LEAVE;
  rehearsed->leaves = departure.action;
  rehearsed->is_taken_away =
      !change.is_delete() && TakesAway(departure.action) && !HasLeftSo(before, departure.action);
}

// What `Plan` would say of it.
void Judge(const RoutedChange& change, const Item& item, const Item* before, Rehearsed* rehearsed) {
  const v1::ReplicaStand& stand = rehearsed->stand;
  if (item.outcome.has_value()) {
    rehearsed->outcome = v1::REHEARSED_OUTCOME_REFUSED;
    rehearsed->reason = item.outcome->error().reason();
  } else if (item.shape->departure != nullptr) {
    JudgeLeaving(change, *item.shape->departure, before, rehearsed);
  } else if (!stand.is_there()) {
    rehearsed->outcome = v1::REHEARSED_OUTCOME_CREATE;
  } else {
    const std::string fingerprint = FingerprintOf(change, item);
    const bool has_it = stand.is_settled() && !stand.is_detached() && !fingerprint.empty() &&
                        fingerprint == stand.fingerprint();
    rehearsed->outcome = has_it ? v1::REHEARSED_OUTCOME_UNCHANGED : v1::REHEARSED_OUTCOME_UPDATE;
  }
}

}  // namespace

Rehearsal::Rehearsal(const RehearseParts& parts, const v1::Sync& sync, const v1::Rules& before,
                     const v1::Rules& after)
    : parts_(parts),
      sync_(sync),
      before_(RulesOfWay(before, sync, /*with_guards=*/true)),
      after_(RulesOfWay(after, sync, /*with_guards=*/false)) {}

absl::Status Rehearsal::Run(const google::protobuf::RepeatedPtrField<v1::Change>& changes,
                            absl::FunctionRef<void(const Rehearsed&)> tell) const {
  if (changes.empty()) return absl::OkStatus();
  const bus::v1::ChangeBatch batch = BatchOf(sync_, changes);
  google::protobuf::Arena arena;
  Rendered before, after;
  RETURN_IF_ERROR(RenderPage(before_, batch, parts_.ledger, &arena, &before));
  RETURN_IF_ERROR(RenderPage(after_, batch, parts_.ledger, &arena, &after));
  ASSIGN_OR_RETURN(const Stands stands, StandsOf(parts_, sync_, after));
  for (const v1::Change& change : changes) {
    const Item* const item = after.Find(change.local_id());
    if (item == nullptr) continue;
    const Item* const was = before.Find(change.local_id());
    const auto show = [&](v1::RehearsedRecord* record) {
      if (was != nullptr) ShowRecord(before.ChangeOf(*was), *was, record->mutable_before());
      ShowRecord(after.ChangeOf(*item), *item, record->mutable_after());
    };
    Rehearsed rehearsed{.change = &change, .reason = {}, .stand = {}, .show = show};
    const auto stand = stands.find(item->delivery->entity_id());
    if (stand != stands.end()) rehearsed.stand = stand->second;
    Judge(after.ChangeOf(*item), *item, was, &rehearsed);
    tell(rehearsed);
  }
  return absl::OkStatus();
}

}  // namespace cognate::transformer
