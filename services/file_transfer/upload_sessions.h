// Who writes to which upload, in this process.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/sync/mutex.h"

namespace cognate::file_transfer {

// One call writes to an upload at a time. One that has not heard of its client for a while is taken for dead
// as soon as another call wants the upload: a connection that broke is often found out by its client first.
// Thread safe.
class UploadSessions {
 public:
  explicit UploadSessions(const Clock& clock) : clock_(clock) {}

  class Claim {
   public:
    ~Claim();
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;
    // The client is to say something, or has; else it waits for the service, and is not silent.
    void Listens();
    void Heard();
    // Where others ask for it.
    void SetPartial(const std::string& partial);

   private:
    friend class UploadSessions;
    Claim(UploadSessions& sessions, std::string key) : sessions_(sessions), key_(std::move(key)) {}
    UploadSessions& sessions_;
    const std::string key_;
  };

  // `cancel` ends the call, from another thread, and `is_gone` says whether its client is known to be gone.
  // ABORTED UPLOAD_IN_USE.
  absl::StatusOr<std::unique_ptr<Claim>> Take(const std::string& platform, const std::string& upload,
                                              std::function<void()> cancel, std::function<bool()> is_gone);
  // Ends the call that writes to it, and waits for that.
  void End(const std::string& platform, const std::string& upload);
  // No more calls; those under way end.
  void Close();

  // Partials whose clients have not been heard of for a while.
  std::vector<std::string> IdlePartials();
  void EndOfPartial(const std::string& partial);

 private:
  struct Session {
    std::function<void()> cancel;
    std::function<bool()> is_gone;
    absl::Time silent_since;
    std::string partial;
  };
  // False where it is still there after a while.
  bool AwaitEnd(const std::string& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Clock& clock_;
  Mutex mutex_;
  CondVar ended_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  absl::flat_hash_map<std::string, Session> sessions_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cognate::file_transfer
