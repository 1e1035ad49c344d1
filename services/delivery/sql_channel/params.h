// Turns the values of a batch into parameters: one array for each column.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/postgres/params.h"
#include "services/delivery/channel.h"
#include "services/delivery/sql_channel/statements.h"

namespace cognate::delivery {

using Deliveries = std::vector<const Outgoing*>;

// Lowers wires[i] to text for each column that one of these values does not fit otherwise. Wires only ever
// fall, so that a shape has few statements.
void FitWires(const SqlShape& shape, const Deliveries& deliveries, Wires* wires);

// Makes parameters; keeps its memory from batch to batch.
class ColumnParams {
 public:
  // The values of field `index` of each delivery, for this wire.
  void AddField(size_t index, const SqlColumn& column, Wire wire, const Deliveries& deliveries,
                postgres::Params* params);
  // INVALID_ARGUMENT where a local id does not have one part for each key column.
  absl::Status AddKeys(size_t columns, absl::Span<const absl::string_view> local_ids,
                       postgres::Params* params);

  // The same as texts, whatever the column is.
  void AddTexts(size_t index, const Deliveries& deliveries, postgres::Params* params);

 private:
  std::vector<std::optional<absl::string_view>> views_;
  std::vector<std::optional<int64_t>> integers_;
  std::vector<std::optional<bool>> bools_;
  std::vector<std::optional<absl::Time>> times_;
  std::deque<std::string> texts_;
};

}  // namespace cognate::delivery
