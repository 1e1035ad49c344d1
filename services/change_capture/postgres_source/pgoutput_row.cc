#include "services/change_capture/postgres_source/pgoutput_row.h"

#include <algorithm>

#include "common/status/status_macros.h"
#include "common/value/local_id.h"
#include "services/change_capture/postgres_source/pgoutput_value.h"

namespace cognate::change_capture::pgoutput {
namespace {

constexpr size_t kMaxLocalIdBytes = 512;  // record.proto

const Cell& CellOf(const Tuple& row, const Tuple* old_row, size_t column) {
  const Cell& cell = row[column];
  if (cell.kind != Cell::Kind::kUnchanged || old_row == nullptr) return cell;
  return (*old_row)[column].kind == Cell::Kind::kText ? (*old_row)[column] : cell;
}

// Bytes are printed with two digits each.
bool IsTooLarge(const ColumnType& type, const Cell& cell) {
  const bool is_bytes = type.form == TextForm::kBytes && !type.is_list;
  return cell.text.size() > (is_bytes ? 2 * kMaxValueBytes + 2 : kMaxValueBytes);
}

}  // namespace

absl::StatusOr<RowShape> MakeRowShape(const std::vector<std::pair<std::string, uint32_t>>& columns,
                                      const std::vector<std::string>& key_fields, TypeCatalog& types) {
  RowShape shape;
  for (const auto& [name, type] : columns) {
    shape.names.push_back(name);
    ASSIGN_OR_RETURN(shape.types.emplace_back(), types.Find(type));
  }
  for (const std::string& field : key_fields) {
    const auto name = std::find(shape.names.begin(), shape.names.end(), field);
    if (name == shape.names.end()) return absl::InvalidArgumentError("a key column is missing");
    shape.key.push_back(static_cast<size_t>(name - shape.names.begin()));
  }
  return shape;
}

absl::StatusOr<std::string> ReadLocalId(const RowShape& shape, const Tuple& row, const Tuple* old_row) {
  std::vector<std::string> parts;
  for (const size_t column : shape.key) {
    const Cell& cell = CellOf(row, old_row, column);
    if (cell.kind != Cell::Kind::kText) return absl::InvalidArgumentError("a key column has no value");
    v1::Value value;
    TextToValue(shape.types[column], cell.text, &value);
    ASSIGN_OR_RETURN(parts.emplace_back(), value::LocalIdText(value));
  }
  std::string local_id = value::EncodeLocalId(parts);
  if (local_id.empty()) return absl::InvalidArgumentError("its key is an empty text");
  if (local_id.size() > kMaxLocalIdBytes)
    return absl::InvalidArgumentError("its key is longer than 512 bytes");
  return local_id;
}

MissingFields ReadFields(const RowShape& shape, const Tuple& row, const Tuple* old_row, v1::Fields* fields) {
  fields->Clear();
  MissingFields missing;
  for (size_t column = 0; column < row.size(); ++column) {
    const Cell& cell = CellOf(row, old_row, column);
    if (cell.kind == Cell::Kind::kUnchanged) {
      missing.unchanged.push_back(shape.names[column]);
      continue;
    }
    if (IsTooLarge(shape.types[column], cell)) {
      missing.too_large.push_back(shape.names[column]);
      continue;
    }
    v1::Field& field = *fields->add_fields();
    field.set_name(shape.names[column]);
    if (cell.kind == Cell::Kind::kNull) {
      field.mutable_value()->set_null_value(google::protobuf::NULL_VALUE);
    } else {
      TextToValue(shape.types[column], cell.text, field.mutable_value());
    }
  }
  return missing;
}

}  // namespace cognate::change_capture::pgoutput
