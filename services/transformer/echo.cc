#include "services/transformer/echo.h"

#include <algorithm>

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
    const v1::Value* const value = routed.ValueOf(change, field);
    if (value == nullptr || value->has_omitted_value()) return false;
    const bool plain = field.rule->is_reference() ||
                       value::Convert(*value, field.rule->target_field(), &normal[i]).has_value();
    values[i] = plain ? value : &normal[i];
  }
  return shape.fingerprinter.Of(values) == fingerprint;
}

}  // namespace

std::vector<bool> FindEchoes(const Routed& routed, const Resolved& resolved) {
  std::vector<bool> echoes(routed.changes.size(), false);
  for (size_t i = 0; i < routed.changes.size(); ++i) {
    const RoutedChange& change = routed.changes[i];
    const absl::string_view fingerprint = resolved.records[i].fingerprint;
    if (fingerprint.empty() || change.is_delete()) continue;
    const std::vector<EchoShape>& shapes = change.plan->echoes;
    echoes[i] = std::any_of(shapes.begin(), shapes.end(), [&](const EchoShape& shape) {
      return IsEcho(routed, change, shape, fingerprint);
    });
  }
  return echoes;
}

}  // namespace cognate::transformer
