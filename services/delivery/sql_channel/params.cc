#include "services/delivery/sql_channel/params.h"

#include "absl/strings/numbers.h"
#include "common/status/status_macros.h"
#include "common/value/local_id.h"
#include "common/value/sql_text.h"
#include "common/value/value.h"

namespace cognate::delivery {
namespace {

using v1::Value;

bool IsEmptyReference(const Value& value) {
  return value.has_reference_value() && value.reference_value().local_id().empty();
}

bool IsNull(const Value& value) { return value.has_null_value() || IsEmptyReference(value); }

std::optional<int64_t> Integer(const Value& value) {
  if (value.has_int64_value()) return value.int64_value();
  int64_t number = 0;
  if (value.has_reference_value() && absl::SimpleAtoi(value.reference_value().local_id(), &number))
    return number;
  return std::nullopt;
}

bool Fits(const Value& value, Wire wire) {
  if (IsNull(value)) return true;
  switch (wire) {
    case Wire::kInt64:
      return Integer(value).has_value();
    case Wire::kBool:
      return value.has_bool_value();
    case Wire::kBytes:
      return value.has_bytes_value();
    case Wire::kTimestamp:
      return value.has_timestamp_value();
    case Wire::kText:
    case Wire::kTextCast:
      break;
  }
  return true;
}

const Value& FieldOf(const Outgoing& outgoing, size_t index) {
  return outgoing.delivery->values(static_cast<int>(index));
}

// One element for each delivery, in a vector that keeps its memory.
template <typename T, typename Convert>
void Fill(size_t index, const Deliveries& deliveries, std::vector<std::optional<T>>* out, Convert convert) {
  out->clear();
  for (const Outgoing* outgoing : deliveries) {
    const Value& value = FieldOf(*outgoing, index);
    if (IsNull(value)) {
      out->emplace_back(std::nullopt);
    } else {
      out->emplace_back(convert(value));
    }
  }
}

}  // namespace

void FitWires(const SqlShape& shape, const Deliveries& deliveries, Wires* wires) {
  for (size_t i = 0; i < shape.fields.size(); ++i) {
    for (const Outgoing* outgoing : deliveries) {
      if (Fits(FieldOf(*outgoing, i), (*wires)[i])) continue;
      (*wires)[i] = Wire::kTextCast;
      break;
    }
  }
}

void ColumnParams::AddTexts(size_t index, const Deliveries& deliveries, postgres::Params* params) {
  texts_.clear();
  views_.clear();
  for (const Outgoing* outgoing : deliveries) {
    const Value& value = FieldOf(*outgoing, index);
    if (value.has_text_value()) {
      views_.emplace_back(value.text_value());
      continue;
    }
    std::string& text = texts_.emplace_back();
    if (value::AppendSqlText(value, &text)) {
      views_.emplace_back(text);
    } else {
      views_.emplace_back(std::nullopt);
    }
  }
  params->AddTextArray(postgres::Params::ManyNullable<absl::string_view>(views_));
}

void ColumnParams::AddField(size_t index, const SqlColumn& column, Wire wire, const Deliveries& deliveries,
                            postgres::Params* params) {
  if (wire != column.wire) return AddTexts(index, deliveries, params);
  switch (wire) {
    case Wire::kText:
    case Wire::kTextCast:
      return AddTexts(index, deliveries, params);
    case Wire::kInt64:
      Fill(index, deliveries, &integers_, [](const Value& value) { return *Integer(value); });
      params->AddInt64Array(postgres::Params::ManyNullable<int64_t>(integers_));
      return;
    case Wire::kBool:
      Fill(index, deliveries, &bools_, [](const Value& value) { return value.bool_value(); });
      params->AddBoolArray(postgres::Params::ManyNullable<bool>(bools_));
      return;
    case Wire::kBytes:
      Fill(index, deliveries, &views_,
           [](const Value& value) { return absl::string_view(value.bytes_value()); });
      params->AddByteaArray(postgres::Params::ManyNullable<absl::string_view>(views_));
      return;
    case Wire::kTimestamp:
      Fill(index, deliveries, &times_,
           [](const Value& value) { return absl::FromUnixMicros(value::MicrosOf(value.timestamp_value())); });
      params->AddTimestampArray(postgres::Params::ManyNullable<absl::Time>(times_));
      return;
  }
}

absl::Status ColumnParams::AddKeys(size_t columns, absl::Span<const absl::string_view> local_ids,
                                   postgres::Params* params) {
  if (columns == 1) {
    params->AddTextArray(local_ids);
    return absl::OkStatus();
  }
  std::vector<std::vector<std::string>> parts(columns);
  for (const absl::string_view local_id : local_ids) {
    ASSIGN_OR_RETURN(std::vector<std::string> decoded, value::DecodeLocalId(local_id, columns));
    for (size_t i = 0; i < columns; ++i) parts[i].push_back(std::move(decoded[i]));
  }
  for (const std::vector<std::string>& part : parts) {
    params->AddTextArray(postgres::Params::Many<std::string>(part));
  }
  return absl::OkStatus();
}

}  // namespace cognate::delivery
