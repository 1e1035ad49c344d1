#include "services/transformer/map.h"

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "common/value/convert.h"
#include "common/value/value.h"

namespace cognate::transformer {
namespace {

v1::OutcomeError UnfitKey(const v1::Field& key) {
  const v1::OmittedValue& omitted = key.value().omitted_value();
  v1::OutcomeError error;
  error.set_reason("UNFIT_KEY");
  error.set_field(key.name());
  error.set_message(absl::StrCat("field ", key.name(), ": the record's key is of ", omitted.size_bytes(),
                                 " bytes, want 1 to ", omitted.limit_bytes(),
                                 "; give the record another key at the source"));
  return error;
}

class Mapper {
 public:
  Mapper(const Routed& routed, const Resolved& resolved, google::protobuf::Arena* arena)
      : routed_(routed), resolved_(resolved), arena_(arena) {}

  void Add(size_t index) {
    const RoutedChange& change = routed_.changes[index];
    for (const TargetPlan& target : change.plan->targets) {
      if (!change.change->Wants(target.platform)) continue;
      const std::optional<size_t> shape = ShapeFor(change, target);
      if (!shape.has_value()) continue;
      Item& item = mapped_.items.emplace_back();
      item.change = index;
      item.target = &target;
      item.shape = *shape;
      item.delivery = NewDelivery(index);
      if (change.unfit_key != nullptr) {
        Refuse(change, UnfitKey(*change.unfit_key), &item);
      } else if (!change.is_delete()) {
        Convert(change, &item);
      }
    }
  }

  Mapped Take() { return std::move(mapped_); }

 private:
  using Presence = absl::InlinedVector<bool, 32>;

  // nullopt where the change says nothing that this target would write.
  std::optional<size_t> ShapeFor(const RoutedChange& change, const TargetPlan& target) {
    Presence presence(target.fields.size(), false);
    bool any = change.is_delete();
    for (size_t i = 0; i < target.fields.size() && !change.is_delete(); ++i) {
      presence[i] = routed_.ValueOf(change, target.fields[i]) != nullptr;
      any |= presence[i];
    }
    if (!any) return std::nullopt;
    std::vector<size_t>& known = shapes_[&target];
    for (const size_t index : known) {
      if (Fits(mapped_.shapes[index], change.is_delete(), presence)) return index;
    }
    known.push_back(mapped_.shapes.size());
    mapped_.shapes.push_back(NewShape(target, change.is_delete(), presence));
    return known.back();
  }

  static bool Fits(const Shape& shape, bool deletes, const Presence& presence) {
    if (shape.deletes != deletes) return false;
    for (size_t i = 0; i < presence.size(); ++i) {
      if ((shape.positions[i] >= 0) != presence[i]) return false;
    }
    return true;
  }

  static Shape NewShape(const TargetPlan& target, bool deletes, const Presence& presence) {
    Shape shape;
    shape.target = &target;
    shape.deletes = deletes;
    for (size_t i = 0; i < presence.size(); ++i) {
      shape.positions.push_back(presence[i] ? static_cast<int>(shape.fields.size()) : -1);
      if (presence[i]) shape.fields.push_back(&target.fields[i]);
    }
    return shape;
  }

  bus::v1::Delivery* NewDelivery(size_t index) {
    const bus::v1::LoggedChange& logged = routed_.changes[index].logged();
    auto* const delivery = google::protobuf::Arena::CreateMessage<bus::v1::Delivery>(arena_);
    const absl::string_view entity = resolved_.records[index].entity_id;
    delivery->set_entity_id(entity.data(), entity.size());
    delivery->set_version(logged.version());
    delivery->set_operation(routed_.changes[index].is_delete() ? v1::OPERATION_DELETE : v1::OPERATION_UPDATE);
    delivery->set_source_local_id(logged.local_id());
    delivery->set_capture_time_us(logged.capture_time_us());
    delivery->set_allow_incomplete(routed_.changes[index].change->allow_incomplete);
    return delivery;
  }

  void Convert(const RoutedChange& change, Item* item) {
    const Shape& shape = mapped_.shapes[item->shape];
    auto& values = *item->delivery->mutable_values();
    values.Reserve(static_cast<int>(shape.fields.size()));
    for (const FieldPlan* field : shape.fields) {
      const v1::Value& from = *routed_.ValueOf(change, *field);
      v1::Value* const to = values.Add();
      if (field->is_reference() && !from.has_null_value() && !from.has_omitted_value()) {
        to->set_null_value(google::protobuf::NULL_VALUE);
        continue;
      }
      std::optional<v1::OutcomeError> error = value::Convert(from, field->rule->target_field(), to);
      if (!error.has_value()) continue;
      return Refuse(change, *std::move(error), item);
    }
  }

  void Refuse(const RoutedChange& change, v1::OutcomeError error, Item* item) const {
    item->outcome = OutcomeOf(change, resolved_.records[item->change], *item->target,
                              v1::OUTCOME_STATUS_REJECTED, std::move(error));
  }

  const Routed& routed_;
  const Resolved& resolved_;
  google::protobuf::Arena* const arena_;
  Mapped mapped_;
  absl::flat_hash_map<const TargetPlan*, std::vector<size_t>> shapes_;
};

}  // namespace

Mapped Map(const Routed& routed, const Resolved& resolved, const std::vector<bool>& skipped,
           google::protobuf::Arena* arena) {
  Mapper mapper(routed, resolved, arena);
  for (size_t i = 0; i < routed.changes.size(); ++i) {
    if (!skipped[i] && !resolved.records[i].entity_id.empty()) mapper.Add(i);
  }
  return mapper.Take();
}

v1::Outcome OutcomeOf(const RoutedChange& change, const RecordIdentity& identity, const TargetPlan& target,
                      v1::OutcomeStatus status, v1::OutcomeError error) {
  v1::Outcome outcome;
  outcome.set_entity_id(identity.entity_id.data(), identity.entity_id.size());
  outcome.set_model(target.model);
  outcome.set_version(change.logged().version());
  outcome.set_status(status);
  outcome.set_operation(change.is_delete() ? v1::OPERATION_DELETE : v1::OPERATION_UPDATE);
  *outcome.mutable_error() = std::move(error);
  outcome.mutable_source()->set_platform(change.plan->platform);
  outcome.mutable_source()->set_model(change.plan->model);
  outcome.mutable_source()->set_local_id(change.logged().local_id());
  value::SetMicros(change.logged().capture_time_us(), outcome.mutable_capture_time());
  return outcome;
}

}  // namespace cognate::transformer
