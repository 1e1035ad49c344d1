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

}  // namespace

RetryPolicy RetryPolicies::Of(const std::string& platform) {
  RetryPolicy policy = base_;
  const absl::Time now = clock_.Now();
  {
    MutexLock lock(&mutex_);
    const auto found = known_.find(platform);
    if (found != known_.end()) policy.delays = found->second.delays;
    if (found != known_.end() && now < found->second.until) return policy;
  }
  const absl::StatusOr<v1::Platform> read = registry_.GetPlatform(platform, kCall);
  if (read.ok()) policy.delays = DelaysOf(*read);
  MutexLock lock(&mutex_);
  known_[platform] = {policy.delays, now + kKnownFor};
  return policy;
}

}  // namespace cognate::feedback
