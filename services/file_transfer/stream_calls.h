// The calls of Write, or of Read, that are open, so that they take not all threads of the process.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/sync/mutex.h"

namespace cognate::file_transfer {

// So many in all, and of one platform's keys. A client that says nothing, or takes nothing, is ended after a
// minute where somebody else wants its room, and after ten minutes in any case; its upload goes on where it
// is committed. Thread safe.
class StreamCalls {
 public:
  static constexpr int kInAll = 96;
  static constexpr int kOfPlatform = 48;

  // What is said where there is no room; `platform` is empty where it is for nobody.
  using Full = absl::Status (*)(int limit, absl::string_view platform);

  StreamCalls(const Clock& clock, Full full) : clock_(clock), full_(full) {}

  class Call {
   public:
    ~Call();
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    // The client is to say or take something, or has; else it waits for the service.
    void Listens();
    void Heard();

   private:
    friend class StreamCalls;
    struct Entry {
      std::string platform;
      std::function<void()> cancel;
      absl::Time silent_since = absl::InfiniteFuture();
    };
    Call(StreamCalls& calls, std::list<Entry>::iterator entry) : calls_(calls), entry_(entry) {}
    StreamCalls& calls_;
    const std::list<Entry>::iterator entry_;
  };

  // `platform`: whose key it is; empty where it is nobody's. `cancel` ends the call, from another thread.
  absl::StatusOr<std::unique_ptr<Call>> Enter(const std::string& platform, std::function<void()> cancel);
  // Of those who say nothing.
  void EndSilent();

 private:
  bool IsFull(const std::string& platform, bool* is_of_platform) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Of one platform, or of all (empty).
  void EndSilentSince(absl::Time since, const std::string& platform) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Clock& clock_;
  const Full full_;
  Mutex mutex_;
  std::list<Call::Entry> calls_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cognate::file_transfer
