#include "tests/faults/generator.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace cognate::faults {
namespace {

constexpr int kPersonIds = 500;
constexpr int kItemIds = 2'500;

void AddText(v1::Change& change, const char* name, const std::string& text) {
  v1::Field& field = *change.add_fields();
  field.set_name(name);
  field.mutable_value()->set_text_value(text);
}

void AddReference(v1::Change& change, const char* name, const std::string& id) {
  v1::Field& field = *change.add_fields();
  field.set_name(name);
  if (id.empty()) {
    field.mutable_value()->set_null_value(google::protobuf::NULL_VALUE);
  } else {
    field.mutable_value()->set_text_value(id);
  }
}

}  // namespace

const std::string& Generator::AnyOf(const std::map<std::string, Expected>& records) {
  return std::next(records.begin(), Below(static_cast<int>(records.size())))->first;
}

v1::Change Generator::Begin(const char* model, const std::string& id, v1::Operation operation) {
  v1::Change change;
  change.set_change_id(absl::StrCat("c", ++serial_));
  change.set_model(model);
  change.set_local_id(id);
  change.set_operation(operation);
  touched_[absl::StrCat(model, id)] += 1;
  return change;
}

v1::Change Generator::Write(const char* model, const std::string& id, Expected& record, bool created) {
  v1::Change change = Begin(model, id, created ? v1::OPERATION_CREATE : v1::OPERATION_UPDATE);
  record.serial = serial_;
  record.name = absl::StrCat("näme ", random_() % 1'000'000);
  record.amount = absl::StrFormat("%d.%02d", Below(100'000), Below(100));
  AddText(change, "id", id);
  AddText(change, "code", id);
  v1::Field& serial = *change.add_fields();
  serial.set_name("serial");
  serial.mutable_value()->set_int64_value(record.serial);
  AddText(change, "name", record.name);
  v1::Field& amount = *change.add_fields();
  amount.set_name("amount");
  amount.mutable_value()->set_decimal_value(record.amount);
  if (!record.person.empty()) {
    AddReference(change, "person_id", record.person);
    AddReference(change, "sibling_id", record.sibling);
  }
  return change;
}

v1::Change Generator::ChangePerson() {
  const std::string id = absl::StrCat("p", Below(kPersonIds));
  const bool created = !persons_.contains(id);
  return Write(kPerson, id, persons_[id], created);
}

v1::Change Generator::ChangeItem() {
  const std::string id = absl::StrCat("i", Below(kItemIds));
  const bool created = !items_.contains(id);
  std::string sibling;
  if (!items_.empty() && Below(3) == 0) sibling = AnyOf(items_);
  Expected& item = items_[id];
  if (created || Below(4) == 0) item.person = AnyOf(persons_);
  item.sibling = sibling == id ? "" : sibling;
  return Write(kItem, id, item, created);
}

std::optional<v1::Change> Generator::DeleteSomething() {
  const auto refers = [&](const std::string& id) {
    return std::any_of(items_.begin(), items_.end(), [&](const auto& entry) {
      return entry.second.person == id || entry.second.sibling == id;
    });
  };
  const bool person = Below(8) == 0;
  auto& records = person ? persons_ : items_;
  if (records.size() < 50) return std::nullopt;
  const std::string id = AnyOf(records);
  if (refers(id)) return std::nullopt;
  records.erase(id);
  return Begin(person ? kPerson : kItem, id, v1::OPERATION_DELETE);
}

std::vector<v1::Change> Generator::Next(int count) {
  std::vector<v1::Change> changes;
  while (static_cast<int>(changes.size()) < count) {
    const int dice = Below(100);
    if (persons_.size() < 20 || dice < 12) {
      changes.push_back(ChangePerson());
    } else if (dice < 88) {
      changes.push_back(ChangeItem());
    } else if (std::optional<v1::Change> change = DeleteSomething()) {
      changes.push_back(*std::move(change));
    }
  }
  return changes;
}

}  // namespace cognate::faults
