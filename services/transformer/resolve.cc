#include "services/transformer/resolve.h"

#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/value/canonical_text.h"
#include "common/value/local_id.h"

namespace cognate::transformer {
namespace {

using Place = ResolveQuestion::Place;

// Retries must see what is there now; so must what is to break a cycle.
bool MayUseCache(const RecordChange& change) { return change.only.empty() && !change.allow_incomplete; }

std::string CachePrefix(const SourcePlan& plan, const ReferencePlan& reference) {
  return absl::StrCat(plan.platform, "\n", reference.source_model, "\n", reference.target_platform, "\n",
                      reference.target_model, "\n");
}

class Questioner {
 public:
  Questioner(const Routed& routed, const Candidates& candidates, Missing missing, ReferenceCache* cache)
      : routed_(routed), candidates_(candidates), make_(missing == Missing::kMake), cache_(cache) {}

  ResolveQuestion Ask() {
    question_.records.reserve(routed_.changes.size());
    for (const RoutedChange& change : routed_.changes) AskRecord(change);
    ForEachReference(
        routed_, candidates_, [this](size_t i, const FieldPlan&, int number, const v1::Value& value) {
          question_.references.push_back(AskReference(routed_.changes[candidates_[i].change], number, value));
        });
    return std::move(question_);
  }

 private:
  struct GroupKey {
    const SourcePlan* plan;
    int part;  // a reference, kRecords or kDelivered
    bool operator==(const GroupKey&) const = default;
    template <typename H>
    friend H AbslHashValue(H state, const GroupKey& key) {
      return H::combine(std::move(state), key.plan, key.part);
    }
  };
  using Name = std::tuple<const SourcePlan*, int, absl::string_view>;
  static constexpr int kRecords = -1;
  static constexpr int kDelivered = -2;

  // The request gets a group only when there is something to ask: each costs a transaction.
  int32_t GroupFor(const SourcePlan* plan, int part) {
    if (last_group_ >= 0 && last_key_ == GroupKey{plan, part}) return last_group_;
    const auto [known, is_new] = groups_.emplace(GroupKey{plan, part}, question_.request.groups_size());
    if (is_new) {
      v1::ResolveGroup* const group = question_.request.add_groups();
      group->set_platform(plan->platform);
      group->set_create(make_);
      group->set_model(part < 0 ? plan->model : plan->references[static_cast<size_t>(part)].source_model);
      question_.cache_keys.emplace_back();
      if (part >= 0) {
        NameTarget(plan, plan->references[static_cast<size_t>(part)], group);
      } else if (plan->mirror != nullptr) {
        group->set_target_platform(plan->mirrored_platform);
        group->set_target_model(plan->mirrored_model);
      }
    }
    last_key_ = {plan, part};
    return last_group_ = known->second;
  }

  void NameTarget(const SourcePlan* plan, const ReferencePlan& reference, v1::ResolveGroup* group) {
    if (reference.target_model.empty()) return;
    group->set_target_platform(reference.target_platform);
    group->set_target_model(reference.target_model);
    question_.cache_keys.back() = CachePrefix(*plan, reference);
  }

  void AskRecord(const RoutedChange& change) {
    if (change.change->is_delivered()) {
      // The id may not be the entity's yet, for the registry: that comes with the delivery's outcome.
      question_.records.push_back({Place::kCached, static_cast<int32_t>(question_.cached.size())});
      question_.cached.push_back({change.logged().origin_entity_id(), ""});
      if (change.plan->comes_back && make_ && !change.is_delete()) AskDelivered(change);
      return;
    }
    // Deletes, too: one that overtakes its record's create must leave a mark that the create finds.
    const int32_t number = GroupFor(change.plan, kRecords);
    v1::ResolveGroup* const group = question_.request.mutable_groups(number);
    question_.records.push_back({number, group->local_ids_size()});
    group->add_local_ids(change.logged().local_id());
    group->add_versions(change.logged().version());
    AddDelivered(change.change->delivered_entity, group);
  }

  // An edit of this record may be captured before the delivery that made it is settled: the ledger is told
  // whose it is. Nobody looks at the answer.
  void AskDelivered(const RoutedChange& change) {
    v1::ResolveGroup* const group = question_.request.mutable_groups(GroupFor(change.plan, kDelivered));
    group->add_local_ids(change.logged().local_id());
    group->add_versions(change.logged().version());
    AddDelivered(change.logged().origin_entity_id(), group);
  }

  // The group has none at all until one is known.
  static void AddDelivered(absl::string_view entity, v1::ResolveGroup* group) {
    if (entity.empty() && group->delivered_entity_ids().empty()) return;
    while (group->delivered_entity_ids_size() < group->local_ids_size() - 1)
      group->add_delivered_entity_ids();
    group->add_delivered_entity_ids(entity.data(), entity.size());
  }

  Place AskReference(const RoutedChange& change, int number, const v1::Value& value) {
    scratch_.clear();
    if (!AppendReferencedId(value, &scratch_)) return {};
    scratch_ = value::FitLocalId(std::move(scratch_));
    const auto known = places_.find(Name(change.plan, number, scratch_));
    if (known != places_.end()) return known->second;
    Place place;
    const ReferencePlan& reference = change.plan->references[static_cast<size_t>(number)];
    const KnownReference* cached = nullptr;
    if (cache_ != nullptr && !reference.target_model.empty() && MayUseCache(*change.change)) {
      cached = cache_->Find(absl::StrCat(CachePrefix(*change.plan, reference), scratch_));
    }
    if (cached != nullptr) {
      place = {Place::kCached, static_cast<int32_t>(question_.cached.size())};
      question_.cached.push_back(*cached);
    } else {
      const int32_t asked = GroupFor(change.plan, number);
      v1::ResolveGroup* const group = question_.request.mutable_groups(asked);
      place = {asked, group->local_ids_size()};
      group->add_local_ids(scratch_);
    }
    names_.push_back(scratch_);
    places_.emplace(Name(change.plan, number, names_.back()), place);
    return place;
  }

  const Routed& routed_;
  const Candidates& candidates_;
  const bool make_;
  ReferenceCache* const cache_;
  ResolveQuestion question_;
  absl::flat_hash_map<GroupKey, int32_t> groups_;
  GroupKey last_key_ = {nullptr, 0};
  int32_t last_group_ = -1;
  std::string scratch_;
  std::deque<std::string> names_;  // keeps the keys of places_
  absl::flat_hash_map<Name, Place> places_;
};

absl::Status CheckShape(const v1::ResolveRequest& request, const v1::ResolveResponse& response) {
  bool fits = request.groups_size() == response.groups_size();
  for (int i = 0; fits && i < request.groups_size(); ++i) {
    const v1::ResolveGroup& asked = request.groups(i);
    const v1::ResolvedGroup& got = response.groups(i);
    fits = got.entity_ids_size() == asked.local_ids_size() &&
           (asked.target_model().empty() || got.target_local_ids_size() == asked.local_ids_size());
  }
  return fits ? absl::OkStatus() : absl::InternalError("Resolve: the answer does not fit the question");
}

ReferenceIdentity IdentityAt(const Place& place, const ResolveQuestion& question,
                             const v1::ResolveResponse& response) {
  if (place.group == Place::kNone) return {};
  if (place.group == Place::kCached) {
    const KnownReference& known = question.cached[static_cast<size_t>(place.index)];
    return {known.entity_id, known.target_local_id, true};
  }
  const v1::ResolvedGroup& group = response.groups(place.group);
  const bool has_target = place.index < group.target_local_ids_size();
  return {group.entity_ids(place.index),
          has_target ? absl::string_view(group.target_local_ids(place.index)) : absl::string_view(), true};
}

void Keep(const ResolveQuestion& question, const v1::ResolveResponse& response, ReferenceCache* cache) {
  for (int i = 0; i < response.groups_size(); ++i) {
    const std::string& prefix = question.cache_keys[static_cast<size_t>(i)];
    const v1::ResolvedGroup& group = response.groups(i);
    for (int k = 0; !prefix.empty() && k < group.target_local_ids_size(); ++k) {
      if (group.target_local_ids(k).empty()) continue;
      cache->Put(absl::StrCat(prefix, question.request.groups(i).local_ids(k)),
                 {group.entity_ids(k), group.target_local_ids(k)});
    }
  }
}

}  // namespace

bool AppendReferencedId(const v1::Value& value, std::string* out) {
  if (!value.has_reference_value()) return value::AppendCanonicalText(value, out) && !out->empty();
  out->append(value.reference_value().source_local_id());
  return !value.reference_value().source_local_id().empty();
}

ResolveQuestion AskWho(const Routed& routed, const Candidates& candidates, Missing missing,
                       ReferenceCache* cache) {
  return Questioner(routed, candidates, missing, cache).Ask();
}

absl::StatusOr<Resolved> ReadWho(const ResolveQuestion& question, const v1::ResolveResponse& response,
                                 ReferenceCache* cache) {
  if (absl::Status status = CheckShape(question.request, response); !status.ok()) return status;
  Resolved resolved;
  resolved.records.reserve(question.records.size());
  for (const Place& place : question.records) {
    RecordIdentity& record = resolved.records.emplace_back();
    if (place.group == Place::kCached) {
      record.entity_id = question.cached[static_cast<size_t>(place.index)].entity_id;
      continue;
    }
    const v1::ResolvedGroup& group = response.groups(place.group);
    record.entity_id = group.entity_ids(place.index);
    if (place.index < group.fingerprints_size()) record.fingerprint = group.fingerprints(place.index);
    if (place.index < group.applied_versions_size()) {
      record.applied_version = group.applied_versions(place.index);
    }
    if (place.index < group.target_local_ids_size())
      record.is_mirrored = !group.target_local_ids(place.index).empty();
  }
  resolved.references.reserve(question.references.size());
  for (const Place& place : question.references) {
    resolved.references.push_back(IdentityAt(place, question, response));
  }
  if (cache != nullptr) Keep(question, response, cache);
  return resolved;
}

}  // namespace cognate::transformer
