#include "services/transformer/collect.h"

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace cognate::transformer {
namespace {

using RecordName = std::tuple<absl::string_view, absl::string_view, absl::string_view>;

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

// The same version twice, such as a change and its replay.
void Merge(const RecordChange& again, RecordChange* change) {
  change->allow_incomplete |= again.allow_incomplete;
  if (change->only.empty()) return;
  if (again.only.empty()) return change->only.clear();
  for (const absl::string_view platform : again.only) {
    if (!change->Wants(platform)) change->only.push_back(platform);
  }
}

}  // namespace

bool RecordChange::Wants(absl::string_view target_platform) const {
  return only.empty() || std::find(only.begin(), only.end(), target_platform) != only.end();
}

std::vector<Wave> Collect(absl::Span<const bus::v1::ChangeBatch* const> batches, size_t max_changes) {
  std::vector<RecordChange> newest;
  absl::flat_hash_map<RecordName, size_t> places;
  for (RecordChange& change : InVersionOrder(batches)) {
    const RecordName name(change.platform, change.model, change.logged->local_id());
    const auto [known, is_new] = places.emplace(name, newest.size());
    if (is_new) {
      newest.push_back(std::move(change));
    } else if (newest[known->second].logged->version() == change.logged->version()) {
      Merge(change, &newest[known->second]);
    } else {
      newest[known->second] = std::move(change);
    }
  }
  std::vector<Wave> waves;
  for (RecordChange& change : newest) {
    if (waves.empty() || waves.back().size() >= max_changes) waves.emplace_back();
    waves.back().push_back(std::move(change));
  }
  return waves;
}

}  // namespace cognate::transformer
