#include "services/transformer/route.h"

#include <algorithm>
#include <string>

namespace cognate::transformer {
namespace {

// Records of one model mostly list the same fields in the same order: then a comparison for each field says
// its slot.
class SlotMemo {
 public:
  int SlotOf(const SourcePlan& plan, int position, const std::string& name) {
    if (&plan != plan_) {
      plan_ = &plan;
      names_.clear();
      slots_.clear();
    }
    const auto at = static_cast<size_t>(position);
    if (at < names_.size() && *names_[at] == name) return slots_[at];
    names_.resize(std::max(names_.size(), at + 1), &kNoName);
    slots_.resize(names_.size(), -1);
    names_[at] = &name;
    return slots_[at] = plan.SlotOf(name);
  }

 private:
  static const std::string kNoName;
  const SourcePlan* plan_ = nullptr;
  std::vector<const std::string*> names_;  // of fields of earlier changes, on the arena
  std::vector<int> slots_;
};
const std::string SlotMemo::kNoName;

bool IsTaken(const SourcePlan& plan, const RecordChange& change) {
  const auto any_target = [&](bool (TargetPlan::*takes)(const RecordChange&) const) {
    return std::any_of(plan.targets.begin(), plan.targets.end(),
                       [&](const TargetPlan& target) { return (target.*takes)(change); });
  };
  if (any_target(&TargetPlan::TakesNow) || plan.Removes(change)) return true;
  const bool is_kept_back = any_target(&TargetPlan::KeepsBack);
  return change.is_delete() ? plan.is_source() && !is_kept_back : is_kept_back && !plan.writers.empty();
}

// An amended change is not what the record holds; what comes of it does as soon as it is captured.
bool IsExpanded(const SourcePlan& plan, const RecordChange& change) {
  return !plan.expansions.empty() && !change.logged->is_amended();
}

}  // namespace

Routed Route(const RuleSet& rules, const Wave& wave, google::protobuf::Arena* arena) {
  Routed routed;
  routed.changes.reserve(wave.size());
  SlotMemo memo;
  const SourcePlan* plan = nullptr;
  for (const RecordChange& change : wave) {
    if (plan == nullptr || plan->model != change.model || plan->platform != change.platform) {
      plan = rules.Find(change.platform, change.model);
    }
    if (plan == nullptr) continue;
    const bool is_taken = IsTaken(*plan, change);
    const bool is_expanded = IsExpanded(*plan, change);
    if (!is_taken && !is_expanded) continue;
    RoutedChange one{&change, plan, routed.values.size()};
    if (!change.is_delete() || plan->any_target_detaches() || plan->asks_acting) {
      auto* const fields = google::protobuf::Arena::CreateMessage<v1::Fields>(arena);
      if (!fields->ParseFromString(change.logged->fields())) {
        routed.unreadable.push_back(&change);
        continue;
      }
      routed.values.resize(one.values + plan->slots.size(), nullptr);
      for (int i = 0; i < fields->fields_size(); ++i) {
        const v1::Field& field = fields->fields(i);
        if (field.value().has_omitted_value() && field.value().omitted_value().is_key())
          one.unfit_key = &field;
        const int slot = memo.SlotOf(*plan, i, field.name());
        if (slot >= 0) routed.values[one.values + static_cast<size_t>(slot)] = &field.value();
      }
    }
    if (is_taken) routed.changes.push_back(one);
    if (is_expanded) routed.parents.push_back(one);
  }
  return routed;
}

}  // namespace cognate::transformer
