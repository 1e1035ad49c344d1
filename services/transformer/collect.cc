#include "services/transformer/collect.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "common/value/value.h"

namespace cognate::transformer {
namespace {

std::vector<RecordChange> InVersionOrder(absl::Span<const bus::v1::ChangeBatch* const> batches) {
  std::vector<RecordChange> changes;
  for (const bus::v1::ChangeBatch* batch : batches) {
    for (const bus::v1::LoggedChange& logged : batch->changes()) {
      if (logged.model_index() < 0 || logged.model_index() >= batch->models_size()) continue;
      const bus::v1::ChangedModel& model = batch->models(logged.model_index());
      RecordChange& change = changes.emplace_back();
      change.logged = &logged;
      change.platform = model.platform();
      change.model = model.model();
      change.allow_incomplete = batch->allow_incomplete();
      change.is_live = !batch->is_replay();
      if (!batch->target_platform().empty()) change.only.push_back(batch->target_platform());
    }
  }
  const auto older = [](const RecordChange& a, const RecordChange& b) {
    return a.logged->version() < b.logged->version();
  };
  if (!std::is_sorted(changes.begin(), changes.end(), older)) {
    std::stable_sort(changes.begin(), changes.end(), older);
  }
  return changes;
}

// It goes where another of its record goes as well.
void AddTargets(const RecordChange& again, RecordChange* change) {
  if (change->only.empty()) return;
  if (again.only.empty()) return change->only.clear();
  for (const absl::string_view platform : again.only) {
    if (!change->Wants(platform)) change->only.push_back(platform);
  }
}

// The same version twice, such as a change and its replay.
void Merge(const RecordChange& again, RecordChange* change) {
  change->allow_incomplete |= again.allow_incomplete;
  change->is_live &= again.is_live;
  AddTargets(again, change);
}

// The newest change of each record, of those that were added in version order.
class Newest {
 public:
  void Add(RecordChange change) {
    const auto [known, is_new] = places_.emplace(NameOf(change), changes_.size());
    if (is_new) {
      changes_.push_back(std::move(change));
    } else if (RecordChange& before = changes_[known->second];
               before.logged->version() == change.logged->version()) {
      Merge(change, &before);
    } else {
      // A renewed one may be meant for one target; it stands for what the older is to others.
      AddTargets(before, &change);
      change.is_live &= before.is_live;
      if (change.delivered_entity.empty() && !before.is_delete())
        change.delivered_entity = before.delivered_entity;
      before = std::move(change);
    }
  }

  // What is known of this record goes no further; empty if that is nothing.
  std::optional<RecordChange> Forget(const RecordChange& change) {
    if (places_.empty()) return std::nullopt;
    const auto known = places_.find(NameOf(change));
    if (known == places_.end()) return std::nullopt;
    RecordChange forgotten = changes_[known->second];
    changes_[known->second].logged = nullptr;
    places_.erase(known);
    return forgotten;
  }

  // A delivery has deleted the record: what comes now under its id is not of that entity.
  void ForgetWhose(const RecordChange& change) {
    const auto known = places_.find(NameOf(change));
    if (known != places_.end()) changes_[known->second].delivered_entity = {};
  }

  // A delete is followed by a delivery of another entity, whose record has the id now.
  void GiveEnded(const RecordChange& delivery, Newest* deletes) const {
    const auto known = places_.find(NameOf(delivery));
    if (known == places_.end()) return;
    const RecordChange& before = changes_[known->second];
    if (before.is_delete() && before.logged->origin_entity_id() != delivery.logged->origin_entity_id())
      deletes->Add(before);
  }

  // A delivery to a record says whose it was before, too.
  void SayWhose(const RecordChange& delivery) {
    if (places_.empty()) return;
    const auto known = places_.find(NameOf(delivery));
    if (known == places_.end()) return;
    RecordChange& before = changes_[known->second];
    if (before.delivered_entity.empty() && !before.is_delete())
      before.delivered_entity = delivery.logged->origin_entity_id();
  }

  // In waves of their own.
  void MoveTo(size_t max_changes, std::vector<Wave>* waves) {
    const size_t first = waves->size();
    for (RecordChange& change : changes_) {
      if (change.logged == nullptr) continue;
      if (waves->size() == first || waves->back().size() >= max_changes) waves->emplace_back();
      waves->back().push_back(std::move(change));
    }
  }

 private:
  using Name = std::tuple<absl::string_view, absl::string_view, absl::string_view>;
  static Name NameOf(const RecordChange& change) {
    return Name(change.platform, change.model, change.logged->local_id());
  }

  std::vector<RecordChange> changes_;
  absl::flat_hash_map<Name, size_t> places_;
};

}  // namespace

bool RecordChange::Wants(absl::string_view target_platform) const {
  return only.empty() || std::find(only.begin(), only.end(), target_platform) != only.end();
}

bus::v1::LoggedChange& AddLogged(const v1::Change& change, bus::v1::ChangeBatch* batch) {
  bus::v1::LoggedChange& logged = *batch->add_changes();
  logged.set_version(change.version());
  logged.set_local_id(change.local_id());
  logged.set_operation(change.operation());
  logged.set_capture_time_us(value::MicrosOf(change.capture_time()));
  v1::Fields fields;
  *fields.mutable_fields() = change.fields();
  logged.set_fields(fields.SerializeAsString());
  return logged;
}

std::vector<Wave> Collect(absl::Span<const bus::v1::ChangeBatch* const> batches, size_t max_changes) {
  Newest own, delivered, ended;
  for (RecordChange& change : InVersionOrder(batches)) {
    if (change.is_delivered()) {
      own.SayWhose(change);
      delivered.GiveEnded(change, &ended);
      delivered.Add(std::move(change));
    } else {
      const std::optional<RecordChange> before = delivered.Forget(change);
      if (before && before->is_delete()) {
        own.ForgetWhose(change);
        ended.Add(*before);
      }
      if (before && !before->is_delete()) change.delivered_entity = before->logged->origin_entity_id();
      if (before) change.is_live &= before->is_live;
      own.Add(std::move(change));
    }
  }
  std::vector<Wave> waves;
  ended.MoveTo(max_changes, &waves);
  own.MoveTo(max_changes, &waves);
  delivered.MoveTo(max_changes, &waves);
  return waves;
}

}  // namespace cognate::transformer
