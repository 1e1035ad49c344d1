// The ways that records go, and which of them a sync takes.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "cognate/v1/sync.pb.h"

namespace cognate::feedback {

// From a model of a source to a model of a target.
struct Way {
  std::string source_platform;
  std::string source_model;
  std::string target_platform;
  std::string target_model;

  auto operator<=>(const Way&) const = default;
  template <typename H>
  friend H AbslHashValue(H state, const Way& way) {
    return H::combine(std::move(state), way.source_platform, way.source_model, way.target_platform,
                      way.target_model);
  }
};

inline Way WayOf(const v1::Sync& sync) {
  return {sync.source_platform(), sync.source_model(), sync.target_platform(), sync.target_model()};
}

// On which a mirror removes records from where they are.
inline Way RemovalWayOf(const v1::Sync& sync) {
  return {sync.target_platform(), sync.target_model(), sync.target_platform(), sync.target_model()};
}

// The ways of all syncs, active and paused, at one revision of the rules.
class Ways {
 public:
  explicit Ways(const v1::Rules& rules) : revision_(rules.revision()) {
    for (const v1::CompiledSync& compiled : rules.syncs()) {
      ways_.insert(WayOf(compiled.sync()));
      if (compiled.sync().mirror()) ways_.insert(RemovalWayOf(compiled.sync()));
    }
  }

  int64_t revision() const { return revision_; }
  bool Has(const Way& way) const { return ways_.contains(way); }

 private:
  const int64_t revision_;
  absl::flat_hash_set<Way> ways_;
};

}  // namespace cognate::feedback
