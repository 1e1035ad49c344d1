// For this library's tests: a model with a field of each type, which docs/conditions.md uses for its
// examples, too.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "common/condition/condition.h"
#include "common/value/value.h"

namespace cognate::condition {

struct ModelOfTests {
  struct Entry {
    const char* name;
    v1::FieldType type;
  };
  static const std::vector<Entry>& Entries() {
    static const std::vector<Entry> kEntries = {{"status", v1::FIELD_TYPE_ENUM},
                                                {"title", v1::FIELD_TYPE_TEXT},
                                                {"email", v1::FIELD_TYPE_TEXT},
                                                {"first name", v1::FIELD_TYPE_TEXT},
                                                {"price", v1::FIELD_TYPE_DECIMAL},
                                                {"cost", v1::FIELD_TYPE_DECIMAL},
                                                {"stock", v1::FIELD_TYPE_INTEGER},
                                                {"rating", v1::FIELD_TYPE_FLOAT},
                                                {"featured", v1::FIELD_TYPE_BOOL},
                                                {"active", v1::FIELD_TYPE_INTEGER},
                                                {"tags", v1::FIELD_TYPE_LIST},
                                                {"created_at", v1::FIELD_TYPE_TIMESTAMP},
                                                {"deleted_at", v1::FIELD_TYPE_LOCAL_TIMESTAMP},
                                                {"birthday", v1::FIELD_TYPE_DATE},
                                                {"id", v1::FIELD_TYPE_UUID},
                                                {"meta", v1::FIELD_TYPE_JSON},
                                                {"cover", v1::FIELD_TYPE_BYTES},
                                                {"any", v1::FIELD_TYPE_UNSPECIFIED},
                                                {"other", v1::FIELD_TYPE_UNSPECIFIED}};
    return kEntries;
  }

  static int SlotOf(absl::string_view name) {
    for (size_t i = 0; i < Entries().size(); ++i) {
      if (name == Entries()[i].name) return static_cast<int>(i);
    }
    return -1;
  }

  static Names AllNames() {
    Names names;
    names.find_field = [](absl::string_view name, bool) -> std::optional<FieldInfo> {
      const int slot = SlotOf(name);
      if (slot < 0) return std::nullopt;
      FieldInfo info;
      info.slot = slot;
      info.type = Entries()[static_cast<size_t>(slot)].type;
      if (name == "tags") info.element_type = v1::FIELD_TYPE_TEXT;
      if (name == "status") info.enum_labels = {"draft", "published", "trash"};
      return info;
    };
    for (const Entry& entry : Entries()) names.known_fields.push_back(entry.name);
    return names;
  }
};

// A record of that model, before and after a change.
class RecordOfTests {
 public:
  using Values = std::initializer_list<std::pair<absl::string_view, v1::Value>>;

  explicit RecordOfTests(Values record, Values old_record = {}, std::vector<std::string> assigned = {})
      : record_(Slots(record)), old_record_(Slots(old_record)), assigned_(std::move(assigned)) {
    for (const v1::Value& value : record_) Point(value, &record_slots_);
    for (const v1::Value& value : old_record_) Point(value, &old_slots_);
  }
  RecordOfTests(const RecordOfTests&) = delete;
  RecordOfTests& operator=(const RecordOfTests&) = delete;

  Subject subject() const { return {record_slots_, old_slots_, assigned_}; }

 private:
  static std::vector<v1::Value> Slots(Values values) {
    std::vector<v1::Value> slots(values.size() == 0 ? 0 : ModelOfTests::Entries().size());
    for (const auto& [name, value] : values)
      slots.at(static_cast<size_t>(ModelOfTests::SlotOf(name))) = value;
    return slots;
  }
  static void Point(const v1::Value& value, std::vector<const v1::Value*>* slots) {
    slots->push_back(value.kind_case() == v1::Value::KIND_NOT_SET ? nullptr : &value);
  }

  std::vector<v1::Value> record_;
  std::vector<v1::Value> old_record_;
  std::vector<std::string> assigned_;
  std::vector<const v1::Value*> record_slots_;
  std::vector<const v1::Value*> old_slots_;
};

}  // namespace cognate::condition
