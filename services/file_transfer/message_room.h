// Room for messages that are on their way from clients, so that not every call has one in memory at once.
#pragma once

#include <cstdint>
#include <list>

#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/sync/mutex.h"

namespace cognate::file_transfer {

// Thread safe.
class MessageRoom {
  struct Seat;

 public:
  MessageRoom(const Clock& clock, int64_t bytes) : clock_(clock), bytes_(bytes) {}
  MessageRoom(const MessageRoom&) = delete;
  MessageRoom& operator=(const MessageRoom&) = delete;

  // One call that reads messages, one after the other. Of one thread.
  class Reader {
   public:
    explicit Reader(MessageRoom& room) : room_(room) {}
    ~Reader();
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    // The last message is passed on, and there is room for one as large: until then it waits. A client that
    // was slow with the last one has no part of the room meanwhile, and is not waited with.
    void Begin();
    // So many bytes have come, and are kept until the next Begin.
    void End(int64_t bytes);

   private:
    MessageRoom& room_;
    std::list<Seat>::iterator seat_;  // where is_seated_, under the room's mutex
    bool is_seated_ = false;
    bool is_slow_ = false;
    int64_t expected_ = 256 << 10;
    absl::Time begun_;
  };

 private:
  struct Seat {
    int64_t bytes;
    absl::Time since;
    bool is_read;
    bool* is_seated;
  };
  void Leave(std::list<Seat>::iterator seat) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Those whose clients let others wait. When the next one may be.
  absl::Time DropSlow(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Clock& clock_;
  const int64_t bytes_;
  Mutex mutex_;
  CondVar changed_;
  int64_t taken_ ABSL_GUARDED_BY(mutex_) = 0;
  std::list<Seat> seats_ ABSL_GUARDED_BY(mutex_);  // the oldest first
};

}  // namespace cognate::file_transfer
