#include "services/feedback/retry_policies.h"

#include <vector>

#include "common/clock/time_proto.h"

namespace cognate::feedback {
namespace {

constexpr absl::Duration kKnownFor = absl::Seconds(5);
const grpc_support::CallOptions kCall = {.timeout = absl::Seconds(1)};  // a report waits for it

std::vector<absl::Duration> DelaysOf(const v1::Platform& platform) {
  std::vector<absl::Duration> delays;
  for (const auto& delay : platform.delivery().retry().delays()) delays.push_back(ToDuration(delay));
  if (!delays.empty()) return delays;
  if (platform.channel() != v1::CHANNEL_WEBHOOK && platform.channel() != v1::CHANNEL_AGENT) return {};
  return {absl::Seconds(5), absl::Minutes(5), absl::Minutes(30), absl::Hours(2), absl::Hours(5),
          absl::Hours(10),  absl::Hours(14),  absl::Hours(20),   absl::Hours(24)};
}

HoldPolicy HoldOf(const v1::HoldPolicy& of_platform, HoldPolicy hold) {
  hold.is_off = of_platform.is_off();
  hold.is_manual = of_platform.is_manual();
  hold.max_releases = of_platform.max_releases();
  if (of_platform.has_lifetime()) hold.lifetime = ToDuration(of_platform.lifetime());
  return hold;
}

}  // namespace

RetryPolicies::Known RetryPolicies::Read(const std::string& platform, const Known& before) {
  const absl::StatusOr<v1::Platform> read = registry_.GetPlatform(platform, kCall);
  Known known = before;
  // A platform that is gone has no terms of its own.
  if (read.ok() || absl::IsNotFound(read.status())) {
    const v1::Platform found = read.value_or(v1::Platform());
    known = {true, DelaysOf(found), HoldOf(found.delivery().hold(), base_.hold)};
  } else if (!before.was_read) {
    known.hold.is_manual = true;
    known.hold.lifetime = absl::InfiniteDuration();
  }
  known.until = clock_.Now() + kKnownFor;
  return known;
}

RetryPolicy RetryPolicies::Of(const std::string& platform) {
  Known known;
  {
    MutexLock lock(&mutex_);
    const auto found = known_.find(platform);
    if (found != known_.end()) known = found->second;
  }
  if (clock_.Now() >= known.until) {
    known = Read(platform, known);
    MutexLock lock(&mutex_);
    known_[platform] = known;
  }
  RetryPolicy policy = base_;
  policy.delays = known.delays;
  policy.hold = known.hold;
  return policy;
}

}  // namespace cognate::feedback
