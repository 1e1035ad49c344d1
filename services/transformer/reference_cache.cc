#include "services/transformer/reference_cache.h"

#include <utility>

namespace cognate::transformer {

const KnownReference* ReferenceCache::Find(const std::string& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return nullptr;
  if (found->second.expiry > clock_.Now()) return &found->second.known;
  entries_.erase(found);
  return nullptr;
}

void ReferenceCache::Put(const std::string& key, KnownReference known) {
  if (entries_.size() >= capacity_) entries_.clear();  // rare, and everything in it is young
  entries_[key] = {std::move(known), clock_.Now() + time_to_live_};
}

}  // namespace cognate::transformer
