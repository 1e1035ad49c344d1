// Steps that move values between fields, and write ones that stand in the sync.
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/transform/makers.h"
#include "common/transform/steps.h"
#include "common/value/value.h"

namespace cognate::transform {
namespace {

std::string Part(absl::string_view list, int index) { return absl::StrCat(list, "[", index, "]"); }

v1::ModelField NotNull(v1::ModelField field) {
  field.set_nullable(false);
  return field;
}

}  // namespace

void Compile(Compiler& compiler, const v1::RenameField& step) {
  if (step.field() == step.into() && !step.field().empty()) {
    compiler.Wrong("into",
                   absl::StrCat("got ", step.into(), ", which is the field itself, want another name"));
  }
  const std::optional<KnownField> from = compiler.Read("field", step.field());
  if (from.has_value()) compiler.Remove(step.field());
  const int to = from.has_value() ? compiler.Write("into", step.into(), from->field, from->holds_references)
                                  : compiler.Write("into", step.into(), v1::ModelField());
  if (!from.has_value()) return;
  compiler.Run([from = from->slot, to](WorkingRecord& record, const Context&) -> std::optional<Stop> {
    record.Set(to, record.Get(from));
    record.Drop(from);
    return std::nullopt;
  });
}

void Compile(Compiler& compiler, const v1::CopyField& step) {
  if (step.field() == step.into() && !step.field().empty()) {
    compiler.Wrong("into",
                   absl::StrCat("got ", step.into(), ", which is the field itself, want another name"));
  }
  const std::optional<KnownField> from = compiler.Read("field", step.field());
  const int to = from.has_value() ? compiler.Write("into", step.into(), from->field, from->holds_references)
                                  : compiler.Write("into", step.into(), v1::ModelField());
  if (!from.has_value()) return;
  compiler.Run([from = from->slot, to](WorkingRecord& record, const Context&) -> std::optional<Stop> {
    record.Set(to, record.Get(from));
    return std::nullopt;
  });
}

void Compile(Compiler& compiler, const v1::DropFields& step) {
  if (step.fields().empty()) compiler.Wrong("fields", "got none, want at least one field to drop");
  std::vector<int> slots;
  for (int i = 0; i < step.fields_size(); ++i) {
    const std::optional<KnownField> known = compiler.Find(Part("fields", i), step.fields(i));
    if (!known.has_value()) continue;
    slots.push_back(known->slot);
    compiler.Remove(step.fields(i));
  }
  compiler.Run([slots](WorkingRecord& record, const Context&) -> std::optional<Stop> {
    for (const int slot : slots) record.Drop(slot);
    return std::nullopt;
  });
}

void Compile(Compiler& compiler, const v1::SetConstant& step) {
  compiler.CheckValue("value", step.value());
  const int to = compiler.Write("into", step.into(), FieldOf(step.value()));
  compiler.Run([value = std::make_shared<const v1::Value>(step.value()), to](
                   WorkingRecord& record, const Context&) -> std::optional<Stop> {
    record.Set(to, value.get());
    return std::nullopt;
  });
}

void Compile(Compiler& compiler, const v1::SetDefault& step) {
  compiler.CheckValue("value", step.value());
  if (value::IsNull(step.value())) {
    compiler.Wrong("value", "got NULL, want a value that stands in for it");
  }
  const std::optional<KnownField> from = compiler.Read("field", step.field());
  if (!from.has_value()) return WriteAnything(compiler, step.field());
  const v1::ModelField holds = NotNull(Either(from->field, FieldOf(step.value())));
  compiler.Write("field", step.field(), holds, from->holds_references);
  compiler.Run(
      [value = std::make_shared<const v1::Value>(step.value()), slot = from->slot,
       also_empty = step.also_empty()](WorkingRecord& record, const Context&) -> std::optional<Stop> {
        const v1::Value* const there = record.Get(slot);
        const bool stays = there != nullptr && !there->has_null_value() &&
                           !(also_empty && there->has_text_value() && there->text_value().empty());
        if (!stays) record.Set(slot, value.get());
        return std::nullopt;
      });
}

void Compile(Compiler& compiler, const v1::Coalesce& step) {
  if (step.fields().empty()) compiler.Wrong("fields", "got none, want at least one field");
  std::vector<NamedSlot> from;
  std::optional<v1::ModelField> holds;
  bool holds_references = false;
  bool may_be_null = true;
  for (int i = 0; i < step.fields_size(); ++i) {
    const std::optional<KnownField> known = compiler.Read(Part("fields", i), step.fields(i));
    if (!known.has_value()) continue;
    from.push_back({step.fields(i), known->slot});
    holds = holds.has_value() ? Either(*holds, known->field) : known->field;
    holds_references |= known->holds_references;
    may_be_null &= known->field.nullable();
  }
  if (!holds.has_value()) return WriteAnything(compiler, step.into());
  holds->set_nullable(may_be_null);
  const int to = compiler.Write("into", step.into(), *holds, holds_references);
  compiler.Run([from, to](WorkingRecord& record, const Context&) -> std::optional<Stop> {
    const v1::Value* first = nullptr;
    for (const NamedSlot& each : from) {
      const v1::Value* const value = record.Get(each.slot);
      if (value == nullptr) continue;
      if (value->has_omitted_value()) return StopAt(each.name, LeftOut(value->omitted_value()));
      first = value;
      if (!value->has_null_value()) break;
    }
    record.Set(to, first);
    return std::nullopt;
  });
}

}  // namespace cognate::transform
