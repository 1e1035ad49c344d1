#include "services/delivery/lane_manager.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"

namespace cognate::delivery {
namespace {

constexpr absl::Duration kStopGrace = absl::Seconds(3);
constexpr absl::Duration kMaxTick = absl::Seconds(1);  // also how soon a new target is seen
constexpr absl::Duration kMinTick = absl::Milliseconds(50);
constexpr char kLanesHelp[] = "Lanes of this process, by whether they work or rest.";

}  // namespace

LaneManager::Targets::Targets(const v1::Rules& rules) : revision_(rules.revision()) {
  for (const v1::CompiledSync& compiled : rules.syncs()) platforms_.insert(compiled.sync().target_platform());
}

LaneManager::LaneManager(const LaneContext& context, LeaseStore& leases, std::string owner,
                         std::string address, absl::Duration lease_duration)
    : context_(context),
      leases_(leases),
      owner_(std::move(owner)),
      address_(std::move(address)),
      lease_duration_(lease_duration),
      rules_(context.registry, context.clock, kRegistryCall),
      working_gauge_(context.metrics, "lanes", kLanesHelp, {"activity"}, {"working"}),
      resting_gauge_(context.metrics, "lanes", kLanesHelp, {"activity"}, {"resting"}),
      renewed_time_(context.clock.Now()),
      watch_(context, {[this](const std::string& platform, WakeCause cause) { WakeLane(platform, cause); },
                       [this](const std::string& platform) { return ReapLane(platform); }}) {}

void LaneManager::Start() {
  watch_.Start();
  worker_ = std::make_unique<Worker>("lane-manager", [this](StopToken& stop) { Run(stop); });
}

void LaneManager::Stop() {
  if (worker_ == nullptr) return;
  worker_.reset();
  watch_.Stop();
  Lanes lanes;
  {
    MutexLock lock(&mutex_);
    lanes.swap(lanes_);
  }
  for (const auto& [platform, lane] : lanes) lane->RequestStop();
  AwaitEnd(lanes);
  lanes.clear();
  const absl::Status left = leases_.Leave(owner_);
  if (!left.ok()) log::Warn("leases not released", {{"status", left}});
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
  do {
    Tick();
  } while (!stop.WaitFor(UntilTick()));
}

absl::Duration LaneManager::UntilTick() const {
  return std::min({kMaxTick, lease_duration_ / 3, std::max(first_end_, kMinTick)});
}

void LaneManager::Tick() {
  first_end_ = absl::InfiniteDuration();
  LearnTargets();
  std::vector<std::string> unwanted;
  TakeFinished(&unwanted).clear();
  if (!unwanted.empty()) leases_.Release(unwanted, owner_).IgnoreError();
  absl::Status status = Renew();
  StopUnwanted();
  if (status.ok()) {
    status = TakeLanes();
    status.Update(RefreshLeases());
  }
  if (!status.ok()) log::Warn("leases not renewed", {{"status", status}});
  CountLanes();
}

absl::Status LaneManager::Renew() {
  const absl::Time asked = context_.clock.Now();
  const auto renew = [&]() -> absl::Status {
    ASSIGN_OR_RETURN(const bool is_there, leases_.Renew(owner_, lease_duration_));
    if (is_there) return absl::OkStatus();
    {
      // Stopped before the new lease counts: what one of them held may be another's by now.
      MutexLock lock(&mutex_);
      for (const auto& [platform, lane] : lanes_) lane->RequestStop();
    }
    tried_.clear();
    return leases_.Join(owner_, address_, lease_duration_);
  };
  absl::Status status = renew();
  if (status.ok()) lease_.Extend(asked + lease_duration_);
  MutexLock lock(&mutex_);
  renewal_ = status;
  if (status.ok()) renewed_time_ = asked;
  return status;
}

void LaneManager::LearnTargets() {
  const absl::Status status = rules_.Poll();
  if (!status.ok()) {
    log::Warn("rules not read", {{"status", status}});
    return;
  }
  const std::shared_ptr<const Targets> targets = rules_.Current();
  if (std::exchange(revision_, targets->revision()) == targets->revision()) return;
  targets_ = targets->platforms();
  watch_.SetRevision(targets->revision());
}

void LaneManager::StopUnwanted() {
  MutexLock lock(&mutex_);
  for (const auto& [platform, lane] : lanes_) {
    lane->InterruptAfter(context_.options.call_timeout);
    if (targets_.count(platform) == 0) lane->RequestStop();
  }
}

std::vector<std::shared_ptr<Lane>> LaneManager::TakeFinished(std::vector<std::string>* unwanted) {
  std::vector<std::shared_ptr<Lane>> finished;
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
    watch_.Forget(lane->first);
    tried_.erase(lane->first);
    refreshed_.erase(lane->first);
    finished.push_back(std::move(lane->second));
    lane = lanes_.erase(lane);
  }
  return finished;
}

void LaneManager::CountLanes() {
  const size_t resting = watch_.resting();
  MutexLock lock(&mutex_);
  resting_gauge_.Set(static_cast<double>(resting));
  working_gauge_.Set(static_cast<double>(lanes_.size() - std::min(lanes_.size(), resting)));
}

std::shared_ptr<Lane> LaneManager::Find(const std::string& platform) const {
  MutexLock lock(&mutex_);
  const auto found = lanes_.find(platform);
  return found == lanes_.end() ? nullptr : found->second;
}

void LaneManager::WakeLane(const std::string& platform, WakeCause cause) {
  if (const std::shared_ptr<Lane> lane = Find(platform); lane != nullptr) lane->Wake(cause);
}

bool LaneManager::ReapLane(const std::string& platform) {
  const std::shared_ptr<Lane> lane = Find(platform);
  return lane != nullptr && lane->Reap();
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
  const std::shared_ptr<Lane> lane = Find(platform);
  if (lane == nullptr || lane->ended()) return false;
  if (lane->Describe().state() == v1::LANE_STATE_OPEN) return true;
  watch_.Forget(platform);
  lane->Wake(WakeCause::kAsked);
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
  return watch_.Check();
}

}  // namespace cognate::delivery
