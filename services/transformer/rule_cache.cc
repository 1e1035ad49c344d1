#include "services/transformer/rule_cache.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"

namespace cognate::transformer {

std::shared_ptr<const RuleSet> RuleCache::Current() const {
  MutexLock lock(&mutex_);
  return current_;
}

absl::Status RuleCache::Refresh() {
  MutexLock fetching(&fetching_);
  const std::shared_ptr<const RuleSet> known = Current();
  ASSIGN_OR_RETURN(v1::GetRulesResponse response, fetch_(known == nullptr ? 0 : known->revision()));
  if (!response.has_rules()) {
    if (known != nullptr) return absl::OkStatus();
    response.mutable_rules()->set_revision(response.revision());
  }
  auto rules = std::make_shared<const RuleSet>(std::move(*response.mutable_rules()));
  log::Info("rules", {{"revision", rules->revision()}, {"syncs", rules->rules().syncs_size()}});
  MutexLock lock(&mutex_);
  current_ = std::move(rules);
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const RuleSet>> RuleCache::AtLeast(int64_t revision) {
  std::shared_ptr<const RuleSet> rules = Current();
  if (rules != nullptr && rules->revision() >= revision) return rules;
  RETURN_IF_ERROR(Refresh());
  rules = Current();
  if (rules->revision() >= revision) return rules;
  return absl::UnavailableError(
      absl::StrCat("rules: the registry has revision ", rules->revision(), ", the changes need ", revision));
}

}  // namespace cognate::transformer
