#include "services/gateway/files/active_uploads.h"

#include <algorithm>

namespace cognate::gateway {
namespace {

// So many write at once; each holds a few threads of the file-transfer service.
constexpr size_t kMaxUploads = 64;
// And so many of one platform, whose clients may be slow.
constexpr int64_t kMaxOfPlatform = 40;
// As long a client may be silent while another request waits.
constexpr absl::Duration kSilent = absl::Seconds(1);
constexpr absl::Duration kPatience = absl::Seconds(15);
constexpr absl::Duration kLook = absl::Milliseconds(50);

// Of `platform/upload`.
absl::string_view PlatformOf(absl::string_view key) { return key.substr(0, key.find('/')); }

void YieldIfSilent(UploadHolder& holder) {
  if (http::Monotonic() - holder.heard() >= kSilent) holder.Yield();
}

}  // namespace

void ActiveUploads::Enter(http::EventLoop& loop, const std::string& key, UploadHolder* holder, Go go) {
  EnterBy(loop, key, holder, http::Monotonic() + kPatience, go);
}

void ActiveUploads::EnterBy(http::EventLoop& loop, const std::string& key, UploadHolder* holder,
                            absl::Duration deadline, const Go& go) {
  const auto found = holders_.find(key);
  if (found == holders_.end()) {
    if (holders_.size() >= kMaxUploads || CountOf(PlatformOf(key)) >= kMaxOfPlatform)
      return go(Entry::kTooMany);
    holders_[key] = holder;
    return go(Entry::kEntered);
  }
  if (http::Monotonic() >= deadline) return go(Entry::kInUse);
  YieldIfSilent(*found->second);
  loop.After(kLook, [this, &loop, key, holder, deadline, go] { EnterBy(loop, key, holder, deadline, go); });
}

int64_t ActiveUploads::CountOf(absl::string_view platform) const {
  return std::count_if(holders_.begin(), holders_.end(),
                       [&](const auto& holder) { return PlatformOf(holder.first) == platform; });
}

void ActiveUploads::Leave(const std::string& key) { holders_.erase(key); }

void ActiveUploads::Settle(http::EventLoop& loop, const std::string& key, std::function<void()> then) {
  SettleBy(loop, key, http::Monotonic() + kPatience, then);
}

void ActiveUploads::SettleBy(http::EventLoop& loop, const std::string& key, absl::Duration deadline,
                             const std::function<void()>& then) {
  const auto found = holders_.find(key);
  const absl::Duration now = http::Monotonic();
  if (found == holders_.end() || now - found->second->heard() < kSilent || now >= deadline) return then();
  found->second->Yield();
  loop.After(kLook, [this, &loop, key, deadline, then] { SettleBy(loop, key, deadline, then); });
}

}  // namespace cognate::gateway
