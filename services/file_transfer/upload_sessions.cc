#include "services/file_transfer/upload_sessions.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "services/file_transfer/errors.h"

namespace cognate::file_transfer {
namespace {

// As long a client may be silent while another call waits for its upload.
constexpr absl::Duration kIdle = absl::Seconds(3);
// A call that was ended writes and syncs what it has, first.
constexpr absl::Duration kEnding = absl::Seconds(20);

std::string KeyOf(const std::string& platform, const std::string& upload) {
  return absl::StrCat(platform, "/", upload);
}

}  // namespace

UploadSessions::Claim::~Claim() {
  MutexLock lock(&sessions_.mutex_);
  sessions_.sessions_.erase(key_);
  sessions_.ended_.SignalAll();
}

void UploadSessions::Claim::Listens() {
  MutexLock lock(&sessions_.mutex_);
  sessions_.sessions_[key_].silent_since = sessions_.clock_.Now();
}

void UploadSessions::Claim::Heard() {
  MutexLock lock(&sessions_.mutex_);
  sessions_.sessions_[key_].silent_since = absl::InfiniteFuture();
}

void UploadSessions::Claim::SetPartial(const std::string& partial) {
  MutexLock lock(&sessions_.mutex_);
  sessions_.sessions_[key_].partial = partial;
}

absl::StatusOr<std::unique_ptr<UploadSessions::Claim>> UploadSessions::Take(const std::string& platform,
                                                                            const std::string& upload,
                                                                            std::function<void()> cancel,
                                                                            std::function<bool()> is_gone) {
  const std::string key = KeyOf(platform, upload);
  MutexLock lock(&mutex_);
  if (closed_) {
    return Error(absl::StatusCode::kUnavailable, "PROCESS_STOPPING", "this process is about to stop")
        .RetryAfter(absl::Seconds(1));
  }
  if (const auto other = sessions_.find(key); other != sessions_.end()) {
    if (!other->second.is_gone() && clock_.Now() - other->second.silent_since < kIdle)
      return UploadInUse(upload);
    other->second.cancel();
    // Somebody else may have taken it meanwhile.
    if (!AwaitEnd(key) || sessions_.contains(key)) return UploadInUse(upload);
  }
  sessions_[key] = {std::move(cancel), std::move(is_gone), absl::InfiniteFuture(), ""};
  return std::unique_ptr<Claim>(new Claim(*this, key));
}

bool UploadSessions::AwaitEnd(const std::string& key) {
  const absl::Time deadline = clock_.Now() + kEnding;
  while (sessions_.contains(key)) {
    if (clock_.Now() >= deadline) return false;
    ended_.WaitFor(&mutex_, absl::Seconds(1));
  }
  return true;
}

void UploadSessions::End(const std::string& platform, const std::string& upload) {
  const std::string key = KeyOf(platform, upload);
  MutexLock lock(&mutex_);
  const auto session = sessions_.find(key);
  if (session == sessions_.end()) return;
  session->second.cancel();
  AwaitEnd(key);
}

void UploadSessions::Close() {
  MutexLock lock(&mutex_);
  closed_ = true;
  for (const auto& [key, session] : sessions_) session.cancel();
}

std::vector<std::string> UploadSessions::IdlePartials() {
  MutexLock lock(&mutex_);
  std::vector<std::string> idle;
  for (const auto& [key, session] : sessions_) {
    if (!session.partial.empty() && clock_.Now() - session.silent_since >= kIdle)
      idle.push_back(session.partial);
  }
  return idle;
}

void UploadSessions::EndOfPartial(const std::string& partial) {
  MutexLock lock(&mutex_);
  for (const auto& [key, session] : sessions_) {
    if (session.partial == partial) session.cancel();
  }
}

}  // namespace cognate::file_transfer
