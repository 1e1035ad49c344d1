// What one sync does to a record before its fields are mapped: whether the record is in scope, the chain of
// transforms, and how the target's record is left.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "cognate/v1/sync.pb.h"
#include "common/condition/condition.h"
#include "common/script/script.h"
#include "common/transform/chain.h"
#include "services/transformer/field_plan.h"

namespace cognate::transformer {

// Records by the source's ids; without any, every record is in scope.
struct IdLists {
  absl::flat_hash_set<std::string> only, ignored;

  bool empty() const { return only.empty() && ignored.empty(); }
  bool Take(absl::string_view local_id) const {
    return (only.empty() || only.contains(local_id)) && !ignored.contains(local_id);
  }
  // Why, in words: "7 is in ignore_ids".
  std::string Explain(absl::string_view local_id) const;
};

struct SyncPart {
  std::string sync;  // `syncs/{id}`
  script::SyncFacts facts;
  std::optional<condition::Condition> filter;
  bool only_assigned = false;  // to the target
  IdLists ids;
  transform::Chain chain;
  // Why the sync cannot run by the catalogue as it is now; empty if it can.
  std::string broken;

  // Every record is in scope, and goes on as it is.
  bool is_plain() const { return !only_assigned && ids.empty() && !reads_everything(); }
  // What comes out depends on more than the mapped fields.
  bool reads_everything() const { return filter.has_value() || !chain.empty() || !broken.empty(); }
  // The slot of a field after the chain; -1 if there is none.
  int SlotAfter(absl::string_view field, int source_slot) const {
    return chain.empty() ? source_slot : chain.SlotAfter(field);
  }
};

// Whether the filter and the assignments take a record in.
bool Takes(const SyncPart& part, const condition::Subject& subject);

// `fields` are the source's, by slot.
SyncPart MakeSyncPart(const v1::CompiledSync& compiled, absl::Span<const v1::ModelField> fields);

// How a record is left: what is written into it, if anything is.
struct Departure {
  v1::LeaveAction action = v1::LEAVE_ACTION_DELETE;
  std::vector<v1::CompiledField> rules;
  std::vector<FieldPlan> fields;  // of `rules`
  std::vector<v1::Value> values;  // of `fields`; one without a kind is the time of the change
  bool is_skip = false;           // the chain has passed the record over
  bool stays = false;             // it would be taken away, and a sync is guarded: for now it stays as it is

  bool writes() const { return !fields.empty(); }
};

// Whether the target loses what leaves so: it is deleted, marked as deleted or unpublished.
bool TakesAway(v1::LeaveAction action);

// `fields` are those of the target that the policy names.
Departure MakeDeparture(const v1::LeavePolicy& policy,
                        const google::protobuf::RepeatedPtrField<v1::ModelField>& fields);

}  // namespace cognate::transformer
