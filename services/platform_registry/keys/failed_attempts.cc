#include "services/platform_registry/keys/failed_attempts.h"

#include <algorithm>

#include <arpa/inet.h>

#include "services/platform_registry/keys/key_errors.h"

namespace cognate::platform_registry {
namespace {

constexpr size_t kNetworkBytes = 8;

// Of IPv6 addresses the network of 64 bits, which is what one caller commonly has.
std::string Origin(absl::string_view address) {
  in6_addr parsed;
  std::string text(address);
  if (inet_pton(AF_INET6, text.c_str(), &parsed) != 1) return text;
  return {reinterpret_cast<const char*>(parsed.s6_addr), kNetworkBytes};
}

}  // namespace

absl::Status FailedAttempts::Check(absl::string_view address) {
  const absl::Time now = clock_.Now();
  MutexLock lock(&mutex_);
  const auto found = windows_.find(Origin(address));
  if (found == windows_.end() || found->second.count < kMax) return absl::OkStatus();
  const absl::Duration left = found->second.begin + kWindow - now;
  if (left <= absl::ZeroDuration()) return absl::OkStatus();
  return TooManyAttempts(std::min(left, kWindow));
}

void FailedAttempts::Add(absl::string_view address) {
  const absl::Time now = clock_.Now();
  MutexLock lock(&mutex_);
  MakeRoom(now);
  Window& window = windows_.try_emplace(Origin(address), Window{now}).first->second;
  if (now - window.begin >= kWindow) window = Window{now};
  ++window.count;
}

// Of very many addresses the oldest is forgotten.
void FailedAttempts::MakeRoom(absl::Time now) {
  if (windows_.size() < kMaxAddresses) return;
  absl::erase_if(windows_, [&](const auto& entry) { return now - entry.second.begin >= kWindow; });
  if (windows_.size() < kMaxAddresses) return;
  windows_.erase(std::min_element(windows_.begin(), windows_.end(), [](const auto& left, const auto& right) {
    return left.second.begin < right.second.begin;
  }));
}

size_t FailedAttempts::size() const {
  MutexLock lock(&mutex_);
  return windows_.size();
}

}  // namespace cognate::platform_registry
