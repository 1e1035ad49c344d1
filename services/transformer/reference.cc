#include "services/transformer/reference.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/codec/late_ids.h"
#include "common/value/local_id.h"
#include "common/value/value.h"
#include "services/transformer/outcome_of.h"

namespace cognate::transformer {
namespace {

v1::OutcomeError NotAnId(const FieldPlan& field, const ReferencePlan& reference, const v1::Value& value) {
  v1::OutcomeError error;
  error.set_reason("INVALID_TEXT");
  error.set_field(field.rule->target());
  error.set_message(absl::StrCat("field ", field.rule->target(), ": got ", value::Describe(value), " in ",
                                 field.rule->source(), ", want the id of a record of ",
                                 reference.source_model,
                                 "; correct it at the source, or map the field without a reference"));
  return error;
}

v1::OutcomeError HasNoSync(const FieldPlan& field, const ReferencePlan& reference,
                           absl::string_view local_id) {
  v1::OutcomeError error;
  error.set_reason("REFERENCE_HAS_NO_SYNC");
  error.set_field(field.rule->target());
  error.set_message(absl::StrCat("field ", field.rule->target(), " refers to ", reference.source_model, " ",
                                 local_id, ", and no sync brings ", reference.source_model, " to ",
                                 reference.target_platform,
                                 "; create one, or take the field out of the mapping"));
  return error;
}

class Referrer {
 public:
  Referrer(const Routed& routed, const Candidates& candidates, const Resolved& resolved, Mapped* mapped)
      : routed_(routed), candidates_(candidates), resolved_(resolved), mapped_(*mapped) {}

  void Visit(size_t candidate, const FieldPlan& field, int number, const v1::Value& value) {
    const ReferenceIdentity& identity = resolved_.references[next_reference_++];
    Item* const item = ItemOf(candidate);
    // The first thing that is wrong counts; a wait is less than a refusal.
    if (item == nullptr ||
        (item->outcome.has_value() && item->outcome->status() == v1::OUTCOME_STATUS_REJECTED))
      return;
    const size_t change = candidates_[candidate].change;
    const RoutedChange& routed = routed_.changes[change];
    const ReferencePlan& reference = routed.plan->references[static_cast<size_t>(number)];
    if (!identity.asked) {
      item->outcome = OutcomeOf(routed, item->delivery->version(), resolved_.records[change], *item->target,
                                v1::OUTCOME_STATUS_REJECTED, NotAnId(field, reference, value));
      return;
    }
    std::string local_id;
    AppendReferencedId(value, &local_id);
    local_id = value::FitLocalId(std::move(local_id));
    const bool optional = IsOptional(field, *item);
    if (reference.target_model.empty() && !(optional && item->delivery->allow_incomplete())) {
      Wait(routed, field, reference, identity, local_id, item);
    }
    Fill(field, reference, identity, std::move(local_id), *item);
  }

 private:
  // Items are in the order of their candidates.
  Item* ItemOf(size_t candidate) {
    std::vector<Item>& items = mapped_.items;
    while (next_item_ < items.size() && items[next_item_].candidate < candidate) ++next_item_;
    if (next_item_ == items.size() || items[next_item_].candidate != candidate) return nullptr;
    return &items[next_item_];
  }

  void Wait(const RoutedChange& change, const FieldPlan& field, const ReferencePlan& reference,
            const ReferenceIdentity& identity, absl::string_view local_id, Item* item) {
    const bool optional = IsOptional(field, *item);
    if (item->outcome.has_value()) {
      item->outcome->set_may_be_incomplete(item->outcome->may_be_incomplete() && optional);
      return;
    }
    v1::Outcome outcome =
        OutcomeOf(change, item->delivery->version(), resolved_.records[item->change], *item->target,
                  v1::OUTCOME_STATUS_WAITING, HasNoSync(field, reference, local_id));
    outcome.set_waits_for_entity_id(identity.entity_id.data(), identity.entity_id.size());
    outcome.mutable_waits_for_source()->set_platform(change.plan->platform);
    outcome.mutable_waits_for_source()->set_model(reference.source_model);
    outcome.mutable_waits_for_source()->set_local_id(local_id.data(), local_id.size());
    outcome.set_may_be_incomplete(optional);
    item->outcome = std::move(outcome);
  }

  v1::Value* ValueOf(const FieldPlan& field, const Item& item) const {
    const auto index = static_cast<size_t>(&field - item.target->fields.data());
    return item.delivery->mutable_values(item.shape->positions[index]);
  }

  // One of several in a list or a map may be missing for a while, as NULL.
  bool IsOptional(const FieldPlan& field, const Item& item) const {
    return field.rule->target_field().nullable() || IsNested(*ValueOf(field, item));
  }

  // Where the reference at hand stands in the delivery: the mapping has kept their order.
  v1::Reference* NextReference(const FieldPlan& field, const Item& item) {
    v1::Value* const value = ValueOf(field, item);
    if (!IsNested(*value)) return value->mutable_reference_value();
    if (nested_in_ != value) {
      nested_in_ = value;
      nested_.clear();
      next_nested_ = 0;
      codec::ForEachReference(value,
                              [&](v1::Value* made) { nested_.push_back(made->mutable_reference_value()); });
    }
    return nested_[next_nested_++];
  }

  void Fill(const FieldPlan& field, const ReferencePlan& reference, const ReferenceIdentity& identity,
            std::string local_id, const Item& item) {
    v1::Reference* const to = NextReference(field, item);
    to->set_entity_id(identity.entity_id.data(), identity.entity_id.size());
    to->set_model(reference.target_model);
    to->set_local_id(identity.target_local_id.data(), identity.target_local_id.size());
    to->set_optional(IsOptional(field, item));
    to->set_source_model(reference.source_model);
    to->set_source_local_id(std::move(local_id));
  }

  const Routed& routed_;
  const Candidates& candidates_;
  const Resolved& resolved_;
  Mapped& mapped_;
  size_t next_reference_ = 0;
  size_t next_item_ = 0;
  const v1::Value* nested_in_ = nullptr;
  std::vector<v1::Reference*> nested_;  // in it
  size_t next_nested_ = 0;
};

// Texts and lists in which every id is known are written out here; the others on their way, when they are.
void WriteKnown(Item& item) {
  for (v1::Value& value : *item.delivery->mutable_values()) {
    if (!IsNested(value)) continue;
    bool all_known = codec::HoldsReferences(value);
    codec::ForEachReference(std::as_const(value), [&](const v1::Value& made) {
      all_known &= !made.reference_value().local_id().empty();
    });
    v1::Value text;
    if (all_known && codec::WriteIds(value, &text).ok()) value.Swap(&text);
  }
}

}  // namespace

void Refer(const Routed& routed, const Candidates& candidates, const Resolved& resolved, Mapped* mapped) {
  Referrer referrer(routed, candidates, resolved, mapped);
  ForEachReference(routed, candidates,
                   [&](size_t candidate, const FieldPlan& field, int number, const v1::Value& value) {
                     referrer.Visit(candidate, field, number, value);
                   });
  for (Item& item : mapped->items) {
    if (item.target->nests) WriteKnown(item);
  }
}

}  // namespace cognate::transformer
