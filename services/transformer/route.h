// Which targets take a change, and the values of the fields that they look at.
#pragma once

#include <cstdint>
#include <vector>

#include "cognate/v1/value.pb.h"
#include "google/protobuf/arena.h"
#include "services/transformer/collect.h"
#include "services/transformer/rule_set.h"

namespace cognate::transformer {

struct RoutedChange {
  const RecordChange* change = nullptr;
  const SourcePlan* plan = nullptr;
  size_t values = 0;                     // where its slots begin in Routed.values
  const v1::Field* unfit_key = nullptr;  // its key cannot be a local id: refused by every target

  const bus::v1::LoggedChange& logged() const { return *change->logged; }
  bool is_delete() const { return change->is_delete(); }
  // By a mirror, from its own platform.
  bool is_removed() const { return plan->Removes(*change); }
  // Under which it is planned and delivered. Where a version can come back to its record it keeps its number
  // on the way, so that it ends there.
  int64_t version() const {
    const bool keeps = change->is_delivered() && plan->comes_back;
    return keeps ? logged().origin_version() : logged().version();
  }
};

struct Routed {
  std::vector<RoutedChange> changes;
  // One for each slot of the plan; nullptr where the change does not list the field. For deletes, the
  // last state of the record, and only where a target detaches.
  std::vector<const v1::Value*> values;
  // Changes of records that others are made of (SourcePlan.expansions), whoever takes the records themselves.
  std::vector<RoutedChange> parents;
  // Changes whose fields cannot be read: a broken log. They go no further.
  std::vector<const RecordChange*> unreadable;
};

// Changes that no active sync takes are left out, but for deletes of models that are the source of some sync:
// the record is gone for all of them; as long as the change is kept back from a target it is not. What is
// kept back from all and may meet an edit there is routed, to no target, so that the ledger hears of it.
// Values live on `arena`; `wave` and `rules` outlive the answer.
Routed Route(const RuleSet& rules, const Wave& wave, google::protobuf::Arena* arena);

}  // namespace cognate::transformer
