#include "services/transformer/echo.h"

#include "common/value/convert.h"

namespace cognate::transformer {
namespace {

// What is read back passes through the same conversion as what was written: padding and the forms of UUIDs
// vanish on both sides.
bool IsEcho(const Routed& routed, const RoutedChange& change, const EchoShape& shape,
            absl::string_view fingerprint) {
  std::vector<v1::Value> normal(shape.fields.size());
  std::vector<const v1::Value*> values(shape.fields.size());
  for (size_t i = 0; i < shape.fields.size(); ++i) {
    const FieldPlan& field = shape.fields[i];
    const v1::Value* const value =
        field.constant != nullptr ? field.constant : routed.values[change.values + field.slot];
    if (value == nullptr || value->has_omitted_value()) return false;
    const bool plain = field.rule->is_reference() ||
                       value::Convert(*value, field.rule->target_field(), &normal[i]).has_value();
    values[i] = plain ? value : &normal[i];
  }
  return shape.fingerprinter.Of(values) == fingerprint;
}

const EchoShape* EchoOf(const Routed& routed, size_t index, const Resolved& resolved) {
  const RoutedChange& change = routed.changes[index];
  const absl::string_view fingerprint = resolved.records[index].fingerprint;
  if (fingerprint.empty() || change.is_delete()) return nullptr;
  for (const EchoShape& shape : change.plan->echoes) {
    if (IsEcho(routed, change, shape, fingerprint)) return &shape;
  }
  return nullptr;
}

}  // namespace

std::vector<bool> FindEchoes(const Routed& routed, const Candidates& candidates, const Resolved& resolved) {
  std::vector<bool> echoes(candidates.size(), false);
  size_t change = routed.changes.size();  // none yet
  const EchoShape* shape = nullptr;
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (candidates[i].change != change) {
      change = candidates[i].change;
      shape = EchoOf(routed, change, resolved);
    }
    echoes[i] = shape != nullptr && shape->Covers(*candidates[i].target);
  }
  return echoes;
}

}  // namespace cognate::transformer
