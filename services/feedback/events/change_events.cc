#include "services/feedback/events/change_events.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "common/status/status_macros.h"

namespace cognate::feedback {
namespace {

constexpr int kMaxEntities = 1'000;  // of one call

bool IsTarget(const v1::Replica& replica, const v1::RecordKey& source) {
  const v1::RecordKey& record = replica.record();
  const bool is_source = record.platform() == source.platform() && record.model() == source.model();
  return !is_source && replica.desired_version() > 0 && replica.state() != v1::REPLICA_STATE_DETACHED;
}

TroubleKey KeyOf(const v1::Replica& replica) {
  return {Uuid::Parse(replica.entity_id()).value_or(Uuid()), replica.record().platform(),
          replica.record().model()};
}

std::string Word(v1::ReplicaState state) {
  return std::string(absl::StripPrefix(v1::ReplicaState_Name(state), "REPLICA_STATE_"));
}

}  // namespace

void ChangeEvents::Add(v1::Event event, WatchPosition position) {
  const auto [found, is_new] =
      places_.try_emplace(std::pair(event.entity_id(), event.version()), changes_.size());
  if (is_new) changes_.push_back({std::move(event), position, {}});
}

absl::Status ChangeEvents::FindTargets() {
  absl::flat_hash_map<std::string, std::vector<Change*>> changes;  // by entity
  v1::BatchGetReplicasRequest request;
  const auto ask = [&]() -> absl::Status {
    ASSIGN_OR_RETURN(const v1::BatchGetReplicasResponse answer,
                     parts_.peers.registry().BatchGetReplicas(request, CallContext()));
    for (const v1::Replica& replica : answer.replicas()) {
      for (Change* const change : changes[replica.entity_id()]) {
        if (IsTarget(replica, change->event.source())) change->targets.push_back(replica);
      }
    }
    request.clear_entity_ids();
    return absl::OkStatus();
  };
  for (Change& change : changes_) {
    const absl::StatusOr<Uuid> entity = Uuid::Parse(change.event.entity_id());
    if (!entity.ok()) continue;
    std::vector<Change*>& same = changes[change.event.entity_id()];
    if (same.empty()) request.add_entity_ids(std::string(entity->AsBytes()));
    same.push_back(&change);
    if (request.entity_ids_size() == kMaxEntities) RETURN_IF_ERROR(ask());
  }
  return request.entity_ids().empty() ? absl::OkStatus() : ask();
}

absl::StatusOr<std::vector<std::pair<v1::Event, WatchPosition>>> ChangeEvents::LookUp() {
  std::vector<std::pair<v1::Event, WatchPosition>> events;
  std::vector<TroubleKey> late;
  RETURN_IF_ERROR(FindTargets());
  for (const Change& change : changes_) {
    for (const v1::Replica& target : change.targets) {
      if (target.applied_version() < change.event.version()) late.push_back(KeyOf(target));
    }
  }
  absl::flat_hash_map<TroubleKey, v1::ReplicaState> states;
  ASSIGN_OR_RETURN(const std::vector<Trouble> troubles, parts_.troubles.Find(late));
  for (const Trouble& trouble : troubles) states[trouble.key] = trouble.state;
  for (Change& change : changes_) {
    if (!change.targets.empty()) Describe(states, change);
    events.emplace_back(std::move(change.event), change.position);
  }
  return events;
}

void ChangeEvents::Describe(const absl::flat_hash_map<TroubleKey, v1::ReplicaState>& states,
                            Change& change) const {
  v1::Event& event = change.event;
  std::vector<std::string> waiting;
  for (const v1::Replica& target : change.targets) {
    if (target.applied_version() >= event.version()) continue;
    const auto state = states.find(KeyOf(target));
    waiting.push_back(absl::StrCat(target.record().platform(), " waits (",
                                   Word(state == states.end() ? v1::REPLICA_STATE_PENDING : state->second),
                                   ")"));
  }
  event.set_kind(v1::EVENT_KIND_CHANGE);
  event.set_target_count(static_cast<int>(change.targets.size()));
  event.set_applied_count(static_cast<int>(change.targets.size() - waiting.size()));
  const v1::RecordKey& source = event.source();
  event.set_sentence(absl::StrCat(source.model(), " ", source.local_id(), " of ", source.platform(),
                                  ": version ", event.version(), " is applied on ", event.applied_count(),
                                  " of ", event.target_count(),
                                  event.target_count() == 1 ? " platform" : " platforms",
                                  waiting.empty() ? "" : "; ", absl::StrJoin(waiting, ", "), "."));
}

}  // namespace cognate::feedback
