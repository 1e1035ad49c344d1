// Waits for the first entry on any of the streams of lanes that rest: thousands of them by a few connections
// and one thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/redis/stream_waiter.h"
#include "common/retry/backoff.h"

namespace cognate::delivery {

// Streams are asked for by their platforms. Used by one thread.
class StreamWatch {
 public:
  // Whether the stream is still to be looked at; asked before each question about it.
  using Wanted = std::function<bool(const std::string& platform)>;
  StreamWatch(redis::Options redis, std::string prefix, const Clock& clock, Wanted wanted);

  // From now on; what is on the stream already counts.
  void Add(const std::string& platform) {
    if (watched_.insert(platform).second) arrived_.push_back(platform);
  }
  // Waits for entries, but not longer. Those platforms whose streams have some: they are no longer watched. A
  // platform that is not wanted any more may be among them.
  std::vector<std::string> Wait(absl::Duration wait);

 private:
  // Streams that are asked about together, on one connection.
  struct Group {
    std::vector<std::string> platforms;
    std::unique_ptr<redis::StreamWaiter> connection;
    bool is_asked = false;  // about all of them, and some that have left
    absl::Time answer_due = absl::InfinitePast();
  };

  // Has every group asked that is not.
  absl::Status AskAll();
  absl::Status Ask(Group& group, absl::Duration block);
  // Gives newcomers to groups that are about to ask.
  void Settle();
  void Take(Group& group, std::vector<std::string>* filled);
  // All connections are made anew: what one of them has seen is so for the others.
  void Lose(const absl::Status& why);

  const redis::Options redis_;
  const std::string prefix_;
  const Clock& clock_;
  const Wanted wanted_;
  absl::flat_hash_set<std::string> watched_;  // wherever they are
  std::vector<std::string> arrived_;
  // Asked about for a moment at a time, until a group asks the next time and takes them in.
  Group newcomers_;
  std::vector<std::unique_ptr<Group>> groups_;
  Backoff backoff_;
  absl::Time not_before_ = absl::InfinitePast();
};

}  // namespace cognate::delivery
