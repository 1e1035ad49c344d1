// Builds a map in which the last value of a name counts, at the place of the first; for the library's own
// sources.
#pragma once

#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/value.pb.h"

namespace cognate::codec {

class MapBuilder {
 public:
  explicit MapBuilder(v1::MapValue* map) : map_(map) {}

  // An empty value to be filled, which is the name's from now on.
  v1::Value* Add(std::string name) {
    if (map_->fields_size() >= kFew) return AddToMany(std::move(name));
    for (v1::Field& field : *map_->mutable_fields()) {
      if (field.name() == name) return Emptied(&field);
    }
    return Append(std::move(name))->mutable_value();
  }

 private:
  // As many are compared faster than hashed.
  static constexpr int kFew = 12;

  static v1::Value* Emptied(v1::Field* field) {
    field->mutable_value()->Clear();
    return field->mutable_value();
  }
  v1::Field* Append(std::string name) {
    v1::Field* const field = map_->add_fields();
    field->set_name(std::move(name));
    return field;
  }
  v1::Value* AddToMany(std::string name) {
    if (by_name_.empty()) {
      for (v1::Field& field : *map_->mutable_fields()) by_name_[field.name()] = &field;
    }
    if (const auto found = by_name_.find(name); found != by_name_.end()) return Emptied(found->second);
    v1::Field* const field = Append(std::move(name));
    by_name_[field->name()] = field;
    return field->mutable_value();
  }

  v1::MapValue* const map_;
  absl::flat_hash_map<absl::string_view, v1::Field*> by_name_;  // names live in the map's own fields
};

}  // namespace cognate::codec
