#include "services/feedback/trouble_rows.h"

#include <array>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

namespace cognate::feedback {
namespace {

constexpr std::array<const char*, 30> kColumns = {"entity_id",
                                                  "platform",
                                                  "model",
                                                  "state",
                                                  "version",
                                                  "source_platform",
                                                  "source_model",
                                                  "source_local_id",
                                                  "target_local_id",
                                                  "reason",
                                                  "message",
                                                  "field",
                                                  "attempt_count",
                                                  "next_attempt_at",
                                                  "replay",
                                                  "replay_count",
                                                  "waits_for_entity",
                                                  "waits_for_model",
                                                  "waits_for_source_platform",
                                                  "waits_for_source_model",
                                                  "waits_for_source_local_id",
                                                  "may_be_incomplete",
                                                  "allow_incomplete",
                                                  "incomplete",
                                                  "created_at",
                                                  "updated_at",
                                                  "acting_identity",
                                                  "operation",
                                                  "held_at",
                                                  "release_count"};

// One array of `T`, made by `value` from each trouble.
template <typename T, typename Value>
std::vector<T> Collect(absl::Span<const Trouble> troubles, Value value) {
  std::vector<T> values;
  values.reserve(troubles.size());
  for (const Trouble& trouble : troubles) values.push_back(value(trouble));
  return values;
}

template <typename Value>
void AddTexts(absl::Span<const Trouble> troubles, Value value, postgres::Params* params) {
  params->AddTextArray(absl::MakeConstSpan(Collect<absl::string_view>(
      troubles, [&](const Trouble& t) -> const std::string& { return value(t); })));
}

template <typename Value>
void AddBools(absl::Span<const Trouble> troubles, Value value, postgres::Params* params) {
  params->AddBoolArray(Collect<bool>(troubles, value));
}

void AddRecord(absl::Span<const Trouble> troubles, const v1::RecordKey& (*record)(const Trouble&),
               postgres::Params* params) {
  AddTexts(
      troubles, [&](const Trouble& t) -> const std::string& { return record(t).platform(); }, params);
  AddTexts(
      troubles, [&](const Trouble& t) -> const std::string& { return record(t).model(); }, params);
  AddTexts(
      troubles, [&](const Trouble& t) -> const std::string& { return record(t).local_id(); }, params);
}

v1::RecordKey RecordFromRow(const postgres::Rows& rows, int row, int column) {
  v1::RecordKey record;
  record.set_platform(std::string(rows.GetText(row, column)));
  record.set_model(std::string(rows.GetText(row, column + 1)));
  record.set_local_id(std::string(rows.GetText(row, column + 2)));
  return record;
}

}  // namespace

std::string TroubleColumns(const std::string& prefix) {
  return absl::StrJoin(kColumns, ", ",
                       [&](std::string* out, const char* column) { absl::StrAppend(out, prefix, column); });
}

Trouble TroubleFromRow(const postgres::Rows& rows, int row) {
  Trouble trouble;
  trouble.key = {rows.GetUuid(row, 0), std::string(rows.GetText(row, 1)), std::string(rows.GetText(row, 2))};
  trouble.state = static_cast<v1::ReplicaState>(rows.GetInt32(row, 3));
  trouble.version = rows.GetInt64(row, 4);
  trouble.source = RecordFromRow(rows, row, 5);
  trouble.target_local_id = std::string(rows.GetText(row, 8));
  trouble.error.set_reason(std::string(rows.GetText(row, 9)));
  trouble.error.set_message(std::string(rows.GetText(row, 10)));
  trouble.error.set_field(std::string(rows.GetText(row, 11)));
  trouble.attempt_count = rows.GetInt32(row, 12);
  if (!rows.IsNull(row, 13)) trouble.next_attempt = rows.GetTimestamp(row, 13);
  trouble.replay = rows.GetBool(row, 14);
  trouble.replay_count = rows.GetInt32(row, 15);
  if (!rows.IsNull(row, 16)) trouble.waits_for_entity = rows.GetUuid(row, 16);
  trouble.waits_for_model = std::string(rows.GetText(row, 17));
  trouble.waits_for_source = RecordFromRow(rows, row, 18);
  trouble.may_be_incomplete = rows.GetBool(row, 21);
  trouble.allow_incomplete = rows.GetBool(row, 22);
  trouble.incomplete = rows.GetBool(row, 23);
  trouble.created = rows.GetTimestamp(row, 24);
  trouble.updated = rows.GetTimestamp(row, 25);
  trouble.acting_identity = std::string(rows.GetText(row, 26));
  trouble.operation = static_cast<v1::Operation>(rows.GetInt32(row, 27));
  if (!rows.IsNull(row, 28)) trouble.held = rows.GetTimestamp(row, 28);
  trouble.release_count = rows.GetInt32(row, 29);
  return trouble;
}

std::vector<Trouble> TroublesFromRows(const postgres::Rows& rows) {
  std::vector<Trouble> troubles;
  troubles.reserve(static_cast<size_t>(rows.size()));
  for (int row = 0; row < rows.size(); ++row) troubles.push_back(TroubleFromRow(rows, row));
  return troubles;
}

postgres::Params PlacesParam(const postgres::Rows& rows, int column) {
  std::vector<absl::string_view> places;
  places.reserve(static_cast<size_t>(rows.size()));
  for (int row = 0; row < rows.size(); ++row) places.push_back(rows.GetText(row, column));
  postgres::Params params;
  params.AddTextArray(absl::MakeConstSpan(places));
  return params;
}

void AddTroubles(absl::Span<const Trouble> troubles, postgres::Params* params) {
  using T = const Trouble&;
  using Text = const std::string&;
  params->AddUuidArray(absl::MakeConstSpan(Collect<Uuid>(troubles, [](T t) { return t.key.entity_id; })));
  AddTexts(
      troubles, [](T t) -> Text { return t.key.platform; }, params);
  AddTexts(
      troubles, [](T t) -> Text { return t.key.model; }, params);
  params->AddInt16Array(
      absl::MakeConstSpan(Collect<int16_t>(troubles, [](T t) { return static_cast<int16_t>(t.state); })));
  params->AddInt64Array(absl::MakeConstSpan(Collect<int64_t>(troubles, [](T t) { return t.version; })));
  AddRecord(
      troubles, [](T t) -> const v1::RecordKey& { return t.source; }, params);
  AddTexts(
      troubles, [](T t) -> Text { return t.target_local_id; }, params);
  AddTexts(
      troubles, [](T t) -> Text { return t.error.reason(); }, params);
  AddTexts(
      troubles, [](T t) -> Text { return t.error.message(); }, params);
  AddTexts(
      troubles, [](T t) -> Text { return t.error.field(); }, params);
  params->AddInt32Array(absl::MakeConstSpan(Collect<int32_t>(troubles, [](T t) { return t.attempt_count; })));
  params->AddTimestampArray(
      absl::MakeConstSpan(Collect<std::optional<absl::Time>>(troubles, [](T t) { return t.next_attempt; })));
  AddBools(
      troubles, [](T t) { return t.replay; }, params);
  params->AddInt32Array(absl::MakeConstSpan(Collect<int32_t>(troubles, [](T t) { return t.replay_count; })));
  params->AddUuidArray(
      absl::MakeConstSpan(Collect<std::optional<Uuid>>(troubles, [](T t) { return t.waits_for_entity; })));
  AddTexts(
      troubles, [](T t) -> Text { return t.waits_for_model; }, params);
  AddRecord(
      troubles, [](T t) -> const v1::RecordKey& { return t.waits_for_source; }, params);
  AddBools(
      troubles, [](T t) { return t.may_be_incomplete; }, params);
  AddBools(
      troubles, [](T t) { return t.allow_incomplete; }, params);
  AddBools(
      troubles, [](T t) { return t.incomplete; }, params);
  params->AddTimestampArray(
      absl::MakeConstSpan(Collect<absl::Time>(troubles, [](T t) { return t.created; })));
  params->AddTimestampArray(
      absl::MakeConstSpan(Collect<absl::Time>(troubles, [](T t) { return t.updated; })));
  AddTexts(
      troubles, [](T t) -> Text { return t.acting_identity; }, params);
  params->AddInt16Array(
      absl::MakeConstSpan(Collect<int16_t>(troubles, [](T t) { return static_cast<int16_t>(t.operation); })));
  params->AddTimestampArray(
      absl::MakeConstSpan(Collect<std::optional<absl::Time>>(troubles, [](T t) { return t.held; })));
  params->AddInt32Array(absl::MakeConstSpan(Collect<int32_t>(troubles, [](T t) { return t.release_count; })));
}

void AddKeys(absl::Span<const TroubleKey> keys, postgres::Params* params) {
  std::vector<Uuid> entities;
  std::vector<absl::string_view> platforms;
  std::vector<absl::string_view> models;
  for (const TroubleKey& key : keys) {
    entities.push_back(key.entity_id);
    platforms.push_back(key.platform);
    models.push_back(key.model);
  }
  params->AddUuidArray(absl::MakeConstSpan(entities));
  params->AddTextArray(absl::MakeConstSpan(platforms));
  params->AddTextArray(absl::MakeConstSpan(models));
}

void AddVersionedKeys(absl::Span<const Trouble> troubles, postgres::Params* params) {
  AddKeys(Collect<TroubleKey>(troubles, [](const Trouble& t) { return t.key; }), params);
  params->AddInt64Array(
      absl::MakeConstSpan(Collect<int64_t>(troubles, [](const Trouble& t) { return t.version; })));
}

}  // namespace cognate::feedback
