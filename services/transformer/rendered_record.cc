#include "services/transformer/rendered_record.h"

namespace cognate::transformer {

bool IsRefused(const Item& item) {
  return item.outcome.has_value() && item.outcome->status() == v1::OUTCOME_STATUS_REJECTED;
}

void ShowRecord(const RoutedChange& change, const Item& item, v1::RenderedRecord* record) {
  const TargetPlan& target = *item.target;
  for (const SyncPart& part : target.parts) record->add_syncs(part.sync);
  record->set_platform(target.platform);
  record->set_model(target.model);
  record->set_operation(item.delivery->operation());
  record->set_acting_identity(item.delivery->acting_identity());
  if (item.outcome.has_value()) *record->mutable_error() = item.outcome->error();
  if (IsRefused(item)) return;
  for (int i = 0; i < item.delivery->values_size(); ++i) {
    v1::Field* const field = record->add_fields();
    field->set_name(item.shape->fields[static_cast<size_t>(i)]->rule->target());
    *field->mutable_value() = item.delivery->values(i);
  }
  if (item.shape->departure == nullptr) return;
  const v1::LeaveAction action = item.shape->departure->action;
  if (!change.is_delete() || action != v1::LEAVE_ACTION_DELETE) record->set_leaves(action);
}

}  // namespace cognate::transformer
