// How the stores of this folder ask: many rows at once, as arrays. Internal to them.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/postgres/pool.h"
#include "common/postgres/statement.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/placing/rows.h"

namespace cognate::file_transfer {

// $1 to $5.
inline postgres::Params KeyParams(absl::Span<const BindingKey> keys) {
  std::vector<absl::string_view> platforms, models, fields;
  std::vector<Uuid> entities;
  std::vector<int32_t> positions;
  for (const BindingKey& key : keys) {
    platforms.push_back(key.platform);
    entities.push_back(key.entity);
    models.push_back(key.model);
    fields.push_back(key.field);
    positions.push_back(key.position);
  }
  postgres::Params params;
  params.AddTextArray(absl::MakeConstSpan(platforms)).AddUuidArray(absl::MakeConstSpan(entities));
  params.AddTextArray(absl::MakeConstSpan(models)).AddTextArray(absl::MakeConstSpan(fields));
  params.AddInt32Array(absl::MakeConstSpan(positions));
  return params;
}

template <typename Row>
postgres::Params KeyParamsOf(const std::vector<Row>& rows) {
  std::vector<BindingKey> keys;
  for (const Row& row : rows) keys.push_back(row.key);
  return KeyParams(keys);
}

// $1 and $2: platforms and paths.
template <typename Row>
postgres::Params PathParamsOf(const std::vector<Row>& rows) {
  std::vector<absl::string_view> platforms, paths;
  for (const Row& row : rows) {
    platforms.push_back(row.platform);
    paths.push_back(row.path);
  }
  postgres::Params params;
  params.AddTextArray(absl::MakeConstSpan(platforms)).AddTextArray(absl::MakeConstSpan(paths));
  return params;
}

inline std::optional<absl::string_view> ViewOf(const std::optional<std::string>& text) {
  return text.has_value() ? std::optional<absl::string_view>(*text) : std::nullopt;
}

// In one order: two batches then never wait for each other.
template <typename Row, typename KeyOf>
void SortBy(std::vector<Row>& rows, KeyOf key_of) {
  std::sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) { return key_of(a) < key_of(b); });
}

// Runs one statement and makes a vector of its rows.
template <typename Row, typename FromRow>
absl::StatusOr<std::vector<Row>> QueryAll(postgres::Pool& pool, const postgres::Statement& statement,
                                          const postgres::Params& params, FromRow from_row) {
  std::vector<Row> found;
  RETURN_IF_ERROR(pool.Run(statement.name, [&](postgres::Transaction& transaction) -> absl::Status {
    found.clear();
    ASSIGN_OR_RETURN(const postgres::Rows rows, transaction.Query(statement, params));
    for (int row = 0; row < rows.size(); ++row) found.push_back(from_row(rows, row));
    return absl::OkStatus();
  }));
  return found;
}

// Runs a statement that works on a page of `platform, path` behind `after` and gives the last of them; moves
// `after` there. Whether there was a page.
template <typename Key>
absl::StatusOr<bool> MovePage(postgres::Pool& pool, const postgres::Statement& statement,
                              const postgres::Params& params, Key* after) {
  bool more = false;
  RETURN_IF_ERROR(
      pool.InTransactionWithRetry(statement.name, [&](postgres::Transaction& transaction) -> absl::Status {
        ASSIGN_OR_RETURN(const postgres::Rows rows, transaction.Query(statement, params));
        more = !rows.empty();
        if (more) *after = {std::string(rows.GetText(0, 0)), std::string(rows.GetText(0, 1))};
        return absl::OkStatus();
      }));
  return more;
}

// How many rows it touched.
inline absl::StatusOr<int64_t> Do(postgres::Pool& pool, const postgres::Statement& statement,
                                  const postgres::Params& params) {
  int64_t touched = 0;
  RETURN_IF_ERROR(
      pool.InTransactionWithRetry(statement.name, [&](postgres::Transaction& transaction) -> absl::Status {
        ASSIGN_OR_RETURN(const postgres::Rows rows, transaction.Query(statement, params));
        touched = rows.affected();
        return absl::OkStatus();
      }));
  return touched;
}

}  // namespace cognate::file_transfer
