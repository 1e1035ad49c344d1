// A row of a table, from the stream or from a snapshot, turned into the local id and the fields of a record:
// one way for both, so that the same row gives the same change.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "cognate/v1/value.pb.h"
#include "services/change_capture/postgres_source/pgoutput.h"
#include "services/change_capture/postgres_source/pgoutput_type.h"

namespace cognate::change_capture::pgoutput {

struct RowShape {
  std::vector<std::string> names;
  std::vector<ColumnType> types;  // as long as `names`
  std::vector<size_t> key;        // columns of the local id, in its order
};

// INVALID_ARGUMENT if one of `key_fields` is not among the columns; errors of the catalogue.
absl::StatusOr<RowShape> MakeRowShape(const std::vector<std::pair<std::string, uint32_t>>& columns,
                                      const std::vector<std::string>& key_fields, TypeCatalog& types);

struct LocalId {
  std::string text;
  // Set if the key cannot be a local id, as it is empty or too long; then `text` stands for it.
  std::optional<int64_t> unfit_bytes;
  bool operator==(const LocalId& other) const { return text == other.text; }
};
// Where the server left a cell out, that of `old_row` counts, if there is one. Rows are as long as the shape.
// INVALID_ARGUMENT if a part of the key is missing.
absl::StatusOr<LocalId> ReadLocalId(const RowShape& shape, const Tuple& row, const Tuple* old_row);

// The value of a cell that is not NULL. One that is too long (value::kMaxValueBytes) is an OmittedValue in
// the record: its targets refuse what Capture would have refused.
void ReadValue(const ColumnType& type, absl::string_view text, v1::Value* value);

// Replaces what is in `fields`. The longest part of an unfit key is an OmittedValue. Answers the names of
// fields that the server did not send, which are not in the record.
std::vector<std::string> ReadFields(const RowShape& shape, const LocalId& key, const Tuple& row,
                                    const Tuple* old_row, v1::Fields* fields);

}  // namespace cognate::change_capture::pgoutput
