#include "services/transformer/echo.h"

#include <algorithm>

#include "common/value/convert.h"

namespace cognate::transformer {
namespace {

// What is read back passes through the same conversion as what was written: padding and the forms of UUIDs
// vanish on both sides.
std::string FingerprintOf(const Routed& routed, const RoutedChange& change, const EchoShape& shape) {
  std::vector<v1::Value> normal(shape.fields.size());
  std::vector<const v1::Value*> values(shape.fields.size());
  for (size_t i = 0; i < shape.fields.size(); ++i) {
    const FieldPlan& field = shape.fields[i];
    const v1::Value* const value =
        field.constant != nullptr ? field.constant : routed.values[change.values + field.slot];
    if (value == nullptr || value->has_omitted_value()) return "";
    const bool plain = field.rule->is_reference() ||
                       value::Convert(*value, field.rule->target_field(), &normal[i]).has_value();
    values[i] = plain ? value : &normal[i];
  }
  return shape.fingerprinter.Of(values);
}

// nullptr if it is no echo.
const EchoShape* EchoOf(const Routed& routed, const RoutedChange& change, const RecordIdentity& record) {
  if (record.fingerprint.empty() || change.is_delete() || change.change->is_delivered()) return nullptr;
  for (const EchoShape& shape : change.plan->echoes) {
    if (FingerprintOf(routed, change, shape) == record.fingerprint) return &shape;
  }
  return nullptr;
}

bool IsOnlyWriter(const TargetPlan& target, const SourcePlan& source) {
  return std::all_of(source.writers.begin(), source.writers.end(),
                     [&](const SourcePlan::Writer& writer) { return writer.platform == target.platform; });
}

}  // namespace

std::vector<bool> FindEchoes(const Routed& routed, const Resolved& resolved, Candidates* candidates) {
  std::vector<bool> by_content(routed.changes.size(), false);
  size_t place = routed.changes.size();  // none yet
  const EchoShape* shape = nullptr;
  for (Candidate& candidate : *candidates) {
    const RoutedChange& change = routed.changes[candidate.change];
    const RecordIdentity& record = resolved.records[candidate.change];
    if (candidate.change != place) {
      place = candidate.change;
      shape = EchoOf(routed, change, record);
      by_content[place] = shape != nullptr;
    }
    const bool is_echo_of_content = shape != nullptr && shape->Covers(*candidate.target);
    if (is_echo_of_content && record.applied_version > 0) candidate.version = record.applied_version;
    candidate.came_from = (is_echo_of_content || change.change->is_delivered()) &&
                          IsOnlyWriter(*candidate.target, *change.plan);
  }
  return by_content;
}

std::string HeldFingerprint(const Routed& routed, const RoutedChange& change) {
  return change.plan->echoes.empty() ? "" : FingerprintOf(routed, change, change.plan->echoes.front());
}

}  // namespace cognate::transformer
