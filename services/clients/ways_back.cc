#include "services/clients/ways_back.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace cognate::clients {
namespace {

using Ways = absl::flat_hash_map<ModelName, std::vector<ModelName>>;

// Finds the models that lie on rings, in one walk over all ways (Tarjan): in the order in which they are met,
// a model from which the walk has come back to an earlier one that is still open is on a ring with it.
class RingFinder {
 public:
  explicit RingFinder(const Ways& ways) : ways_(ways) {}

  absl::flat_hash_set<ModelName> Find() {
    for (const auto& [model, targets] : ways_)
      if (!numbers_.contains(model)) Walk(model);
    return std::move(found_);
  }

 private:
  struct Number {
    size_t met = 0;       // in which order
    size_t earliest = 0;  // of what it leads to and is still open
    bool is_open = true;
  };
  struct Step {
    ModelName model;
    size_t next = 0;  // of its targets
  };

  const std::vector<ModelName>& TargetsOf(const ModelName& model) const {
    static const auto& kNone = *new std::vector<ModelName>();
    const auto found = ways_.find(model);
    return found == ways_.end() ? kNone : found->second;
  }

  void Enter(const ModelName& model) {
    numbers_[model] = {numbers_.size(), numbers_.size(), true};
    open_.push_back(model);
    path_.push_back({model});
  }

  // Without recursion: a chain of ways may be long.
  void Walk(const ModelName& start) {
    Enter(start);
    while (!path_.empty()) {
      Step& step = path_.back();
      const std::vector<ModelName>& targets = TargetsOf(step.model);
      if (step.next < targets.size()) {
        const ModelName& target = targets[step.next++];
        if (target == step.model) found_.insert(target);
        const auto known = numbers_.find(target);
        if (known == numbers_.end()) {
          Enter(target);
        } else if (known->second.is_open) {
          Number& number = numbers_.at(step.model);
          number.earliest = std::min(number.earliest, known->second.met);
        }
        continue;
      }
      Leave();
    }
  }

  void Leave() {
    const ModelName model = std::move(path_.back().model);
    path_.pop_back();
    const Number number = numbers_.at(model);
    if (!path_.empty()) {
      Number& before = numbers_.at(path_.back().model);
      before.earliest = std::min(before.earliest, number.earliest);
    }
    if (number.earliest < number.met) return;
    const bool is_ring = open_.back() != model;
    while (true) {
      const ModelName member = std::move(open_.back());
      open_.pop_back();
      numbers_.at(member).is_open = false;
      if (is_ring) found_.insert(member);
      if (member == model) return;
    }
  }

  const Ways& ways_;
  absl::flat_hash_map<ModelName, Number> numbers_;
  std::vector<ModelName> open_;  // met, and not known yet to which ring they belong
  std::vector<Step> path_;
  absl::flat_hash_set<ModelName> found_;
};

}  // namespace

bool TakesChanges(const v1::CompiledSync& compiled) {
  return compiled.sync().status() != v1::SYNC_STATUS_PAUSED && compiled.broken().empty();
}

absl::flat_hash_set<ModelName> ModelsOnWaysBack(const v1::Rules& rules) {
  Ways ways;
  for (const v1::CompiledSync& compiled : rules.syncs()) {
    const v1::Sync& sync = compiled.sync();
    if (!TakesChanges(compiled)) continue;
    ways[{sync.source_platform(), sync.source_model()}].emplace_back(sync.target_platform(),
                                                                     sync.target_model());
  }
  return RingFinder(ways).Find();
}

}  // namespace cognate::clients
