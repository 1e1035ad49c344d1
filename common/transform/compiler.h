// Compiles a chain step by step: knows which fields there are at this point and what they can hold, and
// collects everything that is wrong.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "cognate/v1/model.pb.h"
#include "cognate/v1/transform.pb.h"
#include "common/status/error.h"
#include "common/transform/known_field.h"
#include "common/transform/step.h"

namespace cognate::transform {

inline constexpr int kMaxSteps = 200;         // of a sync, or of a pipeline
inline constexpr int kMaxChainSteps = 1'000;  // of both together
inline constexpr int kMaxTableEntries = 10'000;

class Compiler {
 public:
  // `assignments` are those that conditions may ask for; they outlive the compiler.
  Compiler(absl::Span<const v1::ModelField> source, const condition::Assignments& assignments,
           std::vector<FieldViolation>* violations);

  // `pipeline` is empty for a step of the sync itself.
  void Add(const v1::Transform& transform, int index, absl::string_view pipeline);

  // For the steps' own sources.

  // A violation at `transforms[2].split.` and `part`.
  void Wrong(absl::string_view part, absl::string_view description);
  // The field that the step reads. nullopt with a violation if there is none of this name, or if it can never
  // be one of `types`, which are called `want`.
  std::optional<KnownField> Read(absl::string_view part, const std::string& name, TypeSet types = kEverything,
                                 absl::string_view want = "");
  // As Read, for a field that need not be there: nullopt without a violation.
  std::optional<KnownField> ReadIfThere(absl::string_view part, const std::string& name, TypeSet types,
                                        absl::string_view want);
  // As Read, for a field whose value the step does not look at.
  std::optional<KnownField> Find(absl::string_view part, const std::string& name);
  // The field that the step writes, and what it then holds. The slot; -1 with a violation without a name.
  // `keeps_old`: it may also keep what it has.
  int Write(absl::string_view part, const std::string& name, v1::ModelField holds,
            bool holds_references = false, bool keeps_old = false);
  // The field is gone after this step.
  void Remove(const std::string& name);
  // What a step under a condition may meet: what a field holds where another condition holds is none of its.
  TypeSet OrReferences(TypeSet types) const { return is_conditional_ ? types | kReferences : types; }
  // A step that takes any field reads all of the source.
  void ReadEverything();
  // It also looks at the record before the change.
  void ReadOld() { reads_old_ = true; }
  // A value that is written in a sync. False with a violation if no record could carry it.
  bool CheckValue(absl::string_view part, const v1::Value& value);
  void Run(RunStep run) { step_.run = std::move(run); }

  // Of all fields that are there now, by slot.
  std::vector<KnownField> Fields() const;
  const std::vector<NamedSlot>& source() const { return source_; }

  // What came out.
  struct Result {
    std::vector<Step> steps;
    size_t slots = 0;
    std::vector<KnownField> fields;
    std::vector<std::string> reads;
    std::vector<std::string> assigned_platforms;
    bool reads_old = false;
  };
  Result Take();

 private:
  void CompileStep(const v1::Transform& transform);
  void CompileWhen(const std::string& when);
  const KnownField* Find(absl::string_view name) const;
  void NoteRead(const KnownField& known);
  int SlotFor(const std::string& name);
  std::string Names() const;

  const condition::Assignments& assignments_;
  std::vector<FieldViolation>* const violations_;
  std::vector<NamedSlot> source_;
  std::vector<v1::ModelField> source_fields_;
  absl::flat_hash_map<std::string, int> slots_;  // of every name that ever was
  absl::flat_hash_map<std::string, KnownField> fields_;
  std::set<int> reads_;  // slots of the source
  std::set<std::string> assigned_platforms_;
  bool reads_old_ = false;
  std::vector<Step> steps_;
  Step step_;
  // Of the step at hand.
  bool is_wrong_ = false;
  bool is_conditional_ = false;
  bool reads_left_out_ = false;  // what it reads may have been left out
};

// `got "x", want …`, or `got nothing, want …`.
std::string GotWant(absl::string_view got, absl::string_view want);

}  // namespace cognate::transform
