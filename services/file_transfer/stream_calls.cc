#include "services/file_transfer/stream_calls.h"

#include <algorithm>
#include <utility>

#include "services/file_transfer/errors.h"

namespace cognate::file_transfer {
namespace {

constexpr absl::Duration kSilent = absl::Minutes(1);
constexpr absl::Duration kLongestSilent = absl::Minutes(10);

}  // namespace

StreamCalls::Call::~Call() {
  MutexLock lock(&calls_.mutex_);
  calls_.calls_.erase(entry_);
}

void StreamCalls::Call::Listens() {
  MutexLock lock(&calls_.mutex_);
  entry_->silent_since = calls_.clock_.Now();
}

void StreamCalls::Call::Heard() {
  MutexLock lock(&calls_.mutex_);
  entry_->silent_since = absl::InfiniteFuture();
}

bool StreamCalls::IsFull(const std::string& platform, bool* is_of_platform) const {
  const auto of_platform = std::count_if(calls_.begin(), calls_.end(),
                                         [&](const Call::Entry& call) { return call.platform == platform; });
  *is_of_platform = !platform.empty() && of_platform >= kOfPlatform;
  return *is_of_platform || calls_.size() >= static_cast<size_t>(kInAll);
}

absl::StatusOr<std::unique_ptr<StreamCalls::Call>> StreamCalls::Enter(const std::string& platform,
                                                                      std::function<void()> cancel) {
  MutexLock lock(&mutex_);
  bool is_of_platform = false;
  if (IsFull(platform, &is_of_platform)) {
    // Whoever asks again a second later finds their room.
    EndSilentSince(clock_.Now() - kSilent, is_of_platform ? platform : "");
    return full_(is_of_platform ? kOfPlatform : kInAll, is_of_platform ? platform : "");
  }
  calls_.push_front({platform, std::move(cancel)});
  return std::unique_ptr<Call>(new Call(*this, calls_.begin()));
}

void StreamCalls::EndSilent() {
  MutexLock lock(&mutex_);
  EndSilentSince(clock_.Now() - kLongestSilent, "");
}

void StreamCalls::EndSilentSince(absl::Time since, const std::string& platform) {
  for (const Call::Entry& call : calls_) {
    if (call.silent_since <= since && (platform.empty() || call.platform == platform)) call.cancel();
  }
}

}  // namespace cognate::file_transfer
