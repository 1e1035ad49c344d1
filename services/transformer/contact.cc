#include "services/transformer/contact.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace cognate::transformer {
namespace {

bool Collides(const FieldPlan* field) {
  return field->mapping != nullptr && field->mapping->on_collision() != v1::COLLISION_ACTION_UNSPECIFIED &&
         field->mapping->on_collision() != v1::COLLISION_ACTION_ERROR;
}

bool IsMissingOnly(const FieldPlan* field) {
  return field->mapping != nullptr && field->mapping->missing_only();
}

// False where the key has a field that is not delivered.
bool AddPlaces(const Shape& shape, const v1::NaturalKey& key, bus::v1::FieldPlaces* places) {
  for (const std::string& name : key.fields()) {
    const auto field = std::find_if(shape.fields.begin(), shape.fields.end(),
                                    [&](const FieldPlan* one) { return one->rule->target() == name; });
    if (field == shape.fields.end()) return false;
    places->add_places(static_cast<int>(field - shape.fields.begin()));
  }
  return true;
}

std::string WhatIsDone(v1::ExistsAction action) {
  switch (action) {
    case v1::EXISTS_ACTION_ADOPT:
      return "becomes the same record and stays as it is until the next change";
    case v1::EXISTS_ACTION_SKIP:
      return "stays as it is, and this one is left out";
    case v1::EXISTS_ACTION_ERROR:
      return "is an error";
    case v1::EXISTS_ACTION_RENAME:
      return "stays as it is, and this one gets a suffix";
    default:
      return "becomes the same record and is written";
  }
}

}  // namespace

void AddContact(const Shape& shape, bus::v1::DeliveryGroup* group) {
  if (shape.departure != nullptr) return;
  if (shape.target->contact != nullptr) {
    for (const v1::NaturalKey& key : shape.target->contact->natural_keys()) {
      bus::v1::FieldPlaces places;
      if (AddPlaces(shape, key, &places)) *group->add_natural_keys() = std::move(places);
    }
    if (!group->natural_keys().empty()) group->set_if_exists(shape.target->contact->if_exists());
  }
  if (std::any_of(shape.fields.begin(), shape.fields.end(), Collides)) {
    for (const FieldPlan* const field : shape.fields) {
      group->add_on_collision(Collides(field) ? field->mapping->on_collision() : v1::COLLISION_ACTION_ERROR);
    }
  }
  if (std::any_of(shape.fields.begin(), shape.fields.end(), IsMissingOnly)) {
    for (const FieldPlan* const field : shape.fields) group->add_missing_only(IsMissingOnly(field));
  }
}

std::string ContactSentence(const Shape& shape) {
  bus::v1::DeliveryGroup group;
  AddContact(shape, &group);
  const std::string where = absl::StrCat(shape.target->model, " on ", shape.target->platform);
  std::vector<std::string> sentences;
  if (!group.natural_keys().empty()) {
    const std::string keys = absl::StrJoin(
        group.natural_keys(), ", else ", [&](std::string* out, const bus::v1::FieldPlaces& key) {
          absl::StrAppend(out, absl::StrJoin(key.places(), " and ", [&](std::string* names, int place) {
                            absl::StrAppend(names, shape.fields[static_cast<size_t>(place)]->rule->target());
                          }));
        });
    sentences.push_back(absl::StrCat("If it is new to ", where, ", a record there with the same ", keys,
                                     " that is no entity's yet ", WhatIsDone(group.if_exists()), "."));
  }
  for (int i = 0; i < group.on_collision_size(); ++i) {
    const std::string& field = shape.fields[static_cast<size_t>(i)]->rule->target();
    if (group.on_collision(i) == v1::COLLISION_ACTION_SUFFIX)
      sentences.push_back(absl::StrCat("If another record there has its ", field, ", it gets a suffix."));
    if (group.on_collision(i) == v1::COLLISION_ACTION_ADOPT)
      sentences.push_back(absl::StrCat("A record there that has its ", field, " becomes the same record."));
  }
  for (int i = 0; i < group.missing_only_size(); ++i) {
    if (!group.missing_only(i)) continue;
    sentences.push_back(absl::StrCat(shape.fields[static_cast<size_t>(i)]->rule->target(),
                                     " is only written where it is missing there."));
  }
  return absl::StrJoin(sentences, " ");
}

}  // namespace cognate::transformer
