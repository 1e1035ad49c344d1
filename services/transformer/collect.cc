#include "services/transformer/collect.h"

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"

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
      before = std::move(change);
    }
  }

  // What is known of this record goes no further, but for where it was to go at once. A delete is given to
  // `deletes`.
  void Forget(RecordChange& change, Newest* deletes) {
    if (places_.empty()) return;
    const auto known = places_.find(NameOf(change));
    if (known == places_.end()) return;
    RecordChange& forgotten = changes_[known->second];
    change.is_live &= forgotten.is_live;
    if (forgotten.is_delete()) deletes->Add(forgotten);
    forgotten.logged = nullptr;
    places_.erase(known);
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

std::vector<Wave> Collect(absl::Span<const bus::v1::ChangeBatch* const> batches, size_t max_changes) {
  Newest own, delivered, ended;
  for (RecordChange& change : InVersionOrder(batches)) {
    if (change.is_delivered()) {
      delivered.Add(std::move(change));
    } else {
      delivered.Forget(change, &ended);
      own.Add(std::move(change));
    }
  }
  std::vector<Wave> waves;
  // What is made with the same id after a delivery has deleted the record is another one: known only when the
  // ledger has heard of the delete.
  ended.MoveTo(max_changes, &waves);
  own.MoveTo(max_changes, &waves);
  delivered.MoveTo(max_changes, &waves);
  return waves;
}

}  // namespace cognate::transformer
