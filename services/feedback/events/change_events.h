#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "cognate/v1/event.pb.h"
#include "services/feedback/events/position.h"
#include "services/feedback/parts.h"

namespace cognate::feedback {

// Makes of what single targets took one EVENT_KIND_CHANGE for each change: on how many of its targets it is,
// and what the others wait for.
class ChangeEvents {
 public:
  explicit ChangeEvents(const Parts& parts) : parts_(parts) {}

  // An event of one target; those of the same change count once.
  void Add(v1::Event event, WatchPosition position);
  size_t size() const { return changes_.size(); }
  // Asks the ledger. UNAVAILABLE while it is away. What it does not know is told as it was added.
  absl::StatusOr<std::vector<std::pair<v1::Event, WatchPosition>>> LookUp();

 private:
  struct Change {
    v1::Event event;
    WatchPosition position;
    std::vector<v1::Replica> targets;
  };
  absl::Status FindTargets();
  void Describe(const absl::flat_hash_map<TroubleKey, v1::ReplicaState>& states, Change& change) const;

  const Parts& parts_;
  std::vector<Change> changes_;
  absl::flat_hash_map<std::pair<std::string, int64_t>, size_t> places_;  // by entity and version
};

}  // namespace cognate::feedback
