#include "services/delivery/file_question.h"

namespace cognate::delivery {
namespace {

using bus::v1::FileField;

bool IsFile(const v1::Value& value) {
  return value.has_file_value() || (value.has_text_value() && !value.text_value().empty());
}

bool IsEmpty(const v1::Value& value) {
  return value.has_null_value() || value.kind_case() == v1::Value::KIND_NOT_SET ||
         (value.has_text_value() && value.text_value().empty());
}

// With its position. Null: nothing is there, and what was there before is let go.
void ForEachPlace(v1::Value* value, absl::FunctionRef<void(int, v1::Value*)> visit) {
  v1::Value* const inside = InsideOf(value);
  if (IsFile(*inside)) visit(0, inside);
  if (IsEmpty(*inside) || (inside->has_list_value() && inside->list_value().values().empty()))
    visit(0, nullptr);
  if (!inside->has_list_value()) return;
  for (int i = 0; i < inside->list_value().values_size(); ++i) {
    v1::Value* const element = inside->mutable_list_value()->mutable_values(i);
    if (IsFile(*element)) visit(i, element);
    if (IsEmpty(*element)) visit(i, nullptr);
  }
}

void ForEachFile(RoundItem& item, absl::FunctionRef<void(const FileField&, int, v1::Value*)> visit) {
  for (const FileField& field : item.group->files()) {
    if (field.place() >= item.delivery->values_size()) continue;
    ForEachPlace(item.delivery->mutable_values(field.place()),
                 [&](int position, v1::Value* value) { visit(field, position, value); });
  }
}

}  // namespace

v1::Value* InsideOf(v1::Value* value) {
  return value->has_encoded_value() ? value->mutable_encoded_value()->mutable_value() : value;
}

bool HasFiles(RoundItem& item) {
  bool any = false;
  ForEachFile(item, [&](const FileField&, int, v1::Value* value) { any = any || value != nullptr; });
  return any;
}

int BindingCount(RoundItem& item) {
  int count = 0;
  ForEachFile(item, [&](const FileField&, int, v1::Value*) { ++count; });
  return count;
}

void FileQuestion::Add(RoundItem* item, std::vector<AskedFile>* asked) {
  ForEachFile(*item, [&](const FileField& field, int position, v1::Value* value) {
    // What the target has never had, it had no files of.
    if (value == nullptr && item->delivery->local_id().empty()) return;
    v1::FileBinding& binding = *request_.add_bindings();
    binding.set_entity_id(item->delivery->entity_id());
    binding.set_model(item->group->model());
    binding.set_field(item->group->field_names(field.place()));
    binding.set_position(position);
    binding.mutable_source()->set_platform(item->group->source_platform());
    binding.mutable_source()->set_model(item->group->source_model());
    binding.mutable_source()->set_local_id(item->delivery->source_local_id());
    binding.set_source_field(field.source_field());
    if (value != nullptr) *binding.mutable_value() = *value;
    binding.set_rule(NumberOf(field.rule()));
    asked->push_back({item, &field, value});
  });
}

void FileQuestion::Append(const v1::BindRequest& other) {
  for (const v1::FileBinding& binding : other.bindings()) {
    v1::FileBinding& added = *request_.add_bindings();
    added = binding;
    added.set_rule(NumberOf(other.rules(binding.rule())));
  }
}

int FileQuestion::NumberOf(const v1::FileRule& rule) {
  const auto [known, is_new] = rules_.emplace(rule.SerializeAsString(), request_.rules_size());
  if (is_new) *request_.add_rules() = rule;
  return known->second;
}

}  // namespace cognate::delivery
