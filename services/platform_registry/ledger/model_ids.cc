#include "services/platform_registry/ledger/model_ids.h"

#include "common/status/status_macros.h"
#include "services/platform_registry/errors.h"
#include "services/platform_registry/names.h"

namespace cognate::platform_registry {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

constexpr absl::Duration kRemembered = absl::Seconds(10);

const Statement kSelectModelId = {"select_model_id", R"sql(
    SELECT m.model_id, m.platform_id
    FROM models m
    JOIN platforms p USING (platform_id)
    WHERE p.name = $1 AND m.model = $2
)sql"};

const Statement kInsertModelId = {"insert_model_id", R"sql(
    INSERT INTO models (platform_id, model)
    SELECT platform_id, $2 FROM platforms WHERE name = $1
    ON CONFLICT (platform_id, model) DO NOTHING
)sql"};

const Statement kSelectSyncId = {"select_sync_id", R"sql(
    SELECT sync_id, source_model_id
    FROM syncs
    WHERE name = $1
    ORDER BY deleted, sync_id DESC
    LIMIT 1
)sql"};

}  // namespace

absl::StatusOr<ModelId> ModelIds::Find(absl::string_view platform, absl::string_view model) {
  auto key = std::make_pair(std::string(platform), std::string(model));
  const absl::Time now = clock_.Now();
  {
    MutexLock lock(&mutex_);
    const auto known = models_.find(key);
    if (known != models_.end() && now < known->second.until) return known->second.id;
  }
  ASSIGN_OR_RETURN(const ModelId id, Read(key.first, key.second));
  MutexLock lock(&mutex_);
  models_[std::move(key)] = {id, now + kRemembered};
  return id;
}

absl::StatusOr<SyncId> ModelIds::FindSync(absl::string_view name) {
  ASSIGN_OR_RETURN(std::string sync, ParseSyncName(name, "sync"));
  const absl::Time now = clock_.Now();
  {
    MutexLock lock(&mutex_);
    const auto known = syncs_.find(sync);
    if (known != syncs_.end() && now < known->second.until) return known->second.id;
  }
  ASSIGN_OR_RETURN(const SyncId id, ReadSync(sync));
  MutexLock lock(&mutex_);
  syncs_[std::move(sync)] = {id, now + kRemembered};
  return id;
}

void ModelIds::Forget() {
  MutexLock lock(&mutex_);
  models_.clear();
  syncs_.clear();
}

absl::StatusOr<ModelId> ModelIds::Read(const std::string& platform, const std::string& model) {
  ModelId id;
  RETURN_IF_ERROR(pool_.Run("find_model_id", [&](Transaction& transaction) -> absl::Status {
    Params params;
    params.AddText(platform).AddText(model);
    ASSIGN_OR_RETURN(Rows rows, transaction.Query(kSelectModelId, params));
    if (rows.empty()) {
      RETURN_IF_ERROR(transaction.Query(kInsertModelId, params).status());
      ASSIGN_OR_RETURN(rows, transaction.Query(kSelectModelId, params));
    }
    if (rows.empty()) return PlatformNotFound(platform);
    id = {rows.GetInt32(0, 0), rows.GetInt32(0, 1)};
    return absl::OkStatus();
  }));
  return id;
}

absl::StatusOr<SyncId> ModelIds::ReadSync(const std::string& sync) {
  SyncId id;
  RETURN_IF_ERROR(pool_.Run("find_sync_id", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kSelectSyncId, Params().AddText(sync)));
    if (rows.empty()) return SyncNotFound(sync);
    id = {rows.GetInt32(0, 0), rows.GetInt32(0, 1)};
    return absl::OkStatus();
  }));
  return id;
}

}  // namespace cognate::platform_registry
