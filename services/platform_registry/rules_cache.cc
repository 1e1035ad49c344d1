#include "services/platform_registry/rules_cache.h"

#include <utility>

#include "services/clients/schedule.h"
#include "services/platform_registry/configuration_store.h"
#include "services/platform_registry/rules.h"

namespace cognate::platform_registry {

using postgres::Transaction;

namespace {

absl::flat_hash_set<clients::ModelName> ModelsComingBack(const absl::flat_hash_set<std::string>& replicating,
                                                         const v1::Rules& rules) {
  absl::flat_hash_set<clients::ModelName> models = clients::ModelsOnWaysBack(rules);
  absl::erase_if(models, [&](const clients::ModelName& model) { return !replicating.contains(model.first); });
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
  return compiled_ != nullptr && compiled_->rules.revision() >= revision ? Lend() : nullptr;
}

std::shared_ptr<const v1::Rules> RulesCache::Lend() {
  ++compiled_->readers;
  return {&compiled_->rules, [this, lent = compiled_](const v1::Rules*) {
            MutexLock lock(&mutex_);
            --lent->readers;
          }};
}

absl::StatusOr<bool> RulesCache::ComesBack(const std::string& platform, const std::string& model) {
  RETURN_IF_ERROR(Get().status());
  MutexLock lock(&mutex_);
  const v1::Rules& rules = compiled_->rules;
  if (std::exchange(coming_back_revision_, rules.revision()) != rules.revision())
    coming_back_ = ModelsComingBack(replicating_, rules);
  return coming_back_.contains({platform, model});
}

absl::StatusOr<std::shared_ptr<const v1::Rules>> RulesCache::Compile() {
  RETURN_IF_ERROR(pool_.InTransaction("load_configuration", [&](Transaction& transaction) -> absl::Status {
    // All tables as they were at one moment: a rule must not mix two revisions.
    RETURN_IF_ERROR(transaction.Execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"));
    return configurations_.With(transaction, [&](const ConfigurationCache::View& view) {
      Take(view);
      return absl::OkStatus();
    });
  }));
  MutexLock lock(&mutex_);
  return Lend();
}

void RulesCache::Take(const ConfigurationCache::View& view) {
  MutexLock lock(&mutex_);
  if (compiled_ == nullptr) {
    compiled_ = std::make_shared<Compiled>();
  } else if (compiled_->readers > 0) {
    auto copy = std::make_shared<Compiled>();
    copy->rules = compiled_->rules;
    compiled_ = std::move(copy);
  }
  CompileConcerned(view.configuration, view.uncompiled, &compiled_->rules);
  if (view.uncompiled.everything || !view.uncompiled.platforms.empty()) {
    replicating_.clear();
    for (const auto& [id, platform] : view.configuration.platforms) {
      if (platform.capture_mode() == v1::CAPTURE_MODE_REPLICATION) replicating_.insert(id);
    }
    coming_back_revision_ = -1;
  }
  view.uncompiled = Concern();
}

}  // namespace cognate::platform_registry
