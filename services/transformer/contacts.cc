#include "services/transformer/contacts.h"

#include <algorithm>

namespace cognate::transformer {
namespace {

constexpr size_t kShownIds = 10;

}  // namespace

void Contacts::AddTarget(const std::string& local_id, const KeyHashes& hashes) {
  const auto place = static_cast<uint32_t>(targets_.size());
  targets_.push_back(local_id);
  for (size_t key = 0; key < hashes.size(); ++key) {
    if (!hashes[key].empty()) by_key_[key][hashes[key]].targets.push_back(place);
  }
}

bool Contacts::AddSource(const std::string& local_id, const KeyHashes& hashes) {
  for (size_t key = 0; key < hashes.size(); ++key) {
    const auto found = hashes[key].empty() ? by_key_[key].end() : by_key_[key].find(hashes[key]);
    if (found == by_key_[key].end()) continue;
    Met& met = found->second;
    ++met.source_count;
    if (met.sources.size() < kShownIds) met.sources.push_back(local_id);
    return true;
  }
  return false;
}

void Contacts::Tell(int samples, v1::MatchRecordsResponse* response) const {
  // By different keys several source records may meet one of the target's.
  std::vector<int64_t> met_by(targets_.size(), 0);
  for (const auto& key : by_key_) {
    for (const auto& [hash, met] : key) {
      for (const uint32_t target : met.targets) met_by[target] += met.source_count;
    }
  }
  for (const auto& key : by_key_) {
    for (const auto& [hash, met] : key) {
      if (met.source_count == 0) continue;
      const bool is_ambiguous = met.targets.size() > 1 || met_by[met.targets.front()] > 1;
      if (is_ambiguous) {
        response->set_ambiguous_count(response->ambiguous_count() + met.source_count);
      } else {
        response->set_matched_count(response->matched_count() + met.source_count);
      }
      auto& shown = is_ambiguous ? *response->mutable_ambiguous() : *response->mutable_matched();
      if (shown.size() < samples) Show(met, shown.Add());
    }
  }
  for (size_t target = 0; target < targets_.size(); ++target) {
    if (met_by[target] > 0) continue;
    response->set_target_only_count(response->target_only_count() + 1);
    if (response->target_only_size() < samples) response->add_target_only()->add_target_ids(targets_[target]);
  }
}

void Contacts::Show(const Met& met, v1::MatchedRecords* shown) const {
  for (const std::string& source : met.sources) shown->add_source_ids(source);
  for (size_t i = 0; i < std::min(met.targets.size(), kShownIds); ++i)
    shown->add_target_ids(targets_[met.targets[i]]);
}

}  // namespace cognate::transformer
