// Rules, prepared for the inner loop: for every source model the fields that are looked at, by number, and
// what goes where.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/sync.pb.h"
#include "common/value/fingerprint.h"

namespace cognate::transformer {

// Records that a field refers to, and what they are called on a target.
struct ReferencePlan {
  std::string source_model;
  std::string target_platform;
  std::string target_model;  // empty while no sync brings them there

  bool operator==(const ReferencePlan&) const = default;
};

// One written field.
struct FieldPlan {
  uint32_t slot = 0;  // of SourcePlan.slots: the source field
  const v1::CompiledField* rule = nullptr;
  int reference = -1;  // of SourcePlan.references

  bool is_reference() const { return reference >= 0; }
};

// A record of one source model on one target: what all active syncs between the two write together.
struct TargetPlan {
  std::string platform;
  std::string model;
  std::vector<std::string> syncs;  // `syncs/{id}`, by name
  std::vector<std::string> key_fields;
  std::vector<FieldPlan> fields;
};

// What syncs from one other model write into this one: what to compare to recognise an echo.
struct EchoShape {
  std::vector<FieldPlan> fields;
  value::Fingerprinter fingerprinter;
};

// Everything that a change of one model needs.
struct SourcePlan {
  std::string platform;
  std::string model;
  std::vector<std::string> slots;  // names of the fields that are looked at
  std::vector<TargetPlan> targets;
  std::vector<ReferencePlan> references;  // of all targets
  std::vector<std::string> paused_syncs;  // take no changes now
  std::vector<EchoShape> echoes;

  // -1 if nobody looks at this field.
  int SlotOf(absl::string_view field) const;
  // A sync names it as its source, active or not.
  bool is_source() const { return !targets.empty() || !paused_syncs.empty(); }

 private:
  friend class RuleSet;
  uint32_t AddSlot(const std::string& field);
  int AddReference(ReferencePlan reference);

  absl::flat_hash_map<std::string, uint32_t> slot_numbers_;
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
  void AddSync(const v1::CompiledSync& compiled);

  const v1::Rules rules_;
  absl::flat_hash_map<std::string, absl::flat_hash_map<std::string, std::unique_ptr<SourcePlan>>> plans_;
};

}  // namespace cognate::transformer
