#include "services/platform_registry/rules_cache.h"

#include "services/clients/schedule.h"
#include "services/platform_registry/configuration_store.h"
#include "services/platform_registry/rules.h"

namespace cognate::platform_registry {

using postgres::Transaction;

namespace {

absl::flat_hash_set<clients::ModelName> ModelsComingBack(const Configuration& configuration,
                                                         const v1::Rules& rules) {
  absl::flat_hash_set<clients::ModelName> models = clients::ModelsOnWaysBack(rules);
  absl::erase_if(models, [&](const clients::ModelName& model) {
    const v1::Platform* const platform = configuration.FindPlatform(model.first);
    return platform == nullptr || platform->capture_mode() != v1::CAPTURE_MODE_REPLICATION;
  });
  for (const v1::CompiledSync& compiled : rules.syncs()) {
    const v1::Sync& sync = compiled.sync();
    if (clients::IntervalOf(sync) > absl::ZeroDuration())
      models.erase({sync.source_platform(), sync.source_model()});
  }
  return models;
}

}  // namespace

absl::StatusOr<int64_t> RulesCache::Revision() {
  int64_t revision = 0;
  RETURN_IF_ERROR(pool_.Run("read_revision", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(revision, ReadRevision(transaction));
    return absl::OkStatus();
  }));
  return revision;
}

absl::StatusOr<std::shared_ptr<const v1::Rules>> RulesCache::Get() {
  ASSIGN_OR_RETURN(const int64_t revision, Revision());
  if (std::shared_ptr<const v1::Rules> rules = Known(revision); rules != nullptr) return rules;
  MutexLock lock(&compiling_);
  if (std::shared_ptr<const v1::Rules> rules = Known(revision); rules != nullptr) return rules;
  return Compile();
}

// Of that revision or a newer one, which was in force at some time since that one was asked for.
std::shared_ptr<const v1::Rules> RulesCache::Known(int64_t revision) {
  MutexLock lock(&mutex_);
  return rules_ != nullptr && rules_->revision() >= revision ? rules_ : nullptr;
}

absl::StatusOr<bool> RulesCache::ComesBack(const std::string& platform, const std::string& model) {
  RETURN_IF_ERROR(Get().status());
  MutexLock lock(&mutex_);
  return coming_back_.contains({platform, model});
}

absl::StatusOr<std::shared_ptr<const v1::Rules>> RulesCache::Compile() {
  Configuration configuration;
  RETURN_IF_ERROR(pool_.InTransaction("load_configuration", [&](Transaction& transaction) -> absl::Status {
    // All tables as they were at one moment: a rule must not mix two revisions.
    RETURN_IF_ERROR(transaction.Execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"));
    ASSIGN_OR_RETURN(configuration, LoadConfiguration(transaction));
    return absl::OkStatus();
  }));
  auto rules = std::make_shared<const v1::Rules>(CompileRules(configuration));
  MutexLock lock(&mutex_);
  if (rules_ == nullptr || rules_->revision() < rules->revision()) {
    rules_ = rules;
    coming_back_ = ModelsComingBack(configuration, *rules);
  }
  return rules;
}

}  // namespace cognate::platform_registry
