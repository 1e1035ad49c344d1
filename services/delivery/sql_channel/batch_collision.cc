// What is written in the place of unique values that others have, and only where nothing is; and what is kept
// of it.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "common/value/sql_text.h"
#include "common/value/value.h"
#include "services/delivery/sql_channel/batch.h"

namespace cognate::delivery {
namespace {

std::optional<std::string> SqlTextOf(const Outgoing& outgoing, size_t field) {
  std::string text;
  if (!value::AppendSqlText(outgoing.delivery->values(static_cast<int>(field)), &text)) return std::nullopt;
  return text;
}

// Records that want the same value.
struct Wanting {
  std::vector<std::string> texts;  // of the unique set, as Suffix.fields
  std::string plain;
  std::vector<size_t> indexes;
};

}  // namespace

std::optional<std::string> SqlBatch::TextOf(size_t index, size_t field) const {
  return SqlTextOf(*outgoing_[index], field);
}

void SqlBatch::Rewrite(size_t index, size_t field, const std::string& text) {
  if (outgoing_[index] == deliveries_[index].outgoing) {
    rewritten_deliveries_.push_back(*outgoing_[index]->delivery);
    rewritten_.push_back(*outgoing_[index]);
    rewritten_.back().delivery = &rewritten_deliveries_.back();
    outgoing_[index] = &rewritten_.back();
  }
  // Its own copy.
  auto& delivery = const_cast<bus::v1::Delivery&>(*outgoing_[index]->delivery);
  *delivery.mutable_values(static_cast<int>(field)) = value::Text(text);
  VerdictOf(index).fingerprint = deliveries_[index].plan->fingerprinter().Of(delivery.values());
}

const KeptValue* SqlBatch::KeptOf(size_t index, const std::string& field) const {
  const auto found = kept_.find(index);
  if (found == kept_.end()) return nullptr;
  const auto kept = std::find_if(found->second.begin(), found->second.end(),
                                 [&](const KeptValue& value) { return value.field == field; });
  return kept == found->second.end() ? nullptr : &*kept;
}

absl::Status SqlBatch::Recall(TableWork& work) {
  const SqlShape& shape = work.plan->shape();
  std::vector<Uuid> entities;
  std::vector<size_t> indexes;
  for (const size_t index : work.updates) {
    if (!rows_[index].known) continue;
    entities.push_back(rows_[index].entity_id);
    indexes.push_back(index);
  }
  if (!shape.rules.remembers() || entities.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::vector<KeptValue> values, ReadKeptValues(connection_, entities, shape.table->model));
  for (KeptValue& value : values) {
    const size_t index = indexes[value.record];
    for (size_t field = 0; field < shape.fields.size(); ++field) {
      if (shape.fields[field]->name != value.field || !value.written) continue;
      if (value.plain == TextOf(index, field)) Rewrite(index, field, *value.written);
    }
    kept_[index].push_back(std::move(value));
  }
  return absl::OkStatus();
}

absl::Status SqlBatch::AvoidCollisions(TableWork& work, const std::vector<size_t>& indexes, bool is_update) {
  const std::vector<ContactRules::Suffix>& suffixes = work.plan->shape().rules.suffixes;
  for (size_t suffix = 0; suffix < suffixes.size(); ++suffix) {
    RETURN_IF_ERROR(AvoidCollisions(work, suffix, indexes, is_update));
  }
  return absl::OkStatus();
}

absl::Status SqlBatch::AvoidCollisions(TableWork& work, size_t suffix, const std::vector<size_t>& indexes,
                                       bool is_update) {
  const SqlShape& shape = work.plan->shape();
  const ContactRules::Suffix& rule = shape.rules.suffixes[suffix];
  const std::string& name = shape.fields[rule.field]->name;
  std::vector<Wanting> wanting;
  absl::flat_hash_map<std::string, size_t> places;
  for (const size_t index : indexes) {
    if (rule.only_renamed && (is_update || !renamed_.contains(index))) continue;
    const KeptValue* const kept = KeptOf(index, name);
    const std::optional<std::string> given = SqlTextOf(*deliveries_[index].outgoing, rule.field);
    if (is_update && kept != nullptr && kept->written && kept->plain == given) continue;
    Wanting wants;
    std::string all;
    for (const size_t field : rule.fields) {
      const std::optional<std::string> text = TextOf(index, field);
      if (!text) break;
      absl::StrAppend(&all, text->size(), ":", *text);
      if (field == rule.field) wants.plain = *text;
      wants.texts.push_back(*text);
    }
    if (wants.texts.size() < rule.fields.size()) continue;  // NULL is never taken
    const auto [place, is_new] = places.emplace(all, wanting.size());
    if (is_new) wanting.push_back(std::move(wants));
    wanting[place->second].indexes.push_back(index);
  }
  if (wanting.empty()) return absl::OkStatus();

  std::vector<absl::string_view> plain;
  std::vector<int64_t> first, wanted;
  for (const Wanting& wants : wanting) {
    plain.emplace_back(wants.plain);
    first.push_back(rule.only_renamed ? 2 : 1);
    wanted.push_back(static_cast<int64_t>(wants.indexes.size()));
  }
  postgres::Params params;
  params.AddTextArray(plain).AddInt64Array(postgres::Params::Many<int64_t>(first));
  params.AddInt64Array(postgres::Params::Many<int64_t>(wanted));
  for (size_t i = 0; i < rule.fields.size(); ++i) {
    if (rule.fields[i] == rule.field) continue;
    std::vector<absl::string_view> texts;
    for (const Wanting& wants : wanting) texts.emplace_back(wants.texts[i]);
    params.AddTextArray(texts);
  }
  // Rows that are about to get other values are not in the way; those that were updated have them already.
  RETURN_IF_ERROR(columns_.AddKeys(
      shape.keys.size(), is_update ? LocalIds(indexes) : std::vector<absl::string_view>(), &params));
  ASSIGN_OR_RETURN(const postgres::Rows rows, connection_.Query(work.plan->FreeValues(suffix), params));
  std::vector<size_t> given(wanting.size(), 0);
  for (int row = 0; row < rows.size(); ++row) {
    const auto place = static_cast<size_t>(rows.GetInt64(row, 0) - 1);
    const size_t index = wanting[place].indexes[given[place]++];
    const std::string free(rows.GetText(row, 1));
    const std::optional<std::string> delivered = SqlTextOf(*deliveries_[index].outgoing, rule.field);
    if (free != wanting[place].plain) Rewrite(index, rule.field, free);
    const KeptValue* const kept = KeptOf(index, name);
    const bool is_plain = free == delivered;
    if (is_plain && (kept == nullptr || !kept->written)) continue;
    changed_.erase(
        std::remove_if(changed_.begin(), changed_.end(),
                       [&](const KeptValue& value) { return value.record == index && value.field == name; }),
        changed_.end());
    KeptValue& value = changed_.emplace_back();
    value.record = index;
    value.entity_id = rows_[index].entity_id;
    value.field = name;
    if (is_plain) continue;
    value.plain = delivered;
    value.written = free;
  }
  return absl::OkStatus();
}

void SqlBatch::AddSeen(const TableWork& work, postgres::Params* params) const {
  const SqlShape& shape = work.plan->shape();
  for (size_t field = 0; field < shape.fields.size(); ++field) {
    if (!shape.rules.missing_only[field]) continue;
    std::vector<std::optional<absl::string_view>> seen;
    for (const size_t index : work.updates) {
      const KeptValue* const kept = KeptOf(index, shape.fields[field]->name);
      seen.push_back(kept != nullptr && kept->seen ? std::optional<absl::string_view>(*kept->seen)
                                                   : std::nullopt);
    }
    params->AddTextArray(postgres::Params::ManyNullable<absl::string_view>(seen));
  }
}

void SqlBatch::RememberOffers(const SqlShape& shape, size_t index, std::vector<KeptValue>* values) const {
  for (size_t field = 0; field < shape.rules.missing_only.size(); ++field) {
    if (!shape.rules.missing_only[field]) continue;
    const SqlColumn& column = *shape.fields[field];
    std::optional<std::string> text = TextOf(index, field);
    if (!text || text->empty()) continue;
    const KeptValue* const kept = KeptOf(index, column.name);
    if (!column.is_json() && kept != nullptr && kept->seen) continue;
    KeptValue& value = values->emplace_back();
    value.entity_id = rows_[index].entity_id;
    value.field = column.name;
    value.seen = column.is_json() ? *std::move(text) : "1";
  }
}

absl::Status SqlBatch::Remember(TableWork& work) {
  const SqlShape& shape = work.plan->shape();
  if (!shape.rules.remembers()) return absl::OkStatus();
  std::vector<Uuid> forget;
  const absl::flat_hash_set<size_t> created(work.creates.begin(), work.creates.end());
  for (const size_t index : work.creates) {
    if (rows_[index].known) forget.push_back(rows_[index].entity_id);
    RememberOffers(shape, index, &changed_);
  }
  for (const size_t index : work.updates) {
    if (!created.contains(index)) RememberOffers(shape, index, &changed_);
  }
  if (changed_.empty() && forget.empty()) return absl::OkStatus();
  return WriteKeptValues(connection_, shape.table->model, changed_, forget);
}

}  // namespace cognate::delivery
