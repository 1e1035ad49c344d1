#include "services/transformer/expand.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "common/codec/json.h"
#include "common/codec/late_ids.h"
#include "common/value/convert.h"
#include "common/value/local_id.h"
#include "common/value/value.h"
#include "services/transformer/transform.h"

namespace cognate::transformer {
namespace {

using absl::StrCat;
using Refusal = std::optional<v1::OutcomeError>;

v1::OutcomeError Wrong(absl::string_view reason, const std::string& path, absl::string_view message) {
  v1::OutcomeError error;
  error.set_reason(std::string(reason));
  error.set_field(path);
  error.set_message(StrCat(path, ": ", message));
  return error;
}

// One element of the list, or of the map.
struct Element {
  const v1::Value* value = nullptr;
  std::string path;                   // `translations[2]`
  const std::string* name = nullptr;  // in the map
};

// A part while it is made, with the path of each thing that goes into it.
class PartMaker {
 public:
  PartMaker(const ExpansionPlan& plan, Row record, const std::string& parent_id)
      : plan_(plan), record_(record), parent_id_(parent_id) {}

  Refusal Make(const Element& element, int place, v1::Part* part) {
    const v1::Value* key = nullptr;
    std::string key_path;
    for (const PartField& field : plan_.fields) {
      std::string path;
      v1::Value made;
      const v1::Value* const from = ValueOf(field, element, place, &path, &made);
      if (from == nullptr) {
        if (field.parent_slot >= 0) continue;  // the parent says nothing of it
        if (!field.is_key && !field.field->nullable()) return Missing(path, *field.field);
      }
      v1::Field& out = *part->mutable_fields()->add_fields();
      out.set_name(field.field->name());
      if (Refusal wrong = Write(from, *field.field, path, out.mutable_value())) return wrong;
      if (!field.is_key) continue;
      key = &out.value();
      key_path = std::move(path);
    }
    return Name(key, key_path, part);
  }

 private:
  const v1::Value* ValueOf(const PartField& field, const Element& element, int place, std::string* path,
                           v1::Value* made) const {
    if (field.parent_slot >= 0) {
      *path = field.parent_field;
      return record_[static_cast<size_t>(field.parent_slot)];
    }
    *path = StrCat(element.path, ".", field.field->name());
    if (field.is_key && plan_.is_key_place) {
      *made = value::Int(place);
      return made;
    }
    if (field.is_key && element.name != nullptr) {
      *made = value::Text(*element.name);
      return made;
    }
    if (!element.value->has_map_value()) {
      if (field.field->name() != kValue) return nullptr;
      *path = element.path;
      return element.value;
    }
    for (const v1::Field& member : element.value->map_value().fields()) {
      if (member.name() == field.field->name()) return &member.value();
    }
    return nullptr;
  }

  static Refusal Missing(const std::string& path, const v1::ModelField& field) {
    return Wrong(
        "NOT_NULL", path,
        StrCat("got no such member, want one: ", field.name(),
               " takes no NULL; give the element one in the transforms, or declare the field nullable"));
  }

  static Refusal Write(const v1::Value* from, const v1::ModelField& field, const std::string& path,
                       v1::Value* to) {
    if (from == nullptr) {
      to->set_null_value(google::protobuf::NULL_VALUE);
      return std::nullopt;
    }
    if (codec::HoldsReferences(*from))
      return Wrong(
          "WRONG_TYPE", path,
          "got a reference, which a part cannot hold; give its model a foreign key, or the sync that takes "
          "the parts a step reference");
    Refusal error = value::Convert(*from, field, to);
    if (!error.has_value()) return std::nullopt;
    return Wrong(error->reason(), path, error->message());
  }

  Refusal Name(const v1::Value* key, const std::string& path, v1::Part* part) const {
    std::string text;
    if (key != nullptr && !value::IsNull(*key)) {
      absl::StatusOr<std::string> made = value::LocalIdText(*key);
      if (made.ok()) text = *std::move(made);
    }
    if (text.empty())
      return Wrong(
          "PART_WITHOUT_KEY", path,
          "got nothing, want what names the element among the others; give each one in the transforms, or "
          "take their places as key");
    // As any key of several fields. That of the parent is written so already where it has several.
    std::string id = plan_.parent_keys == 1
                         ? value::EncodeLocalId({absl::string_view(parent_id_), text})
                         : StrCat(parent_id_, value::EncodeLocalId({absl::string_view(), text}));
    if (id.size() > value::kMaxLocalIdBytes)
      return Wrong("UNFIT_KEY", path,
                   StrCat("got a key that makes the part's id ", id.size(), " bytes long, want at most ",
                          value::kMaxLocalIdBytes));
    part->set_local_id(std::move(id));
    return std::nullopt;
  }

  static constexpr absl::string_view kValue = "value";
  const ExpansionPlan& plan_;
  const Row record_;
  const std::string& parent_id_;
};

// All parts of one parent and model.
class SetMaker {
 public:
  SetMaker(const ExpansionPlan& plan, Row record, const std::string& parent_id, v1::PartSet* set)
      : plan_(plan),
        name_(plan.expansion().field()),
        maker_(plan, record, parent_id),
        record_(record),
        set_(set) {}

  Refusal Make() {
    const v1::Value* const elements = record_[static_cast<size_t>(plan_.elements_slot)];
    if (elements == nullptr)
      return Wrong("FIELD_NOT_FOUND", name_,
                   "the record does not list the field, so that nothing is known of its parts");
    if (value::IsNull(*elements)) return std::nullopt;
    if (!elements->has_text_value()) return MakeAll(*elements);
    if (elements->text_value().empty()) return std::nullopt;
    const absl::StatusOr<v1::Value> read = codec::ReadJson(elements->text_value());
    if (!read.ok())
      return Wrong(
          "NOT_ENCODED", name_,
          StrCat("got ", value::Describe(*elements), ", want JSON: ", std::string(read.status().message()),
                 "; a step of transforms can make a list of other texts"));
    return value::IsNull(*read) ? std::nullopt : MakeAll(*read);
  }

 private:
  Refusal MakeAll(const v1::Value& elements) {
    if (elements.has_list_value()) {
      const auto& values = elements.list_value().values();
      if (Refusal wrong = CheckCount(values.size())) return wrong;
      for (int i = 0; i < values.size(); ++i) {
        if (Refusal wrong = Add({&values[i], StrCat(name_, "[", i, "]"), nullptr}, i)) return wrong;
      }
      return std::nullopt;
    }
    if (elements.has_map_value()) {
      const auto& members = elements.map_value().fields();
      if (plan_.is_key_place)
        return Wrong(
            "PART_WITHOUT_KEY", name_,
            "got a map, whose elements have names and no places; say in `key` which field takes the name");
      if (Refusal wrong = CheckCount(members.size())) return wrong;
      for (int i = 0; i < members.size(); ++i) {
        if (Refusal wrong =
                Add({&members[i].value(), StrCat(name_, ".", members[i].name()), &members[i].name()}, i))
          return wrong;
      }
      return std::nullopt;
    }
    if (elements.has_omitted_value())
      return Wrong(
          "VALUE_TOO_LARGE", name_,
          StrCat("got ", elements.omitted_value().size_bytes(),
                 " bytes, which were left out: a value may have ", elements.omitted_value().limit_bytes()));
    return Wrong("WRONG_TYPE", name_, StrCat("got ", value::Describe(elements), ", want a list or a map"));
  }

  Refusal CheckCount(int count) const {
    if (count <= kMaxParts) return std::nullopt;
    return Wrong("TOO_MANY_PARTS", name_, StrCat("got ", count, " elements, want at most ", kMaxParts));
  }

  Refusal Add(const Element& element, int place) {
    v1::Part& part = *set_->add_parts();
    if (Refusal wrong = maker_.Make(element, place, &part)) return wrong;
    bytes_ += static_cast<int64_t>(part.ByteSizeLong());
    if (bytes_ > kMaxPartsBytes)
      return Wrong("PARTS_TOO_LARGE", element.path,
                   StrCat("got more than ", kMaxPartsBytes,
                          " bytes of parts up to here; take less of the parent's record "
                          "into each of them (parent_fields)"));
    const auto [known, is_new] = seen_.emplace(part.local_id(), element.path);
    if (is_new) return std::nullopt;
    return Wrong("PART_KEY_TWICE", element.path,
                 StrCat("got the key of ", known->second, ", ", part.local_id(),
                        ", once more; want another for each element"));
  }

  const ExpansionPlan& plan_;
  const std::string& name_;
  PartMaker maker_;
  const Row record_;
  v1::PartSet* const set_;
  absl::flat_hash_map<std::string, std::string> seen_;  // local ids, and their elements' paths
  int64_t bytes_ = 0;
};

void MakeSet(const Routed& routed, const RoutedChange& parent, const ExpansionPlan& plan, v1::PartSet* set) {
  if (parent.is_delete()) return;
  google::protobuf::Arena arena;
  const Row source = SourceRow(routed, parent);
  transform::WorkingRecord record(WorkingRow(source, plan.chain.slots(), &arena), &arena);
  Refusal wrong;
  if (parent.unfit_key != nullptr) {
    wrong = UnfitKey(*parent.unfit_key);
  } else if (!plan.chain.empty()) {
    std::optional<transform::Stop> stop = plan.chain.Run(record, {source, {}, {}, &plan.facts});
    if (stop.has_value() && stop->is_skipped) return set->set_skipped(true);
    if (stop.has_value()) wrong = std::move(stop->error);
  }
  if (!wrong.has_value()) {
    const Row made = plan.chain.empty() ? source : Row(record.values());
    wrong = SetMaker(plan, made, parent.logged().local_id(), set).Make();
  }
  if (!wrong.has_value()) return;
  set->clear_parts();
  *set->mutable_error() = *std::move(wrong);
}

}  // namespace

v1::CapturePartsRequest Expand(const Routed& routed, int64_t rules_revision, const SetLimits& limits,
                               ExpandPlace* place) {
  v1::CapturePartsRequest request;
  int64_t bytes = 0;
  while (place->parent < routed.parents.size() && request.sets_size() < limits.sets && bytes < limits.bytes) {
    const RoutedChange& parent = routed.parents[place->parent];
    if (place->expansion == parent.plan->expansions.size()) {
      *place = {place->parent + 1, 0};
      continue;
    }
    const ExpansionPlan& plan = parent.plan->expansions[place->expansion++];
    v1::PartSet& set = *request.add_sets();
    set.mutable_parent()->set_platform(parent.plan->platform);
    set.mutable_parent()->set_model(parent.plan->model);
    set.mutable_parent()->set_local_id(parent.logged().local_id());
    set.set_model(plan.model());
    set.set_version(parent.logged().version());
    set.set_rules_revision(rules_revision);
    MakeSet(routed, parent, plan, &set);
    bytes += static_cast<int64_t>(set.ByteSizeLong());
  }
  return request;
}

}  // namespace cognate::transformer
