#include "services/platform_registry/chain_risks.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/transform/chain.h"
#include "common/value/canonical_text.h"
#include "common/value/convert.h"
#include "common/value/value.h"
#include "google/protobuf/arena.h"
#include "services/platform_registry/chain_fields.h"
#include "services/platform_registry/rules.h"

namespace cognate::platform_registry {
namespace {

using v1::Value;
using Row = std::vector<const Value*>;

// Texts that steps of many kinds take.
constexpr const char* kTexts[] = {"Ab c", "28.02.2026", "2026-02-28", "12", "a,b"};

bool IsWayBack(const v1::Sync& sync, const v1::Sync& other) {
  return other.source_platform() == sync.target_platform() && other.source_model() == sync.target_model() &&
         other.target_platform() == sync.source_platform() && other.target_model() == sync.source_model();
}

const Value* Example(const v1::ModelField& field, const char* text, google::protobuf::Arena* arena) {
  auto* const value = google::protobuf::Arena::CreateMessage<Value>(arena);
  switch (field.type()) {
    case v1::FIELD_TYPE_TEXT:
      value->set_text_value(text);
      return value;
    case v1::FIELD_TYPE_INTEGER:
      value->set_int64_value(12);
      return value;
    case v1::FIELD_TYPE_DECIMAL:
      value->set_decimal_value("12.5");
      return value;
    case v1::FIELD_TYPE_BOOL:
      value->set_bool_value(true);
      return value;
    case v1::FIELD_TYPE_DATE:
      value->set_date_value("2026-02-28");
      return value;
    default:
      return nullptr;  // not listed
  }
}

std::vector<v1::ModelField> FieldsOf(const v1::Model& model) {
  return {model.fields().begin(), model.fields().end()};
}

std::string TextOf(const Value& value) {
  std::string text;
  return value::AppendCanonicalText(value, &text) ? text : "";
}

// One of the two ways.
struct Way {
  Way(const Configuration& configuration, const v1::Sync& sync, const v1::Model& source,
      const v1::Model& target)
      : target_model(target),
        mapped(MappedFields(configuration, sync, source, target)),
        steps(WholeChain(configuration, sync)),
        chain(transform::Chain::Compile(steps, FieldsOf(source), &violations, AssignmentsOf(sync, source))) {
    for (int i = 0; i < source.fields_size(); ++i) source_names.push_back(source.fields(i).name());
  }

  // What a record becomes on the target; empty where it is refused or skipped.
  Row Run(const Row& record, google::protobuf::Arena* arena) const {
    Row row = record;
    row.resize(std::max(chain.slots(), record.size()), nullptr);
    transform::WorkingRecord working(absl::MakeSpan(row), arena);
    if (chain.Run(working, {record, {}, {}, nullptr}).has_value()) return {};
    Row made(static_cast<size_t>(target_model.fields_size()), nullptr);
    for (const MappedField& field : mapped) {
      const Value* const value = ValueAfter(field.source, row);
      for (int i = 0; value != nullptr && i < target_model.fields_size(); ++i) {
        if (target_model.fields(i).name() != field.target || value->has_reference_value()) continue;
        auto* const converted = google::protobuf::Arena::CreateMessage<Value>(arena);
        if (value::Convert(*value, target_model.fields(i), converted).has_value()) return {};
        made[static_cast<size_t>(i)] = converted;
      }
    }
    return made;
  }

  const Value* ValueAfter(const std::string& field, const Row& row) const {
    int slot = steps.empty() ? -1 : chain.SlotAfter(field);
    for (size_t i = 0; steps.empty() && i < source_names.size(); ++i) {
      if (source_names[i] == field) slot = static_cast<int>(i);
    }
    return slot < 0 ? nullptr : row[static_cast<size_t>(slot)];
  }

  const v1::Model& target_model;
  const std::vector<MappedField> mapped;
  const transform::CompiledSteps steps;
  std::vector<FieldViolation> violations;
  const transform::Chain chain;
  std::vector<std::string> source_names;
};

void Compare(SyncCheck& check, const v1::Sync& other) {
  const v1::Model& source = *check.source.model;
  const Way forth(check.configuration, check.sync, source, *check.target.model);
  const Way back(check.configuration, other, *check.target.model, source);
  if ((forth.steps.empty() && back.steps.empty()) || !forth.violations.empty() || !back.violations.empty())
    return;
  std::set<std::string> told;
  for (const char* const text : kTexts) {
    google::protobuf::Arena arena;
    Row record;
    for (const v1::ModelField& field : source.fields()) record.push_back(Example(field, text, &arena));
    const Row there = forth.Run(record, &arena);
    const Row returned = there.empty() ? Row() : back.Run(there, &arena);
    for (int i = 0; !returned.empty() && i < source.fields_size(); ++i) {
      const Value* const before = record[static_cast<size_t>(i)];
      const Value* const after = returned[static_cast<size_t>(i)];
      const std::string& name = source.fields(i).name();
      if (before == nullptr || after == nullptr || TextOf(*before) == TextOf(*after)) continue;
      // Only what comes back from where it went to.
      for (const MappedField& field : forth.mapped) {
        const bool returns = std::any_of(back.mapped.begin(), back.mapped.end(), [&](const MappedField& one) {
          return one.source == field.target && one.target == name;
        });
        if (field.source != name || !returns || !told.insert(name).second) continue;
        check.Warn(
            MappingPath(field.index, "source"), "CHAINS_DISAGREE",
            absl::StrCat(name, ": \"", TextOf(*before), "\" comes back by ", other.name(), " as \"",
                         TextOf(*after),
                         "\", and is then written into the source's own record; turn the chain round there "
                         "(`cognate sync reverse` writes it), or map the field one way"));
      }
    }
  }
}

}  // namespace

void FindChainRisks(SyncCheck& check) {
  for (const v1::Sync* const other :
       check.configuration.SyncsBetween(check.sync.target_platform(), check.sync.source_platform())) {
    if (IsWayBack(check.sync, *other)) Compare(check, *other);
  }
}

}  // namespace cognate::platform_registry
