// Rules, prepared for the inner loop: for every source model the fields that are looked at, by number, and
// what goes where.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cognate/v1/sync.pb.h"
#include "common/value/fingerprint.h"
#include "services/transformer/expansion_plan.h"
#include "services/transformer/field_plan.h"
#include "services/transformer/sync_part.h"

namespace cognate::transformer {

struct RecordChange;

// Where the name stands in which records are written (CompiledActingPath).
struct ActingPath {
  uint32_t slot = 0;
  std::string model, model_field;  // of the record that it names; empty: it is the name itself
};

// A record of one source model on one target: what all active syncs between the two write together.
struct TargetPlan {
  std::string platform;
  std::string model;
  bool only_assigned =
      false;  // each of its syncs takes only what is assigned to the platform, and none is broken
  std::vector<SyncPart> parts;  // one for each sync, by name
  std::vector<std::string> key_fields;
  std::vector<FieldPlan> fields;
  std::vector<ActingPath> acting;  // of the first sync by name that has any
  // The first sync with natural keys, which tells what they are and what is done; null: none has any.
  const v1::Sync* contact = nullptr;
  bool nests = false;       // as FieldPlan's, of any field
  bool comes_back = false;  // as SourcePlan::comes_back, of the target model
  // Of its syncs, which all have the same. Unless zero, changes are kept back as they come: runs bring them.
  absl::Duration interval;
  bool TakesNow(const RecordChange& change) const;
  bool KeepsBack(const RecordChange& change) const;
  Departure leave;      // when the record leaves the scope of all parts
  Departure on_delete;  // when it is deleted at the source
  // Of its syncs those with a guard: what would be taken away by the rules stays meanwhile.
  std::vector<const v1::Sync*> guarded;
  // Whether the last state of a deleted record matters: one that had left before is not the target's to lose.
  bool detaches() const { return leave.action == v1::LEAVE_ACTION_DETACH; }
  // Source slots that decide what is written: those that are mapped, and all that a filter or a chain reads.
  std::vector<bool> reads;

  std::vector<std::string> syncs() const;  // of all parts
};

// What syncs from one other model write into this one: what to compare to recognise an echo.
struct EchoShape {
  std::vector<FieldPlan> fields;
  value::Fingerprinter fingerprinter;
  std::vector<bool> writes;  // by slot

  // Whether an echo of this shape says all that the target looks at.
  bool Covers(const TargetPlan& target) const;
};

// Everything that a change of one model needs.
struct SourcePlan {
  std::string platform;
  std::string model;
  std::vector<std::string> slots;  // names of the fields that are looked at
  std::vector<TargetPlan> targets;
  // Their places: of those with only_assigned, by platform, and of the others.
  absl::flat_hash_map<std::string, std::vector<size_t>> assigned_targets;
  std::vector<size_t> open_targets;
  std::vector<ReferencePlan> references;  // of all targets
  // Syncs that take no changes now: why, in words.
  struct Idle {
    std::string sync;
    std::string why;
  };
  std::vector<Idle> idle_syncs;
  std::vector<EchoShape> echoes;
  // Active syncs that write to this model, by name.
  struct Writer {
    std::string sync;
    std::string platform;  // the sync's source
  };
  std::vector<Writer> writers;
  // Models that are made of this one's records.
  std::vector<ExpansionPlan> expansions;
  // A sync that writes to this model is a mirror: the records themselves, where runs remove them. No target
  // of changes.
  std::unique_ptr<TargetPlan> mirror;
  // The sync's source.
  std::string mirrored_platform, mirrored_model;
  // The change is such a removal.
  bool Removes(const RecordChange& change) const;
  // Active syncs lead from this model, over others, back to it.
  bool comes_back = false;

  // -1 if nobody looks at this field.
  int SlotOf(absl::string_view field) const;
  // A sync names it as its source, active or not.
  bool is_source() const { return !targets.empty() || !idle_syncs.empty(); }
  bool any_target_detaches() const;
  // Of `references`: where a reference that a chain has made leads; -1 if no step says so.
  int ReferenceOf(const v1::Reference& made, const std::string& target_platform) const;
  // What becomes of a record depends on its assignments.
  bool asks_assignments = false;
  // A chain looks at what the record was before.
  bool asks_former = false;
  // A target's records are written in somebody's name.
  bool asks_acting = false;

 private:
  friend class RuleSet;
  uint32_t AddSlot(const v1::ModelField& field);
  int AddReference(ReferencePlan reference);
  TargetPlan& TargetFor(const v1::CompiledSync& compiled);

  absl::flat_hash_map<std::string, uint32_t> slot_numbers_;
  absl::flat_hash_map<std::pair<std::string, std::string>, size_t> target_places_;  // by platform and model
  absl::flat_hash_map<ReferencePlan, int> reference_places_;
  std::vector<v1::ModelField> fields_;  // of `slots`
};

// Immutable; thread safe.
class RuleSet {
 public:
  explicit RuleSet(v1::Rules rules);
  RuleSet(const RuleSet&) = delete;
  RuleSet& operator=(const RuleSet&) = delete;

  int64_t revision() const { return rules_.revision(); }
  const v1::Rules& rules() const { return rules_; }
  // nullptr if no sync has to do with the model.
  const SourcePlan* Find(absl::string_view platform, absl::string_view model) const;

 private:
  SourcePlan& PlanFor(const std::string& platform, const std::string& model);
  void AddSlots(const v1::CompiledSync& compiled);
  void AddActingSlots(const v1::CompiledSync& compiled);
  void AddExpansionSlots(const v1::CompiledExpansion& compiled);
  void AddSync(const v1::CompiledSync& compiled);
  void AddExpansion(const v1::CompiledExpansion& compiled);
  void AddMirror(const v1::CompiledSync& compiled);
  static void AddReferences(const v1::CompiledSync& compiled, const std::string& target_platform,
                            SourcePlan& plan);
  void MarkWaysBack();
  void IndexTargets();
  void AddEchoes(const std::vector<const v1::CompiledSync*>& syncs);

  const v1::Rules rules_;
  absl::flat_hash_map<std::string, absl::flat_hash_map<std::string, std::unique_ptr<SourcePlan>>> plans_;
};

}  // namespace cognate::transformer
