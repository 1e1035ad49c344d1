#include "services/platform_registry/configuration_cache.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/status/status_macros.h"
#include "services/platform_registry/configuration_store.h"
#include "services/platform_registry/model_store.h"
#include "services/platform_registry/names.h"
#include "services/platform_registry/pipelines/pipeline_store.h"
#include "services/platform_registry/platform_store.h"
#include "services/platform_registry/sync_store.h"

namespace cognate::platform_registry {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

// Beyond that all is read, by four statements.
constexpr int kMaxChanges = 1000;

// One row at least. What this transaction has changed is told from what is committed by who wrote the row.
const Statement kSelectChanges = {"select_configuration_changes", R"sql(
    SELECT c.revision, c.changes, n.kind, n.platform, n.name, n.change, n.is_own
    FROM configuration c
    LEFT JOIN (SELECT kind, platform, name, change, coalesce(xmin = pg_current_xact_id_if_assigned()::xid, false) AS is_own
               FROM configuration_changes
               WHERE change > $1
               ORDER BY change
               LIMIT $2) n ON true
    ORDER BY n.change
)sql"};

const Statement kSelectOwnChanges = {"select_own_configuration_changes", R"sql(
    SELECT kind, platform, name
    FROM configuration_changes
    WHERE xmin = pg_current_xact_id_if_assigned()::xid
    ORDER BY change
)sql"};

// Others write one after another (LockConfiguration), so that all of theirs that are seen are committed.
const Statement kSelectLastOfOthers = {"select_last_change_of_others", R"sql(
    SELECT coalesce((SELECT change
                     FROM configuration_changes
                     WHERE xmin IS DISTINCT FROM pg_current_xact_id_if_assigned()::xid
                     ORDER BY change DESC
                     LIMIT 1), 0)
)sql"};

}  // namespace

absl::Status ConfigurationCache::With(Transaction& transaction, Use use) {
  MutexLock lock(&mutex_);
  RETURN_IF_ERROR(Refresh(transaction));
  const Concern own = ToJudge();
  return use({configuration_, own, uncompiled_});
}

absl::Status ConfigurationCache::WithSync(Transaction& transaction, const v1::Sync& sync, Use use) {
  ASSIGN_OR_RETURN(const std::string id, ParseSyncName(sync.name(), "sync.name"));
  MutexLock lock(&mutex_);
  RETURN_IF_ERROR(Refresh(transaction));
  uncertain_.insert({"syncs", "", id});
  configuration_.PutSync(sync);
  const Concern own = ToJudge();
  return use({configuration_, own, uncompiled_});
}

absl::StatusOr<Configuration> ConfigurationCache::Copy(Transaction& transaction) {
  Configuration copy;
  RETURN_IF_ERROR(With(transaction, [&](const View& view) {
    copy = view.configuration;
    return absl::OkStatus();
  }));
  return copy;
}

void ConfigurationCache::SetJudged() {
  MutexLock lock(&mutex_);
  is_judged_ = true;
}

Concern ConfigurationCache::ToJudge() const {
  Concern own = own_;
  own.everything |= !is_judged_;
  return own;
}

absl::Status ConfigurationCache::Refresh(Transaction& transaction) {
  bool is_fresh = false;
  if (std::exchange(is_loaded_, false)) {  // until all of it is read
    ASSIGN_OR_RETURN(is_fresh, LoadChanges(transaction));
  }
  if (!is_fresh) RETURN_IF_ERROR(LoadAll(transaction));
  is_loaded_ = true;
  return absl::OkStatus();
}

// What is own says nothing about which changes are committed: of an object that it wrote twice only the later
// number is left, and after a rollback others take the earlier ones.
absl::Status ConfigurationCache::LoadAll(Transaction& transaction) {
  ASSIGN_OR_RETURN(configuration_, LoadConfiguration(transaction));
  uncompiled_.everything = true;
  own_ = Concern();
  uncertain_.clear();
  ASSIGN_OR_RETURN(const Rows state, transaction.Query(kSelectChanges, Params().AddInt64(0).AddInt64(0)));
  known_ = state.GetInt64(0, 1);
  ASSIGN_OR_RETURN(const Rows own, transaction.Query(kSelectOwnChanges));
  if (own.size() > 0) {
    ASSIGN_OR_RETURN(const Rows others, transaction.Query(kSelectLastOfOthers));
    known_ = others.GetInt64(0, 0);
    own_.everything = true;  // what it took away is not there to be asked which syncs it concerned
  }
  for (int row = 0; row < own.size(); ++row) {
    uncertain_.emplace(own.GetText(row, 0), own.GetText(row, 1), own.GetText(row, 2));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> ConfigurationCache::LoadChanges(Transaction& transaction) {
  ASSIGN_OR_RETURN(const Rows rows,
                   transaction.Query(kSelectChanges, Params().AddInt64(known_).AddInt64(kMaxChanges + 1)));
  const int64_t changes = rows.GetInt64(0, 1);
  if (rows.size() > kMaxChanges || changes < known_) return false;
  configuration_.revision = rows.GetInt64(0, 0);
  std::set<Key> committed = std::exchange(uncertain_, {});
  const Concern former = std::exchange(own_, {});
  bool is_again = false;
  for (int row = 0; row < rows.size() && !rows.IsNull(row, 2); ++row) {
    Key key(rows.GetText(row, 2), rows.GetText(row, 3), rows.GetText(row, 4));
    if (!rows.GetBool(row, 6)) {
      known_ = std::max(known_, rows.GetInt64(row, 5));
      committed.insert(std::move(key));
      continue;
    }
    is_again |= committed.erase(key) > 0;
    uncertain_.insert(std::move(key));
  }
  if (uncertain_.empty()) known_ = changes;
  // What was read of it then, perhaps in a transaction that was rolled back, stands in the way of seeing what
  // it does now: a sync that goes is gone already.
  if (is_again) own_.Add(former);
  Concern concern;
  for (const Key& key : committed) RETURN_IF_ERROR(Load(transaction, key, &concern));
  for (const Key& key : uncertain_) RETURN_IF_ERROR(Load(transaction, key, &own_));
  uncompiled_.Add(concern);
  Concern own = own_;
  own.everything = false;
  uncompiled_.Add(own);
  return true;
}

absl::Status ConfigurationCache::Load(Transaction& transaction, const Key& key, Concern* concern) {
  const auto& [kind, platform, name] = key;
  if (kind == "platforms") return LoadPlatform(transaction, name, concern);
  if (kind == "syncs") return LoadSync(transaction, name, concern);
  if (kind == "models") {
    concern->platforms.insert(platform);
    absl::StatusOr<v1::Model> model = SelectModel(transaction, platform, name);
    if (model.ok()) {
      configuration_.models[{platform, name}] = *std::move(model);
    } else {
      configuration_.models.erase({platform, name});
    }
    return absl::IsNotFound(model.status()) ? absl::OkStatus() : model.status();
  }
  concern->pipelines.insert(PipelineName(name));
  absl::StatusOr<v1::Pipeline> pipeline = SelectPipeline(transaction, name);
  if (pipeline.ok()) {
    configuration_.pipelines[PipelineName(name)] = *std::move(pipeline);
  } else {
    configuration_.pipelines.erase(PipelineName(name));
  }
  return absl::IsNotFound(pipeline.status()) ? absl::OkStatus() : pipeline.status();
}

// With its models: they go with it, and it may have been made again since.
absl::Status ConfigurationCache::LoadPlatform(Transaction& transaction, const std::string& platform,
                                              Concern* concern) {
  concern->platforms.insert(platform);
  const bool was_there = configuration_.platforms.erase(platform) > 0;
  if (was_there)
    absl::erase_if(configuration_.models, [&](const auto& model) { return model.first.first == platform; });
  absl::StatusOr<v1::Platform> found = SelectPlatform(transaction, platform);
  concern->platforms_came |= found.ok() && !was_there;
  concern->platforms_went |= !found.ok() && was_there;
  if (!found.ok()) return absl::IsNotFound(found.status()) ? absl::OkStatus() : found.status();
  configuration_.platforms[platform] = *std::move(found);
  ASSIGN_OR_RETURN(std::vector<v1::Model> models, SelectModelsOf(transaction, platform));
  for (v1::Model& model : models) {
    std::pair<std::string, std::string> name(platform, model.model());
    configuration_.models[std::move(name)] = std::move(model);
  }
  return absl::OkStatus();
}

absl::Status ConfigurationCache::LoadSync(Transaction& transaction, const std::string& id, Concern* concern) {
  const std::string name = SyncName(id);
  const auto note = [&](const v1::Sync& sync) {
    concern->ways.insert({sync.source_platform(), sync.target_platform()});
  };
  if (const v1::Sync* const before = configuration_.FindSync(name); before != nullptr) note(*before);
  configuration_.TakeSyncOut(name);
  const absl::StatusOr<v1::Sync> sync = SelectSync(transaction, id);
  if (!sync.ok()) return absl::IsNotFound(sync.status()) ? absl::OkStatus() : sync.status();
  note(*sync);
  configuration_.PutSync(*sync);
  return absl::OkStatus();
}

}  // namespace cognate::platform_registry
