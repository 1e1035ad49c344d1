#include "services/transformer/map.h"

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "common/codec/late_ids.h"
#include "common/value/convert.h"
#include "common/value/refusal.h"
#include "common/value/value.h"
#include "services/transformer/file_field.h"
#include "services/transformer/outcome_of.h"

namespace cognate::transformer {
namespace {

class Mapper {
 public:
  Mapper(const Routed& routed, const Resolved& resolved, google::protobuf::Arena* arena)
      : routed_(routed), resolved_(resolved), arena_(arena) {}

  void Add(size_t index, const Candidate& candidate) {
    const Shape* const shape = candidate.departure != nullptr  ? &LeavingShape(candidate)
                               : candidate.refused.has_value() ? &NoShape()
                                                               : ShapeFor(candidate);
    if (shape == nullptr) return;
    Item& item = mapped_.items.emplace_back();
    item.candidate = index;
    item.change = candidate.change;
    item.target = candidate.target;
    item.shape = shape;
    item.delivery = NewDelivery(candidate);
    if (candidate.refused.has_value()) {
      Refuse(*candidate.refused, &item);
    } else if (candidate.departure != nullptr) {
      WriteDeparture(*candidate.departure, &item);
    } else {
      Convert(candidate, &item);
    }
  }

  Mapped Take() { return std::move(mapped_); }

 private:
  using Presence = absl::InlinedVector<bool, 32>;

  static const Shape& NoShape() {
    static const Shape* const kNone = new Shape();
    return *kNone;
  }

  // nullptr where the change says nothing that this target would write.
  const Shape* ShapeFor(const Candidate& candidate) {
    const TargetPlan& target = *candidate.target;
    Presence presence(target.fields.size(), false);
    bool any = false;
    for (size_t i = 0; i < target.fields.size(); ++i) {
      presence[i] = candidate.ValueOf(target.fields[i]) != nullptr;
      any |= presence[i] && target.fields[i].constant == nullptr;
    }
    if (!any) return nullptr;
    std::vector<const Shape*>& known = shapes_[&target];
    for (const Shape* const shape : known) {
      if (Fits(*shape, presence)) return shape;
    }
    known.push_back(&mapped_.shapes.emplace_back(NewShape(target, presence)));
    return known.back();
  }

  static bool Fits(const Shape& shape, const Presence& presence) {
    for (size_t i = 0; i < presence.size(); ++i) {
      if ((shape.positions[i] >= 0) != presence[i]) return false;
    }
    return true;
  }

  static Shape NewShape(const TargetPlan& target, const Presence& presence) {
    Shape shape;
    shape.target = &target;
    for (size_t i = 0; i < presence.size(); ++i) {
      shape.positions.push_back(presence[i] ? static_cast<int>(shape.fields.size()) : -1);
      if (presence[i]) shape.fields.push_back(&target.fields[i]);
    }
    std::vector<absl::string_view> names;
    for (const FieldPlan* const field : shape.fields) names.push_back(field->rule->target());
    shape.fingerprinter.emplace(names);
    return shape;
  }

  const Shape& LeavingShape(const Candidate& candidate) {
    const Shape*& known = leaving_[{candidate.target, candidate.departure}];
    if (known == nullptr) {
      Shape& shape = mapped_.shapes.emplace_back();
      shape.target = candidate.target;
      shape.departure = candidate.departure;
      for (const FieldPlan& field : candidate.departure->fields) shape.fields.push_back(&field);
      known = &shape;
    }
    return *known;
  }

  bus::v1::Delivery* NewDelivery(const Candidate& candidate) {
    const RoutedChange& change = routed_.changes[candidate.change];
    const bus::v1::LoggedChange& logged = change.logged();
    auto* const delivery = google::protobuf::Arena::CreateMessage<bus::v1::Delivery>(arena_);
    const absl::string_view entity = resolved_.records[candidate.change].entity_id;
    const bool deletes =
        candidate.departure != nullptr && candidate.departure->action == v1::LEAVE_ACTION_DELETE;
    delivery->set_entity_id(entity.data(), entity.size());
    delivery->set_version(candidate.version);
    delivery->set_operation(deletes ? v1::OPERATION_DELETE : v1::OPERATION_UPDATE);
    delivery->set_source_local_id(logged.local_id());
    delivery->set_capture_time_us(logged.capture_time_us());
    delivery->set_allow_incomplete(change.change->allow_incomplete);
    return delivery;
  }

  void Convert(const Candidate& candidate, Item* item) {
    auto& values = *item->delivery->mutable_values();
    values.Reserve(static_cast<int>(item->shape->fields.size()));
    for (const FieldPlan* field : item->shape->fields) {
      const v1::Value& from = *candidate.ValueOf(*field);
      v1::Value* const to = values.Add();
      if (field->rule->has_file()) {
        if (std::optional<v1::OutcomeError> error = TakeFiles(from, *field->rule, to); error.has_value())
          return Refuse(*std::move(error), item);
        continue;
      }
      if (field->nests && codec::HoldsReferences(from)) {
        if (std::optional<v1::OutcomeError> error = Nest(*item, *field, from, to); error.has_value())
          return Refuse(*std::move(error), item);
        continue;
      }
      const bool is_plain =
          from.has_null_value() || from.has_omitted_value() || (field->nests && IsNested(from));
      if (field->is_reference() && !is_plain) {
        to->set_null_value(google::protobuf::NULL_VALUE);
        continue;
      }
      // A chain may bring a reference to where none was declared: who it is was not asked.
      std::optional<v1::OutcomeError> error = from.has_reference_value()
                                                  ? StrayReference(*field, from.reference_value())
                                                  : value::Convert(from, field->rule->target_field(), to);
      if (!error.has_value()) continue;
      return Refuse(*std::move(error), item);
    }
  }

  // The value with its references as the chain has made them; who they are is filled in later, and then it is
  // written as the field takes it.
  std::optional<v1::OutcomeError> Nest(const Item& item, const FieldPlan& field, const v1::Value& from,
                                       v1::Value* to) const {
    const SourcePlan& plan = *routed_.changes[item.change].plan;
    const v1::Reference* stray = nullptr;
    codec::ForEachReference(from, [&](const v1::Value& made) {
      const v1::Reference& reference = made.reference_value();
      if (!field.is_reference() && plan.ReferenceOf(reference, item.target->platform) < 0) stray = &reference;
    });
    if (stray != nullptr) return StrayReference(field, *stray);
    const v1::ModelField& wanted = field.rule->target_field();
    if (from.has_reference_value()) {
      *to = from;
    } else if (wanted.type() == v1::FIELD_TYPE_JSON && !from.has_encoded_value()) {
      to->mutable_encoded_value()->set_encoding(v1::ENCODING_JSON);
      *to->mutable_encoded_value()->mutable_value() = from;
    } else if (from.has_list_value() && wanted.type() == v1::FIELD_TYPE_LIST) {
      return value::Convert(from, wanted, to);
    } else if (from.has_encoded_value() && TakesText(wanted.type())) {
      *to = from;
    } else {
      v1::OutcomeError error;
      error.set_reason("WRONG_TYPE");
      error.set_field(wanted.name());
      error.set_message(absl::StrCat("field ", wanted.name(), ": got a ", value::KindName(from),
                                     " with references in it, want ", value::Named(wanted),
                                     "; encode it in the chain, or map it to a JSON column"));
      return error;
    }
    return std::nullopt;
  }

  static bool TakesText(v1::FieldType type) {
    return type == v1::FIELD_TYPE_TEXT || type == v1::FIELD_TYPE_JSON || type == v1::FIELD_TYPE_OTHER;
  }

  static v1::OutcomeError StrayReference(const FieldPlan& field, const v1::Reference& reference) {
    v1::OutcomeError error;
    error.set_reason("WRONG_TYPE");
    error.set_field(field.rule->target());
    error.set_message(
        absl::StrCat("field ", field.rule->target(), ": got a reference to ", reference.source_model(), " ",
                     reference.source_local_id(), " in ", field.rule->source(),
                     ", want a plain value, or one that a step `reference` has made; say in the mapping of ",
                     field.rule->target(), " what it refers to (`reference.source_model`)"));
    return error;
  }

  void WriteDeparture(const Departure& departure, Item* item) {
    v1::Value time;
    value::SetMicros(routed_.changes[item->change].logged().capture_time_us(),
                     time.mutable_timestamp_value());
    for (size_t i = 0; i < departure.fields.size(); ++i) {
      const v1::Value& given = departure.values[i];
      const v1::Value& from = given.kind_case() == v1::Value::KIND_NOT_SET ? time : given;
      std::optional<v1::OutcomeError> error =
          value::Convert(from, departure.rules[i].target_field(), item->delivery->add_values());
      if (!error.has_value()) continue;
      return Refuse(*std::move(error), item);
    }
  }

  void Refuse(v1::OutcomeError error, Item* item) const {
    item->outcome =
        OutcomeOf(routed_.changes[item->change], item->delivery->version(), resolved_.records[item->change],
                  *item->target, v1::OUTCOME_STATUS_REJECTED, std::move(error));
  }

  const Routed& routed_;
  const Resolved& resolved_;
  google::protobuf::Arena* const arena_;
  Mapped mapped_;
  absl::flat_hash_map<const TargetPlan*, std::vector<const Shape*>> shapes_;
  absl::flat_hash_map<std::pair<const TargetPlan*, const Departure*>, const Shape*> leaving_;
};

}  // namespace

Mapped Map(const Routed& routed, const Candidates& candidates, const Resolved& resolved,
           google::protobuf::Arena* arena) {
  Mapper mapper(routed, resolved, arena);
  for (size_t i = 0; i < candidates.size(); ++i) {
    const bool is_known = !resolved.records[candidates[i].change].entity_id.empty();
    if (is_known) mapper.Add(i, candidates[i]);
  }
  return mapper.Take();
}

}  // namespace cognate::transformer
