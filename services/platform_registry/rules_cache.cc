#include "services/platform_registry/rules_cache.h"

#include "services/platform_registry/configuration_store.h"
#include "services/platform_registry/rules.h"

namespace cognate::platform_registry {

using postgres::Transaction;

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
  {
    MutexLock lock(&mutex_);
    if (rules_ != nullptr && rules_->revision() == revision) return rules_;
  }
  return Compile();
}

absl::StatusOr<bool> RulesCache::ComesBack(const std::string& platform, const std::string& model) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const v1::Rules> rules, Get());
  MutexLock lock(&mutex_);
  if (ways_back_revision_ != rules->revision()) {
    ways_back_ = clients::ModelsOnWaysBack(*rules);
    ways_back_revision_ = rules->revision();
  }
  return ways_back_.contains({platform, model});
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
  if (rules_ == nullptr || rules_->revision() < rules->revision()) rules_ = rules;
  return rules;
}

}  // namespace cognate::platform_registry
