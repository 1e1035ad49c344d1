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

// nullptr if it is no echo by its content.
const EchoShape* EchoOf(const Routed& routed, const RoutedChange& change, const RecordIdentity& record) {
  if (record.fingerprint.empty() || change.is_delete()) return nullptr;
  if (change.change->is_delivered() || change.change->is_renewed() || change.logged().is_amended())
    return nullptr;
  for (const EchoShape& shape : change.plan->echoes) {
    if (FingerprintOf(routed, change, shape) == record.fingerprint) return &shape;
  }
  return nullptr;
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
    candidate.is_echo = is_echo_of_content || change.change->is_delivered();
    if (is_echo_of_content && record.applied_version > 0 && change.plan->comes_back) {
      candidate.version = record.applied_version;
    }
  }
  return by_content;
}

std::string HeldFingerprint(const Routed& routed, const RoutedChange& change) {
  return change.plan->echoes.empty() ? "" : FingerprintOf(routed, change, change.plan->echoes.front());
}

}  // namespace cognate::transformer
