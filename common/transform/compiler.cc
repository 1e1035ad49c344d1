#include "common/transform/compiler.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/transform/steps.h"
#include "common/value/convert.h"
#include "common/value/refusal.h"
#include "common/value/value.h"

namespace cognate::transform {

using absl::StrCat;
using v1::ModelField;
using v1::Transform;

std::string GotWant(absl::string_view got, absl::string_view want) {
  return got.empty() ? StrCat("got nothing, want ", want) : StrCat("got \"", got, "\", want ", want);
}

Compiler::Compiler(absl::Span<const ModelField> source, const condition::Assignments& assignments,
                   std::vector<FieldViolation>* violations)
    : assignments_(assignments), violations_(violations), source_fields_(source.begin(), source.end()) {
  for (size_t i = 0; i < source.size(); ++i) {
    const int slot = static_cast<int>(i);
    source_.push_back({source[i].name(), slot});
    slots_.emplace(source[i].name(), slot);
    fields_.emplace(source[i].name(), KnownField{source[i], slot, false});
  }
}

void Compiler::Add(const Transform& transform, int index, absl::string_view pipeline) {
  step_ = Step();
  step_.pipeline = std::string(pipeline);
  step_.path = StrCat(pipeline, pipeline.empty() ? "" : ".", "transforms[", index, "]");
  is_wrong_ = false;
  is_conditional_ = !transform.when().empty();
  reads_left_out_ = false;
  step_.index = index;
  const google::protobuf::FieldDescriptor* const word =
      Transform::descriptor()->FindFieldByNumber(transform.step_case());
  if (word == nullptr) {
    violations_->push_back({step_.path, "got no step, want one, such as rename, constant or template"});
    return;
  }
  step_.word = word->name();
  if (is_conditional_) CompileWhen(transform.when());
  CompileStep(transform);
  if (!is_wrong_ && step_.run) steps_.push_back(std::move(step_));
}

void Compiler::CompileStep(const Transform& transform) {
  switch (transform.step_case()) {
    case Transform::kRename:
      return Compile(*this, transform.rename());
    case Transform::kCopy:
      return Compile(*this, transform.copy());
    case Transform::kDrop:
      return Compile(*this, transform.drop());
    case Transform::kConstant:
      return Compile(*this, transform.constant());
    case Transform::kDefault:
      return Compile(*this, transform.default_());
    case Transform::kCoalesce:
      return Compile(*this, transform.coalesce());
    case Transform::kConcat:
      return Compile(*this, transform.concat());
    case Transform::kSplit:
      return Compile(*this, transform.split());
    case Transform::kTemplate:
      return Compile(*this, transform.template_());
    case Transform::kChangeCase:
      return Compile(*this, transform.change_case());
    case Transform::kTrim:
      return Compile(*this, transform.trim());
    case Transform::kTruncate:
      return Compile(*this, transform.truncate());
    case Transform::kSlug:
      return Compile(*this, transform.slug());
    case Transform::kTransliterate:
      return Compile(*this, transform.transliterate());
    case Transform::kStripTags:
      return Compile(*this, transform.strip_tags());
    case Transform::kLookUp:
      return Compile(*this, transform.look_up());
    case Transform::kTruthy:
      return Compile(*this, transform.truthy());
    case Transform::kToInteger:
      return Compile(*this, transform.to_integer());
    case Transform::kToDecimal:
      return Compile(*this, transform.to_decimal());
    case Transform::kChangeTime:
      return Compile(*this, transform.change_time());
    case Transform::kGetPath:
      return Compile(*this, transform.get_path());
    case Transform::kSetPath:
      return Compile(*this, transform.set_path());
    case Transform::kDecode:
      return Compile(*this, transform.decode());
    case Transform::kEncode:
      return Compile(*this, transform.encode());
    case Transform::kRewritePrefix:
      return Compile(*this, transform.rewrite_prefix());
    case Transform::kRewriteUrls:
      return Compile(*this, transform.rewrite_urls());
    case Transform::kReference:
      return Compile(*this, transform.reference());
    case Transform::kMask:
      return Compile(*this, transform.mask());
    case Transform::kHash:
      return Compile(*this, transform.hash());
    case Transform::kStatusFromDeleted:
      return Compile(*this, transform.status_from_deleted());
    case Transform::kScript:
      return Compile(*this, transform.script());
    case Transform::STEP_NOT_SET:
      return;
  }
}

void Compiler::CompileWhen(const std::string& when) {
  condition::Names names;
  names.find_field = [this](absl::string_view name, bool old) -> std::optional<condition::FieldInfo> {
    const ModelField* field = nullptr;
    int slot = -1;
    if (old) {
      const auto found = std::find_if(source_.begin(), source_.end(),
                                      [&](const NamedSlot& source) { return source.name == name; });
      if (found == source_.end()) return std::nullopt;
      slot = found->slot;
      field = &source_fields_[static_cast<size_t>(slot)];
    } else {
      const KnownField* const known = Find(name);
      if (known == nullptr) return std::nullopt;
      slot = known->slot;
      field = &known->field;
    }
    return condition::FieldInfo{slot,
                                field->type(),
                                field->element_type(),
                                {field->enum_labels().begin(), field->enum_labels().end()}};
  };
  names.assignments = assignments_;
  for (const KnownField& known : Fields()) names.known_fields.push_back(known.field.name());
  absl::StatusOr<condition::Condition> parsed = condition::Condition::Parse(when, names);
  if (!parsed.ok()) {
    violations_->push_back({StrCat(step_.path, ".when"), std::string(parsed.status().message())});
    is_wrong_ = true;
    return;
  }
  assigned_platforms_.insert(parsed->assigned_platforms().begin(), parsed->assigned_platforms().end());
  for (const std::string& name : parsed->fields()) {
    const KnownField* const known = Find(name);
    step_.reads.push_back({name, known->slot});
    NoteRead(*known);
  }
  for (const std::string& name : parsed->old_fields()) reads_.insert(slots_.at(name));
  reads_old_ |= !parsed->old_fields().empty();
  step_.when = *std::move(parsed);
}

void Compiler::Wrong(absl::string_view part, absl::string_view description) {
  is_wrong_ = true;
  violations_->push_back(
      {StrCat(step_.path, ".", step_.word, part.empty() ? "" : ".", part), std::string(description)});
}

const KnownField* Compiler::Find(absl::string_view name) const {
  const auto found = fields_.find(name);
  return found == fields_.end() ? nullptr : &found->second;
}

std::optional<KnownField> Compiler::Read(absl::string_view part, const std::string& name, TypeSet types,
                                         absl::string_view want) {
  return Find(part, name).has_value() ? ReadIfThere(part, name, types, want) : std::nullopt;
}

std::optional<KnownField> Compiler::Find(absl::string_view part, const std::string& name) {
  if (const KnownField* const known = Find(name); known != nullptr) return *known;
  Wrong(part, GotWant(name, StrCat("a field of the record at this step: ", Names())));
  return std::nullopt;
}

std::optional<KnownField> Compiler::ReadIfThere(absl::string_view part, const std::string& name,
                                                TypeSet types, absl::string_view want) {
  const KnownField* const known = Find(name);
  if (known == nullptr) return std::nullopt;
  if (!IsIn(*known, types)) {
    const std::string got = known->holds_references
                                ? StrCat(name, ", which holds references to other records")
                                : value::Named(known->field);
    Wrong(part, StrCat("got ", got, ", want ", want.empty() ? "a plain value" : want));
    return std::nullopt;
  }
  step_.reads.push_back({name, known->slot});
  reads_left_out_ |= known->may_be_left_out;
  NoteRead(*known);
  return *known;
}

void Compiler::NoteRead(const KnownField& known) {
  if (static_cast<size_t>(known.slot) < source_.size()) reads_.insert(known.slot);
}

int Compiler::SlotFor(const std::string& name) {
  return slots_.emplace(name, static_cast<int>(slots_.size())).first->second;
}

int Compiler::Write(absl::string_view part, const std::string& name, ModelField holds, bool holds_references,
                    bool keeps_old) {
  if (name.empty()) {
    Wrong(part, "got nothing, want the name of the field to write");
    return -1;
  }
  holds.set_name(name);
  holds.clear_has_default();
  holds.clear_generated();
  const int slot = SlotFor(name);
  KnownField known = {std::move(holds), slot, holds_references};
  known.may_be_left_out = reads_left_out_;
  const KnownField* const old = Find(name);
  if (old == nullptr && is_conditional_) {
    known.field.set_nullable(true);
    known.may_be_left_out = true;
  }
  if (old != nullptr && (keeps_old || is_conditional_)) {
    known.field = Either(old->field, known.field);
    known.holds_references |= old->holds_references;
    known.may_be_left_out |= old->may_be_left_out;
  }
  fields_[name] = std::move(known);
  step_.writes.push_back({name, slot});
  return slot;
}

void Compiler::Remove(const std::string& name) {
  step_.writes.push_back({name, SlotFor(name)});
  if (!is_conditional_) {
    fields_.erase(name);
  } else if (const auto found = fields_.find(name); found != fields_.end()) {
    found->second.field.set_nullable(true);
    found->second.may_be_left_out = true;
  }
}

void Compiler::ReadEverything() {
  for (const NamedSlot& source : source_) reads_.insert(source.slot);
}

bool Compiler::CheckValue(absl::string_view part, const v1::Value& value) {
  const ModelField anything;
  switch (value.kind_case()) {
    case v1::Value::KIND_NOT_SET:
      return Wrong(part, "got nothing, want a value; null_value is NULL"), false;
    case v1::Value::kReferenceValue:
    case v1::Value::kOmittedValue:
    case v1::Value::kEncodedValue:
    case v1::Value::kFileValue:
      return Wrong(part, StrCat("got a value of the kind ", value::KindName(value),
                                ", want one that a record of the source could hold")),
             false;
    case v1::Value::kListValue:
      return std::all_of(value.list_value().values().begin(), value.list_value().values().end(),
                         [&](const v1::Value& each) { return CheckValue(part, each); });
    case v1::Value::kMapValue:
      return std::all_of(value.map_value().fields().begin(), value.map_value().fields().end(),
                         [&](const v1::Field& each) { return CheckValue(part, each.value()); });
    default:
      break;
  }
  if (const std::optional<v1::OutcomeError> error = value::CheckType(value, anything); error.has_value()) {
    absl::string_view message = error->message();
    Wrong(part, message.substr(message.find("got")));
    return false;
  }
  return true;
}

std::vector<KnownField> Compiler::Fields() const {
  std::vector<KnownField> fields;
  for (const auto& [name, known] : fields_) fields.push_back(known);
  std::sort(fields.begin(), fields.end(),
            [](const KnownField& a, const KnownField& b) { return a.slot < b.slot; });
  return fields;
}

std::string Compiler::Names() const {
  constexpr size_t kShown = 30;
  std::vector<std::string> names;
  for (const KnownField& known : Fields()) names.push_back(known.field.name());
  const bool more = names.size() > kShown;
  if (more) names.resize(kShown);
  return StrCat(absl::StrJoin(names, ", "), more ? ", …" : "");
}

Compiler::Result Compiler::Take() {
  Result result;
  result.steps = std::move(steps_);
  result.slots = slots_.size();
  result.fields = Fields();
  for (const int slot : reads_) result.reads.push_back(source_[static_cast<size_t>(slot)].name);
  result.reads_old = reads_old_;
  result.assigned_platforms.assign(assigned_platforms_.begin(), assigned_platforms_.end());
  return result;
}

}  // namespace cognate::transform
