// A row of a table, from the stream or from a snapshot, turned into the local id and the fields of a record:
// one way for both, so that the same row gives the same change.
#pragma once

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

// Where the server left a cell out, that of `old_row` counts, if there is one. Rows are as long as the shape.
// INVALID_ARGUMENT if the key cannot be a local id: a part is missing, it is empty, or it is longer than 512
// bytes.
absl::StatusOr<std::string> ReadLocalId(const RowShape& shape, const Tuple& row, const Tuple* old_row);

// A field with a longer value is left out, as Capture refuses it.
inline constexpr size_t kMaxValueBytes = 8 << 20;

// Names of fields that are not in the record.
struct MissingFields {
  std::vector<std::string> unchanged;  // the server did not send them
  std::vector<std::string> too_large;
};
// Replaces what is in `fields`.
MissingFields ReadFields(const RowShape& shape, const Tuple& row, const Tuple* old_row, v1::Fields* fields);

}  // namespace cognate::change_capture::pgoutput
