// The stream of one lane, read by its owner. Entries stay pending in Redis until they are acknowledged, under
// one consumer name for every owner, so that the next owner finds what the last one left.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/redis/client.h"
#include "services/delivery/round.h"

namespace cognate::delivery {

// Used by one thread.
class LaneSource {
 public:
  LaneSource(redis::Options redis, std::string prefix, std::string platform);

  // Entries with together about `max_deliveries`, oldest first; waits up to `block` when there is none. First
  // what an earlier owner, or a call whose answer was lost, has left pending.
  absl::StatusOr<std::vector<LaneEntry>> Next(size_t max_deliveries, absl::Duration block);

  const std::string& stream() const { return stream_; }
  // Entries on the stream, those under way included, and whether it is marked closed.
  absl::StatusOr<redis::Client::Standing> Look();
  // When the oldest of them was added; InfiniteFuture when there is none.
  absl::StatusOr<absl::Time> OldestTime();

  // The mark that keeps the transformer from adding; `why` is kept with it.
  absl::Status MarkClosed(absl::string_view why);
  // The mark that was there.
  absl::StatusOr<std::optional<std::string>> MarkOpen();
  // Removes everything, delivered or not. The ledger knows it.
  absl::Status Drop();

 private:
  absl::StatusOr<redis::Client*> Connected();
  // Fills the buffer with entries that have not been seen yet.
  absl::Status Read(absl::Duration block);
  void Take(std::vector<redis::Entry> entries);

  const redis::Options redis_;
  const std::string stream_;
  const std::string closed_key_;
  std::unique_ptr<redis::Client> client_;
  std::deque<LaneEntry> buffer_;
  std::vector<std::string> unreadable_;  // ids of entries that are no lane batches
  bool pending_first_ = true;
  int64_t connections_ = 0;  // as the client counted when the pending were begun
  std::string pending_after_ = "0";
};

}  // namespace cognate::delivery
