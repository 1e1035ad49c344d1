#include "common/transform/chain.h"

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "common/transform/compiler.h"
#include "common/transform/step.h"

namespace cognate::transform {

struct Chain::Program {
  Compiler::Result compiled;
  absl::flat_hash_map<std::string, const KnownField*> after;
};

namespace {

condition::Subject SubjectOf(const WorkingRecord& record, const Context& context) {
  return {record.values(), context.old_source, context.assigned};
}

bool Holds(const Step& step, const WorkingRecord& record, const Context& context) {
  return !step.when.has_value() || step.when->Matches(SubjectOf(record, context));
}

std::optional<Stop> RunStepOf(const Step& step, WorkingRecord& record, const Context& context) {
  std::optional<Stop> stop = step.run(record, context);
  if (stop.has_value()) {
    stop->error.set_message(absl::StrCat(step.path, " (", step.word, "): ", stop->error.message()));
  }
  return stop;
}

v1::Fields Show(const std::vector<NamedSlot>& slots, const WorkingRecord& record) {
  v1::Fields fields;
  for (const NamedSlot& each : slots) {
    const v1::Value* const value = record.Get(each.slot);
    if (value == nullptr) continue;
    v1::Field* const field = fields.add_fields();
    field->set_name(each.name);
    *field->mutable_value() = *value;
  }
  return fields;
}

}  // namespace

Chain::Chain() : program_(std::make_unique<Program>()) {}
Chain::Chain(Chain&&) noexcept = default;
Chain& Chain::operator=(Chain&&) noexcept = default;
Chain::~Chain() = default;

Chain Chain::Compile(const Transforms& transforms, absl::Span<const v1::ModelField> fields,
                     std::vector<FieldViolation>* violations, const condition::Assignments& assignments) {
  Chain chain;
  Compiler compiler(fields, assignments, violations);
  if (transforms.size() > kMaxSteps) {
    violations->push_back(
        {"transforms", absl::StrCat("got ", transforms.size(), " steps, want at most ", kMaxSteps)});
    return chain;
  }
  for (int i = 0; i < transforms.size(); ++i) compiler.Add(transforms[i], i, "");
  chain.Adopt(compiler);
  return chain;
}

Chain Chain::Compile(const CompiledSteps& steps, absl::Span<const v1::ModelField> fields,
                     std::vector<FieldViolation>* violations, const condition::Assignments& assignments) {
  Chain chain;
  Compiler compiler(fields, assignments, violations);
  if (steps.size() > kMaxChainSteps) {
    violations->push_back({"transforms", absl::StrCat("got ", steps.size(),
                                                      " steps with those of the pipelines, "
                                                      "want at most ",
                                                      kMaxChainSteps)});
    return chain;
  }
  for (const v1::CompiledStep& step : steps) compiler.Add(step.transform(), step.place(), step.pipeline());
  chain.Adopt(compiler);
  return chain;
}

void Chain::Adopt(Compiler& compiler) {
  program_->compiled = compiler.Take();
  for (const KnownField& known : program_->compiled.fields)
    program_->after.emplace(known.field.name(), &known);
}

bool Chain::empty() const { return program_->compiled.steps.empty(); }
size_t Chain::slots() const { return program_->compiled.slots; }

const v1::ModelField* Chain::FieldAfter(absl::string_view name) const {
  const auto found = program_->after.find(name);
  return found == program_->after.end() ? nullptr : &found->second->field;
}

int Chain::SlotAfter(absl::string_view name) const {
  const auto found = program_->after.find(name);
  return found == program_->after.end() ? -1 : found->second->slot;
}

bool Chain::HoldsReferencesAfter(absl::string_view name) const {
  const auto found = program_->after.find(name);
  return found != program_->after.end() && found->second->holds_references;
}

std::vector<v1::ModelField> Chain::FieldsAfter() const {
  std::vector<v1::ModelField> fields;
  for (const KnownField& known : program_->compiled.fields) fields.push_back(known.field);
  return fields;
}

const std::vector<std::string>& Chain::reads() const { return program_->compiled.reads; }
bool Chain::reads_old() const { return program_->compiled.reads_old; }
const std::vector<std::string>& Chain::assigned_platforms() const {
  return program_->compiled.assigned_platforms;
}

std::optional<Stop> Chain::Run(WorkingRecord& record, const Context& context) const {
  for (const Step& step : program_->compiled.steps) {
    if (!Holds(step, record, context)) continue;
    if (std::optional<Stop> stop = RunStepOf(step, record, context); stop.has_value()) return stop;
  }
  return std::nullopt;
}

std::optional<Stop> Chain::RunTraced(WorkingRecord& record, const Context& context,
                                     std::vector<StepTrace>* trace) const {
  for (const Step& step : program_->compiled.steps) {
    StepTrace& told = trace->emplace_back();
    told.step = step.index;
    told.pipeline = step.pipeline;
    told.word = step.word;
    if (!Holds(step, record, context)) {
      told.is_passed = true;
      told.because = step.when->Explain(SubjectOf(record, context));
      continue;
    }
    told.before = Show(step.reads, record);
    std::optional<Stop> stop = RunStepOf(step, record, context);
    if (stop.has_value()) return stop;
    told.after = Show(step.writes, record);
  }
  return std::nullopt;
}

}  // namespace cognate::transform
