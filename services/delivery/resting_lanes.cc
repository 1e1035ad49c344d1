#include "services/delivery/resting_lanes.h"

#include <utility>

namespace cognate::delivery {

void RestingLanes::Add(const std::string& platform, Rest rest) {
  MutexLock lock(&mutex_);
  RemoveLocked(platform);
  const int64_t number = ++last_number_;
  if (rest.until < absl::InfiniteFuture()) by_time_.emplace(rest.until, platform);
  resting_[platform] = {std::move(rest), number};
  entered_.push_back({platform, number});
}

bool RestingLanes::RemoveLocked(const std::string& platform) {
  const auto found = resting_.find(platform);
  if (found == resting_.end()) return false;
  by_time_.erase({found->second.rest.until, platform});
  resting_.erase(found);
  return true;
}

bool RestingLanes::Remove(const std::string& platform) {
  MutexLock lock(&mutex_);
  return RemoveLocked(platform);
}

std::vector<RestingLanes::Entered> RestingLanes::TakeEntered() {
  MutexLock lock(&mutex_);
  return std::exchange(entered_, {});
}

void RestingLanes::RemoveIf(const Entered& entered) {
  MutexLock lock(&mutex_);
  const auto found = resting_.find(entered.platform);
  if (found != resting_.end() && found->second.number == entered.number) RemoveLocked(entered.platform);
}

std::vector<std::string> RestingLanes::Over(absl::Time now, size_t limit) const {
  MutexLock lock(&mutex_);
  std::vector<std::string> over;
  for (const auto& [until, platform] : by_time_) {
    if (until > now || over.size() >= limit) break;
    over.push_back(platform);
  }
  return over;
}

bool RestingLanes::WaitsForEntries(const std::string& platform) const {
  MutexLock lock(&mutex_);
  const auto found = resting_.find(platform);
  return found != resting_.end() && found->second.rest.by_entries;
}

void RestingLanes::ForEach(
    absl::FunctionRef<void(const std::string& platform, const Rest& rest)> look) const {
  MutexLock lock(&mutex_);
  for (const auto& [platform, resting] : resting_) look(platform, resting.rest);
}

size_t RestingLanes::size() const {
  MutexLock lock(&mutex_);
  return resting_.size();
}

}  // namespace cognate::delivery
