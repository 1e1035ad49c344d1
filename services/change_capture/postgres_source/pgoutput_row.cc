#include "services/change_capture/postgres_source/pgoutput_row.h"

#include <algorithm>
#include <utility>

#include "common/status/status_macros.h"
#include "common/value/local_id.h"
#include "common/value/value.h"
#include "services/change_capture/postgres_source/pgoutput_value.h"

namespace cognate::change_capture::pgoutput {
namespace {

const Cell& CellOf(const Tuple& row, const Tuple* old_row, size_t column) {
  const Cell& cell = row[column];
  if (cell.kind != Cell::Kind::kUnchanged || old_row == nullptr) return cell;
  return (*old_row)[column].kind == Cell::Kind::kText ? (*old_row)[column] : cell;
}

// Of what the text stands for: bytes are printed with two digits each.
int64_t SizeOf(const ColumnType& type, absl::string_view text) {
  const bool is_bytes = type.form == TextForm::kBytes && !type.is_list;
  return static_cast<int64_t>(is_bytes && text.size() >= 2 ? (text.size() - 2) / 2 : text.size());
}

void Omit(int64_t size, int64_t limit, bool is_key, v1::Value* value) {
  v1::OmittedValue& omitted = *value->mutable_omitted_value();
  omitted.set_size_bytes(size);
  omitted.set_limit_bytes(limit);
  omitted.set_is_key(is_key);
}

size_t LongestKeyColumn(const RowShape& shape, const Tuple& row, const Tuple* old_row) {
  return *std::max_element(shape.key.begin(), shape.key.end(), [&](size_t a, size_t b) {
    return CellOf(row, old_row, a).text.size() < CellOf(row, old_row, b).text.size();
  });
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

absl::StatusOr<LocalId> ReadLocalId(const RowShape& shape, const Tuple& row, const Tuple* old_row) {
  std::vector<std::string> parts;
  for (const size_t column : shape.key) {
    const Cell& cell = CellOf(row, old_row, column);
    if (cell.kind != Cell::Kind::kText) return absl::InvalidArgumentError("a key column has no value");
    v1::Value value;
    TextToValue(shape.types[column], cell.text, &value);
    ASSIGN_OR_RETURN(parts.emplace_back(), value::LocalIdText(value));
  }
  LocalId key{value::EncodeLocalId(parts), std::nullopt};
  if (key.text.empty() || key.text.size() > value::kMaxLocalIdBytes) {
    key.unfit_bytes = static_cast<int64_t>(key.text.size());
    key.text = value::FitLocalId(std::move(key.text));
  }
  return key;
}

void ReadValue(const ColumnType& type, absl::string_view text, v1::Value* value) {
  const int64_t size = SizeOf(type, text);
  if (size > value::kMaxValueBytes) return Omit(size, value::kMaxValueBytes, false, value);
  TextToValue(type, text, value);
}

std::vector<std::string> ReadFields(const RowShape& shape, const LocalId& key, const Tuple& row,
                                    const Tuple* old_row, v1::Fields* fields) {
  fields->Clear();
  std::vector<std::string> unchanged;
  const size_t unfit = key.unfit_bytes ? LongestKeyColumn(shape, row, old_row) : row.size();
  for (size_t column = 0; column < row.size(); ++column) {
    const Cell& cell = CellOf(row, old_row, column);
    if (cell.kind == Cell::Kind::kUnchanged && column != unfit) {
      unchanged.push_back(shape.names[column]);
      continue;
    }
    v1::Field& field = *fields->add_fields();
    field.set_name(shape.names[column]);
    if (column == unfit) {
      Omit(*key.unfit_bytes, value::kMaxLocalIdBytes, true, field.mutable_value());
    } else if (cell.kind == Cell::Kind::kNull) {
      field.mutable_value()->set_null_value(google::protobuf::NULL_VALUE);
    } else {
      ReadValue(shape.types[column], cell.text, field.mutable_value());
    }
  }
  return unchanged;
}

}  // namespace cognate::change_capture::pgoutput
