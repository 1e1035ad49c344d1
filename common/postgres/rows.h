// The binary rows that a statement answered with. Owns them; views into them live as long as this.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/ids/uuid.h"

struct pg_result;

namespace cognate::postgres {

// `row` and `column` count from 0 and must exist. The reader must fit the column's type (cast in SQL where it
// does not); GetInt64 and GetInt32 read smallint, integer and bigint. A NULL reads as 0, "", nil, false, or
// the epoch.
class Rows {
 public:
  Rows() = default;
  explicit Rows(pg_result* rows);

  int size() const;
  bool empty() const { return size() == 0; }
  int columns() const;
  // -1 when there is none of this name.
  int Column(absl::string_view name) const;
  absl::string_view ColumnName(int column) const;
  // The type's OID.
  unsigned ColumnType(int column) const;
  // Rows that INSERT, UPDATE, DELETE touched, or SELECT gave.
  int64_t affected() const;

  bool IsNull(int row, int column) const;
  int64_t GetInt64(int row, int column) const;
  int32_t GetInt32(int row, int column) const { return static_cast<int32_t>(GetInt64(row, column)); }
  bool GetBool(int row, int column) const;
  double GetDouble(int row, int column) const;
  absl::string_view GetText(int row, int column) const;
  absl::string_view GetBytes(int row, int column) const { return GetText(row, column); }
  Uuid GetUuid(int row, int column) const;
  absl::Time GetTimestamp(int row, int column) const;
  // Elements of one-dimensional arrays; NULL elements are nullopt.
  std::vector<std::optional<absl::string_view>> GetTextArray(int row, int column) const;
  std::vector<std::optional<int64_t>> GetInt64Array(int row, int column) const;

 private:
  struct Clear {
    void operator()(pg_result* rows) const;
  };
  std::unique_ptr<pg_result, Clear> rows_;
};

}  // namespace cognate::postgres
