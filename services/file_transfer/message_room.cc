#include "services/file_transfer/message_room.h"

#include <algorithm>

namespace cognate::file_transfer {
namespace {

// A message that takes longer comes as slowly as it may: others do not wait for it.
constexpr absl::Duration kSlow = absl::Milliseconds(250);
constexpr int64_t kLeast = 64 << 10;
constexpr int64_t kMost = 4 << 20;

}  // namespace

MessageRoom::Reader::~Reader() {
  MutexLock lock(&room_.mutex_);
  if (is_seated_) room_.Leave(seat_);
}

void MessageRoom::Reader::Begin() {
  MutexLock lock(&room_.mutex_);
  if (is_seated_) room_.Leave(seat_);
  absl::Time now = room_.clock_.Now();
  if (!is_slow_) {
    while (room_.taken_ > 0 && room_.taken_ + expected_ > room_.bytes_) {
      const absl::Time next = room_.DropSlow(now);
      if (room_.taken_ == 0 || room_.taken_ + expected_ <= room_.bytes_) break;
      room_.changed_.WaitFor(&room_.mutex_, next - now);
      now = room_.clock_.Now();
    }
    room_.taken_ += expected_;
    is_seated_ = true;
    seat_ = room_.seats_.insert(room_.seats_.end(), {expected_, now, false, &is_seated_});
  }
  begun_ = now;
}

void MessageRoom::Reader::End(int64_t bytes) {
  MutexLock lock(&room_.mutex_);
  const absl::Time now = room_.clock_.Now();
  is_slow_ = now - begun_ > kSlow;
  expected_ = std::clamp(bytes, kLeast, kMost);
  if (is_seated_) room_.Leave(seat_);
  // It is there, whether there was room or not.
  room_.taken_ += bytes;
  is_seated_ = true;
  seat_ = room_.seats_.insert(room_.seats_.end(), {bytes, now, true, &is_seated_});
}

void MessageRoom::Leave(std::list<Seat>::iterator seat) {
  taken_ -= seat->bytes;
  *seat->is_seated = false;
  seats_.erase(seat);
  changed_.SignalAll();
}

absl::Time MessageRoom::DropSlow(absl::Time now) {
  absl::Time next = absl::InfiniteFuture();
  for (auto seat = seats_.begin(); seat != seats_.end();) {
    const auto one = seat++;
    if (one->is_read) continue;
    if (now - one->since > kSlow) {
      Leave(one);
    } else {
      next = std::min(next, one->since + kSlow + absl::Milliseconds(1));
    }
  }
  return next;
}

}  // namespace cognate::file_transfer
