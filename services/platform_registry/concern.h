// What changes of the configuration concern: of many syncs those few that may come out otherwise.
#pragma once

#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "cognate/v1/sync.pb.h"

namespace cognate::platform_registry {

struct Concern {
  bool everything = false;
  absl::flat_hash_set<std::string> platforms;                     // they, or a model of theirs, by id
  absl::flat_hash_set<std::pair<std::string, std::string>> ways;  // syncs between these two platforms
  absl::flat_hash_set<std::string> pipelines;                     // by name
  bool platforms_came = false;                                    // conditions may name them
  bool platforms_went = false;

  bool empty() const { return !everything && platforms.empty() && ways.empty() && pipelines.empty(); }
  void Add(const Concern& other);
  // Whether what is compiled of the sync, or why it is broken, may be otherwise than before. It follows from
  // the sync, both platforms with their catalogues, the syncs between the two (where references lead), the
  // pipelines that it names, and from which platforms there are where a condition asks for assignments.
  bool Has(const v1::Sync& sync) const;
};

}  // namespace cognate::platform_registry
