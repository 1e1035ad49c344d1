#include "common/transform/makers.h"

#include <utility>

#include "common/value/value.h"

namespace cognate::transform {
namespace {

// What both makers do around their function: nothing for what is not listed, NULL for NULL.
template <typename Function>
RunStep Around(const KnownField& from, int to, Function function) {
  return [field = from.field.name(), from = from.slot, to, function = std::move(function)](
             WorkingRecord& record, const Context&) -> std::optional<Stop> {
    const v1::Value* const value = record.Get(from);
    if (value == nullptr || value->has_null_value()) {
      record.Set(to, value);
      return std::nullopt;
    }
    if (value->has_omitted_value()) return StopAt(field, LeftOut(value->omitted_value()));
    auto* const made = google::protobuf::Arena::CreateMessage<v1::Value>(record.arena());
    if (const Failed failed = function(*value, made); failed.has_value()) return StopAt(field, *failed);
    if (IsTooLarge(*made)) return StopAt(field, TooLarge());
    record.Set(to, made);
    return std::nullopt;
  };
}

}  // namespace

void AddValueStep(Compiler& compiler, const KnownField& from, const std::string& into, v1::ModelField holds,
                  ValueFunction function, bool holds_references) {
  holds.set_nullable(holds.nullable() || from.field.nullable());
  const int to = compiler.Write("into", IntoOf(from.field.name(), into), std::move(holds), holds_references);
  compiler.Run(Around(from, to, std::move(function)));
}

void AddTextStep(Compiler& compiler, const std::string& field, const std::string& into,
                 const LimitFunction& limit, TextFunction function) {
  const std::optional<KnownField> from = compiler.Read("field", field, kTexts, kWantText);
  if (!from.has_value()) return WriteAnything(compiler, IntoOf(field, into));
  AddValueStep(compiler, *from, into, TextField(limit(from->field.max_length())),
               [function = std::move(function)](const v1::Value& value, v1::Value* to) -> Failed {
                 if (!value.has_text_value()) return WrongType(value, kWantText);
                 to->set_text_value(function(value.text_value()));
                 return std::nullopt;
               });
}

}  // namespace cognate::transform
