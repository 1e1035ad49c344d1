// How this process comes by lanes, and keeps them.
#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/delivery/lane_manager.h"

namespace cognate::delivery {
namespace {

// At a time: processes that begin together share what there is.
constexpr size_t kMaxTaken = 1'000;
constexpr size_t kMaxRefreshed = 500;
// What the database said of a lane is not asked again for so long, unless it says that the lane is free.
constexpr absl::Duration kTryAll = absl::Minutes(1);

}  // namespace

absl::StatusOr<std::vector<std::string>> LaneManager::Missing() {
  std::vector<std::string> missing;
  {
    MutexLock lock(&mutex_);
    for (const std::string& target : targets_) {
      if (lanes_.count(target) == 0) missing.push_back(target);
    }
  }
  if (missing.empty()) return missing;
  ASSIGN_OR_RETURN(const std::vector<std::string> listed, leases_.ListFree());
  ASSIGN_OR_RETURN(first_end_, leases_.FirstEnd(owner_));
  const absl::flat_hash_set<std::string> free(listed.begin(), listed.end());
  const absl::Time now = context_.clock.Now();
  if (now >= try_all_time_) {
    try_all_time_ = now + kTryAll;
    tried_.clear();
  }
  std::vector<std::string> open;
  for (std::string& platform : missing) {
    if (open.size() >= kMaxTaken) break;
    if (free.contains(platform) || !tried_.contains(platform)) open.push_back(std::move(platform));
  }
  return open;
}

absl::Status LaneManager::TakeLanes() {
  ASSIGN_OR_RETURN(const std::vector<std::string> missing, Missing());
  if (missing.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto held, leases_.Take(missing, owner_, address_));
  tried_.insert(missing.begin(), missing.end());
  const absl::Time now = context_.clock.Now();
  for (const auto& [platform, fence] : held) {
    auto lane = std::make_shared<Lane>(
        platform, context_, fence, lease_,
        [this](const std::string& rested, Rest rest) { watch_.Rest(rested, std::move(rest)); });
    {
      MutexLock lock(&mutex_);
      lanes_.emplace(platform, std::move(lane));
    }
    refreshed_[platform] = now;
    Rest begin;
    begin.until = now;
    begin.by_entries = false;
    watch_.Rest(platform, std::move(begin));
    log::Info("lane taken", {{"platform", platform}, {"fence", fence}});
  }
  return absl::OkStatus();
}

absl::Status LaneManager::RefreshLeases() {
  const absl::Time now = context_.clock.Now();
  std::vector<std::string> old;
  for (const auto& [platform, when] : refreshed_) {
    if (old.size() >= kMaxRefreshed) break;
    if (now - when >= LeaseStore::kRefreshAfter) old.push_back(platform);
  }
  if (old.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<std::string> listed, leases_.Refresh(old, owner_));
  const absl::flat_hash_set<std::string> ours(listed.begin(), listed.end());
  for (const std::string& platform : old) {
    refreshed_[platform] = now;
    if (ours.contains(platform)) continue;
    log::Warn("a lane was taken by another process", {{"platform", platform}});
    if (const std::shared_ptr<Lane> lane = Find(platform); lane != nullptr) lane->RequestStop();
  }
  return absl::OkStatus();
}

}  // namespace cognate::delivery
