#include "services/file_transfer/known_platforms.h"

#include "services/file_transfer/errors.h"

namespace cognate::file_transfer {
namespace {

constexpr absl::Duration kFresh = absl::Minutes(1);
constexpr absl::Duration kAsking = absl::Seconds(2);
// Not each call waits for a registry that is away.
constexpr absl::Duration kPause = absl::Seconds(5);

}  // namespace

absl::Status KnownPlatforms::Check(const std::string& platform) {
  const absl::Time now = clock_.Now();
  {
    MutexLock lock(&mutex_);
    const auto seen = seen_.find(platform);
    if (seen != seen_.end() && now - seen->second < kFresh) return absl::OkStatus();
    if (now - asked_in_vain_ < kPause) return absl::OkStatus();
  }
  const absl::Status asked = registry_.GetPlatform(platform, {.timeout = kAsking}).status();
  // An id that cannot be one is none either.
  const bool is_none = absl::IsNotFound(asked) || absl::IsInvalidArgument(asked);
  MutexLock lock(&mutex_);
  if (is_none) {
    seen_.erase(platform);
    return PlatformNotFound(platform);
  }
  if (asked.ok()) {
    seen_[platform] = now;
  } else {
    asked_in_vain_ = now;
  }
  return absl::OkStatus();
}

}  // namespace cognate::file_transfer
