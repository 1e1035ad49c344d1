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

std::shared_ptr<const RuleSet> RuleCache::Known(int64_t revision, absl::Time since) const {
  MutexLock lock(&mutex_);
  const bool good = current_ != nullptr && current_->revision() >= revision && asked_ >= since;
  return good ? current_ : nullptr;
}

absl::Status RuleCache::Refresh() {
  MutexLock fetching(&fetching_);
  const absl::Time asked = clock_.Now();
  const std::shared_ptr<const RuleSet> known = Current();
  ASSIGN_OR_RETURN(v1::GetRulesResponse response, fetch_(known == nullptr ? 0 : known->revision()));
  std::shared_ptr<const RuleSet> rules = known;
  if (response.has_rules() || known == nullptr) {
    response.mutable_rules()->set_revision(response.revision());
    rules = std::make_shared<const RuleSet>(std::move(*response.mutable_rules()));
    log::Info("rules", {{"revision", rules->revision()}, {"syncs", rules->rules().syncs_size()}});
  }
  MutexLock lock(&mutex_);
  current_ = std::move(rules);
  asked_ = asked;
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const RuleSet>> RuleCache::AtLeast(int64_t revision, absl::Time since) {
  if (std::shared_ptr<const RuleSet> rules = Known(revision, since); rules != nullptr) return rules;
  RETURN_IF_ERROR(Refresh());
  std::shared_ptr<const RuleSet> rules = Current();
  if (rules->revision() >= revision) return rules;
  return absl::UnavailableError(
      absl::StrCat("rules: the registry has revision ", rules->revision(), ", the changes need ", revision));
}

}  // namespace cognate::transformer
