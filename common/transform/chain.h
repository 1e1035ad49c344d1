// The chain of a sync: its transforms, checked against the fields that the source has, and run on one record
// after another. The contract of each step is in proto/cognate/v1/transform*.proto.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "cognate/v1/model.pb.h"
#include "cognate/v1/outcome.pb.h"
#include "cognate/v1/sync.pb.h"
#include "cognate/v1/transform.pb.h"
#include "common/condition/condition.h"
#include "common/script/script.h"
#include "common/status/error.h"
#include "common/transform/working_record.h"

namespace cognate::transform {

using Transforms = google::protobuf::RepeatedPtrField<v1::Transform>;
using CompiledSteps = google::protobuf::RepeatedPtrField<v1::CompiledStep>;

class Compiler;

// A record that the chain does not let through: refused with an error, or skipped by a script.
struct Stop {
  bool is_skipped = false;
  v1::OutcomeError error;  // `field` names the field of the record at hand; `message` says the step, too
};

// What a step may look at beside the record at hand.
struct Context {
  absl::Span<const v1::Value* const> source;      // the record as the chain began, by the source's slots
  absl::Span<const v1::Value* const> old_source;  // before this change, where it is known
  absl::Span<const std::string> assigned;         // platforms
  const script::SyncFacts* sync = nullptr;
};

// What one step did, for previews.
struct StepTrace {
  int step = 0;              // its place in the sync's or the pipeline's transforms
  std::string pipeline;      // `pipelines/{id}`; empty for the sync's own
  std::string word;          // `split`
  bool is_passed = false;    // its condition does not hold
  std::string because;       // then: why
  v1::Fields before, after;  // the fields that it reads and writes
};

// Immutable; thread safe; movable.
class Chain {
 public:
  // An empty chain: the record goes through as it is.
  Chain();
  // `fields` are the source model's, in their order: their places are the first slots. What is wrong goes
  // into `violations`, all of it at once, with paths such as `transforms[2].split.field`; the chain is then
  // of no use. `assignments` are those that the steps' conditions may ask for.
  static Chain Compile(const Transforms& transforms, absl::Span<const v1::ModelField> fields,
                       std::vector<FieldViolation>* violations,
                       const condition::Assignments& assignments = {});
  // The same of a chain with pipelines in it; paths of their steps are such as
  // `pipelines/site.transforms[2].split.field`.
  static Chain Compile(const CompiledSteps& steps, absl::Span<const v1::ModelField> fields,
                       std::vector<FieldViolation>* violations,
                       const condition::Assignments& assignments = {});
  Chain(Chain&&) noexcept;
  Chain& operator=(Chain&&) noexcept;
  ~Chain();

  bool empty() const;
  // Slots that a working record needs: those of the source, then those that the steps add.
  size_t slots() const;
  // What the record has after the chain: what is known of each field (FIELD_TYPE_UNSPECIFIED: anything) and
  // its slot. nullptr and -1 if there is no such field.
  const v1::ModelField* FieldAfter(absl::string_view name) const;
  int SlotAfter(absl::string_view name) const;
  std::vector<v1::ModelField> FieldsAfter() const;
  // Whether the field is a reference then, or has some inside.
  bool HoldsReferencesAfter(absl::string_view name) const;
  // The source fields that any step reads; what no step reads and no mapping takes need not be there.
  const std::vector<std::string>& reads() const;
  // Whether a condition or a script looks at the record before the change.
  bool reads_old() const;
  // Platforms that conditions of steps ask assignments for; each once.
  const std::vector<std::string>& assigned_platforms() const;

  // `record` has at least slots() slots and begins as the source's record, the others without a value.
  // nullopt if it went through. What is written lives on the record's arena or in the chain; a record that
  // was stopped is of no use.
  std::optional<Stop> Run(WorkingRecord& record, const Context& context) const;
  // The same, and tells each step.
  std::optional<Stop> RunTraced(WorkingRecord& record, const Context& context,
                                std::vector<StepTrace>* trace) const;

 private:
  struct Program;
  void Adopt(Compiler& compiler);
  std::unique_ptr<Program> program_;
};

}  // namespace cognate::transform
