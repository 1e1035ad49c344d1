#include "services/delivery/lane_manager.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"

namespace cognate::delivery {
namespace {

constexpr absl::Duration kStopGrace = absl::Seconds(3);
constexpr absl::Duration kMaxTick = absl::Seconds(1);  // also how soon a new target is seen

}  // namespace

LaneManager::LaneManager(const LaneContext& context, LeaseStore& leases, std::string owner,
                         std::string address, absl::Duration lease_duration)
    : context_(context),
      leases_(leases),
      owner_(std::move(owner)),
      address_(std::move(address)),
      lease_duration_(lease_duration),
      rules_(context.registry, context.clock, kRegistryCall),
      renewed_time_(context.clock.Now()) {}

void LaneManager::Start() {
  worker_ = std::make_unique<Worker>("lane-manager", [this](StopToken& stop) { Run(stop); });
}

void LaneManager::Stop() {
  if (worker_ == nullptr) return;
  worker_.reset();
  Lanes lanes;
  {
    MutexLock lock(&mutex_);
    lanes.swap(lanes_);
  }
  std::vector<std::string> platforms;
  for (const auto& [platform, lane] : lanes) {
    lane->RequestStop();
    platforms.push_back(platform);
  }
  AwaitEnd(lanes);
  lanes.clear();
  const absl::Status released = leases_.Release(platforms, owner_);
  if (!released.ok()) log::Warn("leases not released", {{"status", released}});
}

// Lets what is under way end, but waits for no target that hangs, nor for a feedback that does: what is not
// reported stays pending for the next owner.
void LaneManager::AwaitEnd(const Lanes& lanes) const {
  StopToken pause;
  const absl::Time deadline = context_.clock.Now() + kStopGrace;
  for (const auto& [platform, lane] : lanes) {
    while (!lane->finished() && context_.clock.Now() < deadline) pause.WaitFor(absl::Milliseconds(5));
    lane->InterruptReport();
    while (!lane->ended()) {
      lane->InterruptAfter(absl::ZeroDuration());
      pause.WaitFor(absl::Milliseconds(5));
    }
  }
}

void LaneManager::Run(StopToken& stop) {
  const absl::Duration tick = std::min(kMaxTick, lease_duration_ / 3);
  do {
    Tick();
  } while (!stop.WaitFor(tick));
}

void LaneManager::Tick() {
  LearnTargets();
  std::vector<std::string> unwanted;
  TakeFinished(&unwanted).clear();
  if (!unwanted.empty()) leases_.Release(unwanted, owner_).IgnoreError();

  const absl::Time asked = context_.clock.Now();
  const absl::StatusOr<Held> held = leases_.Acquire(Wanted(), owner_, address_, lease_duration_);
  MutexLock lock(&mutex_);
  renewal_ = held.status();
  if (!held.ok()) {
    // Each lane ends by itself when its lease is over.
    log::Warn("leases not renewed", {{"status", held.status()}});
    return;
  }
  renewed_time_ = asked;
  Adjust(*held, asked + lease_duration_);
}

void LaneManager::LearnTargets() {
  const absl::Status status = rules_.Refresh();
  if (!status.ok()) {
    log::Warn("rules not read", {{"status", status}});
    return;
  }
  targets_.clear();
  const std::shared_ptr<const v1::Rules> rules = rules_.Current();
  for (const v1::CompiledSync& sync : rules->syncs()) targets_.insert(sync.sync().target_platform());
}

std::vector<std::string> LaneManager::Wanted() const {
  absl::btree_set<std::string> wanted = targets_;
  MutexLock lock(&mutex_);
  // A lane that is being stopped keeps its lease until it has ended.
  for (const auto& [platform, lane] : lanes_) wanted.insert(platform);
  return {wanted.begin(), wanted.end()};
}

void LaneManager::Adjust(const Held& held, absl::Time until) {
  for (auto& [platform, lane] : lanes_) {
    lane->InterruptAfter(context_.options.call_timeout);
    const auto found = held.find(platform);
    // Another process has it, or had it meanwhile.
    if (found == held.end() || found->second != lane->lease().fence() || targets_.count(platform) == 0) {
      lane->RequestStop();
    } else {
      lane->lease().Extend(until);
    }
  }
  for (const auto& [platform, fence] : held) {
    if (lanes_.count(platform) > 0 || targets_.count(platform) == 0) continue;
    lanes_.emplace(platform, std::make_unique<Lane>(platform, context_, fence, until));
    log::Info("lane taken", {{"platform", platform}, {"fence", fence}});
  }
}

std::vector<std::unique_ptr<Lane>> LaneManager::TakeFinished(std::vector<std::string>* unwanted) {
  std::vector<std::unique_ptr<Lane>> finished;
  MutexLock lock(&mutex_);
  for (auto lane = lanes_.begin(); lane != lanes_.end();) {
    // One that has ended by itself still has reports under way, which may take as long as feedback does: the
    // other lanes' leases are renewed meanwhile.
    if (lane->second->ended()) lane->second->RequestStop();
    if (!lane->second->finished()) {
      ++lane;
      continue;
    }
    if (targets_.count(lane->first) == 0) unwanted->push_back(lane->first);
    finished.push_back(std::move(lane->second));
    lane = lanes_.erase(lane);
  }
  return finished;
}

std::vector<v1::Lane> LaneManager::Describe() const {
  MutexLock lock(&mutex_);
  std::vector<v1::Lane> lanes;
  for (const auto& [platform, lane] : lanes_) {
    lanes.push_back(lane->Describe());
    lanes.back().set_owner(owner_);
  }
  return lanes;
}

bool LaneManager::WakeIfClosed(const std::string& platform) {
  MutexLock lock(&mutex_);
  const auto found = lanes_.find(platform);
  if (found == lanes_.end() || found->second->ended()) return false;
  if (found->second->Describe().state() != v1::LANE_STATE_OPEN) found->second->Wake();
  return true;
}

absl::Status LaneManager::Check() const {
  MutexLock lock(&mutex_);
  if (context_.clock.Now() - renewed_time_ > 2 * lease_duration_) {
    return absl::UnavailableError(absl::StrCat("leases not renewed: ", renewal_.message()));
  }
  for (const auto& [platform, lane] : lanes_) {
    const absl::Status moving = lane->Check();
    if (!moving.ok()) return absl::UnavailableError(absl::StrCat("lane ", platform, ": ", moving.message()));
  }
  return absl::OkStatus();
}

}  // namespace cognate::delivery
