#include "services/feedback/canary_store.h"

#include <vector>

#include "common/postgres/statement.h"
#include "common/status/status_macros.h"

namespace cognate::feedback {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

// In the order of the key, as every process does it: no two wait for each other.
const Statement kAdd = {"canaries_add", R"sql(
    INSERT INTO canaries AS known (source, target, captured_at)
    SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[])
    ON CONFLICT (source, target) DO UPDATE
    SET captured_at = EXCLUDED.captured_at
    WHERE known.captured_at < EXCLUDED.captured_at)sql"};

const Statement kList = {"canaries_list", "SELECT source, target, captured_at FROM canaries"};

}  // namespace

absl::StatusOr<NewestCanaries> CanaryStore::Exchange(const NewestCanaries& newest) {
  std::vector<std::string> sources;
  std::vector<std::string> targets;
  std::vector<absl::Time> times;
  for (const auto& [pair, time] : newest) {
    sources.push_back(pair.first);
    targets.push_back(pair.second);
    times.push_back(time);
  }
  NewestCanaries known;
  RETURN_IF_ERROR(pool_.Run("exchange_canaries", [&](Transaction& transaction) -> absl::Status {
    if (!newest.empty()) {
      Params params;
      params.AddTextArray(sources).AddTextArray(targets).AddTimestampArray(times);
      RETURN_IF_ERROR(transaction.Query(kAdd, params).status());
    }
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kList));
    known.clear();
    for (int row = 0; row < rows.size(); ++row) {
      known[{std::string(rows.GetText(row, 0)), std::string(rows.GetText(row, 1))}] =
          rows.GetTimestamp(row, 2);
    }
    return absl::OkStatus();
  }));
  return known;
}

}  // namespace cognate::feedback
