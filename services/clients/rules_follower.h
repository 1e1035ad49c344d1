// The rules in force, kept by revision.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "cognate/v1/sync.pb.h"
#include "common/clock/clock.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "common/sync/mutex.h"
#include "services/clients/registry_client.h"

namespace cognate::clients {

// `Prepared` is what a service makes of v1::Rules, once for each revision: it is built from them and tells
// revision(). v1::Rules itself will do. When to ask is the owner's. Thread safe.
template <typename Prepared = v1::Rules>
class RulesFollower {
 public:
  // `options` are those of GetRules.
  RulesFollower(RegistryClient& registry, const Clock& clock, CallOptions options)
      : registry_(registry), clock_(clock), options_(std::move(options)) {}

  // Asks the registry for newer ones. An error leaves what there is.
  absl::Status Refresh() {
    MutexLock asking(&asking_);
    const absl::Time asked = clock_.Now();
    std::shared_ptr<const Prepared> current = Current();
    ASSIGN_OR_RETURN(std::optional<v1::Rules> newer, registry_.GetRules(current->revision(), options_));
    if (newer) {
      const int syncs = newer->syncs_size();
      current = std::make_shared<const Prepared>(*std::move(newer));
      log::Info("rules", {{"revision", current->revision()}, {"syncs", syncs}});
    }
    const absl::Time now = clock_.Now();
    MutexLock lock(&mutex_);
    if (current != current_) next_poll_ = now + kRest * (now - asked);
    current_ = std::move(current);
    asked_ = asked;
    return absl::OkStatus();
  }

  // For who looks now and then: the same, unless the last news cost so much that it is too soon. With many
  // syncs all of them are read for one that has changed, so that many changes in a row are read together.
  absl::Status Poll() {
    {
      MutexLock lock(&mutex_);
      if (clock_.Now() < next_poll_) return absl::OkStatus();
    }
    return Refresh();
  }

  // What was last fetched: empty rules of revision 0 before the first time. Never null.
  std::shared_ptr<const Prepared> Current() const {
    MutexLock lock(&mutex_);
    return current_;
  }

  // Whether the registry has answered yet.
  bool IsKnown() const {
    MutexLock lock(&mutex_);
    return asked_.has_value();
  }

  // The rules in force at `since` or later, of at least this revision, asking the registry if need be. A sync
  // acts on changes that are captured after it was made, so whoever plans changes asks with the time at which
  // it read them. UNAVAILABLE if the registry has none so new: nothing may be planned with older ones.
  absl::StatusOr<std::shared_ptr<const Prepared>> AtLeast(int64_t revision, absl::Time since) {
    if (std::shared_ptr<const Prepared> rules = Known(revision, since); rules != nullptr) return rules;
    RETURN_IF_ERROR(Refresh());
    std::shared_ptr<const Prepared> rules = Current();
    if (rules->revision() >= revision) return rules;
    return absl::UnavailableError(absl::StrCat("rules: the registry has revision ", rules->revision(),
                                               ", the changes need ", revision));
  }

 private:
  static constexpr int kRest = 19;  // times as long as reading took: a twentieth of a processor at most

  // The current ones, if they are good enough.
  std::shared_ptr<const Prepared> Known(int64_t revision, absl::Time since) const {
    MutexLock lock(&mutex_);
    return asked_ >= since && current_->revision() >= revision ? current_ : nullptr;
  }

  RegistryClient& registry_;
  const Clock& clock_;
  const CallOptions options_;
  Mutex asking_;  // One question at a time, so that answers come in order.
  mutable Mutex mutex_;
  std::shared_ptr<const Prepared> current_ ABSL_GUARDED_BY(mutex_) =
      std::make_shared<const Prepared>(v1::Rules());
  absl::Time next_poll_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  // When current_ was in force for sure; before every time until it is.
  std::optional<absl::Time> asked_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cognate::clients
