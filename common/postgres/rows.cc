#include "common/postgres/rows.h"

#include <algorithm>
#include <bit>

#include <libpq-fe.h>

#include "absl/strings/numbers.h"
#include "common/postgres/wire.h"

namespace cognate::postgres {
namespace {

int64_t ReadInteger(absl::string_view bytes) {
  switch (bytes.size()) {
    case 8:
      return FromBigEndian<int64_t>(bytes.data());
    case 4:
      return FromBigEndian<int32_t>(bytes.data());
    case 2:
      return FromBigEndian<int16_t>(bytes.data());
    default:
      return 0;
  }
}

// Calls `add` with each element of a one-dimensional binary array, nullopt for NULL.
template <typename Add>
void ForEachElement(absl::string_view array, Add add) {
  constexpr size_t kHeader = 20;  // dimensions, flag, type, length, lower bound
  if (array.size() < kHeader || FromBigEndian<int32_t>(array.data()) != 1) return;
  const auto count = FromBigEndian<int32_t>(array.data() + 12);
  array.remove_prefix(kHeader);
  for (int32_t i = 0; i < count && array.size() >= 4; ++i) {
    const auto length = FromBigEndian<int32_t>(array.data());
    array.remove_prefix(4);
    if (length < 0) {
      add(std::optional<absl::string_view>());
      continue;
    }
    add(std::optional<absl::string_view>(array.substr(0, static_cast<size_t>(length))));
    array.remove_prefix(std::min(array.size(), static_cast<size_t>(length)));
  }
}

}  // namespace

void Rows::Clear::operator()(pg_result* rows) const { PQclear(rows); }

Rows::Rows(pg_result* rows) : rows_(rows) {}

int Rows::size() const { return rows_ ? PQntuples(rows_.get()) : 0; }

int Rows::columns() const { return rows_ ? PQnfields(rows_.get()) : 0; }

int Rows::Column(absl::string_view name) const {
  for (int i = 0; i < columns(); ++i) {
    if (ColumnName(i) == name) return i;
  }
  return -1;
}

absl::string_view Rows::ColumnName(int column) const { return PQfname(rows_.get(), column); }

unsigned Rows::ColumnType(int column) const { return PQftype(rows_.get(), column); }

int64_t Rows::affected() const {
  int64_t count = 0;
  return rows_ && absl::SimpleAtoi(PQcmdTuples(rows_.get()), &count) ? count : 0;
}

bool Rows::IsNull(int row, int column) const { return PQgetisnull(rows_.get(), row, column) == 1; }

absl::string_view Rows::GetText(int row, int column) const {
  return {PQgetvalue(rows_.get(), row, column), static_cast<size_t>(PQgetlength(rows_.get(), row, column))};
}

int64_t Rows::GetInt64(int row, int column) const { return ReadInteger(GetText(row, column)); }

bool Rows::GetBool(int row, int column) const {
  const absl::string_view bytes = GetText(row, column);
  return !bytes.empty() && bytes.front() == 1;
}

double Rows::GetDouble(int row, int column) const { return std::bit_cast<double>(GetInt64(row, column)); }

Uuid Rows::GetUuid(int row, int column) const {
  return Uuid::FromBytes(GetText(row, column)).value_or(Uuid());
}

absl::Time Rows::GetTimestamp(int row, int column) const {
  return IsNull(row, column) ? absl::UnixEpoch() : FromWireTime(GetInt64(row, column));
}

std::vector<std::optional<absl::string_view>> Rows::GetTextArray(int row, int column) const {
  std::vector<std::optional<absl::string_view>> elements;
  ForEachElement(GetText(row, column), [&](const auto& element) { elements.push_back(element); });
  return elements;
}

std::vector<std::optional<int64_t>> Rows::GetInt64Array(int row, int column) const {
  std::vector<std::optional<int64_t>> elements;
  ForEachElement(GetText(row, column), [&](const auto& element) {
    elements.push_back(element ? std::optional<int64_t>(ReadInteger(*element)) : std::nullopt);
  });
  return elements;
}

}  // namespace cognate::postgres
