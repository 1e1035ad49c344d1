#include "common/health/readiness.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace cognate::health {

void Readiness::AddCheck(absl::string_view name, Check check, Concern concern) {
  MutexLock lock(&mutex_);
  for (Named& named : checks_) {
    if (named.name == name) {
      named.check = std::move(check);
      named.concern = concern;
      return;
    }
  }
  checks_.push_back({std::string(name), std::move(check), concern});
}

void Readiness::RemoveCheck(absl::string_view name) {
  MutexLock lock(&mutex_);
  std::erase_if(checks_, [&](const Named& named) { return named.name == name; });
}

void Readiness::Clear() {
  MutexLock lock(&mutex_);
  checks_.clear();
}

// Under the lock, so that a check that was removed is not running any more.
std::vector<Readiness::Answer> Readiness::Ask() const {
  MutexLock lock(&mutex_);
  std::vector<Answer> answers;
  answers.reserve(checks_.size());
  for (const Named& named : checks_) answers.push_back({named.name, named.check(), named.concern});
  return answers;
}

absl::Status Readiness::Ready() const {
  std::string troubles;
  for (const Answer& answer : Ask()) {
    if (answer.status.ok()) continue;
    absl::StrAppend(&troubles, troubles.empty() ? "" : "; ", answer.name, ": ", answer.status.message());
  }
  return troubles.empty() ? absl::OkStatus() : absl::UnavailableError(troubles);
}

}  // namespace cognate::health
