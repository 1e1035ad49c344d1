// What a mirror removes, in a batch.
#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "common/status/status_macros.h"
#include "services/delivery/sql_channel/batch.h"

namespace cognate::delivery {
namespace {

const postgres::Statement kFindOwned = {"inbox_owned", R"sql(
    SELECT i.local_id
    FROM cognate.inbox AS i
    WHERE i.model = $1 AND i.local_id = ANY ($2::text[]) AND NOT i.deleted
)sql"};

}  // namespace

absl::Status SqlBatch::SpareAdopted(TableWork& work) {
  const auto is_stranger = [&](size_t index) {
    return deliveries_[index].outgoing->group->spares_adopted() && !rows_[index].known;
  };
  if (std::none_of(work.deletes.begin(), work.deletes.end(), is_stranger)) return absl::OkStatus();
  const std::string& model = work.plan->shape().table->model;
  postgres::Params params;
  params.AddText(model).AddTextArray(LocalIds(work.deletes));
  ASSIGN_OR_RETURN(const postgres::Rows owned, connection_.Query(kFindOwned, params));
  absl::flat_hash_set<std::string> kept;
  for (int row = 0; row < owned.size(); ++row) kept.emplace(owned.GetText(row, 0));
  // What this batch itself has adopted is not in the inbox yet.
  for (size_t i = 0; i < rows_.size(); ++i) {
    if (write_[i] && !rows_[i].deleted && rows_[i].model == model) kept.insert(rows_[i].local_id);
  }
  const auto spared = [&](size_t index) {
    return is_stranger(index) && kept.contains(rows_[index].local_id);
  };
  // They are not in the inbox, as if they had never come. The mirror's own delivery counts as done.
  for (const size_t index : work.deletes) write_[index] = write_[index] && !spared(index);
  work.deletes.erase(std::remove_if(work.deletes.begin(), work.deletes.end(), spared), work.deletes.end());
  return absl::OkStatus();
}

}  // namespace cognate::delivery
