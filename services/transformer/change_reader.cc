#include "services/transformer/change_reader.h"

#include <algorithm>
#include <utility>

#include "common/bus/streams.h"
#include "common/status/status_macros.h"

namespace cognate::transformer {

absl::StatusOr<std::vector<redis::Entry>> ChangeReader::Read(redis::Client& redis, InHand in_hand) {
  // Behind a new connection may be a Redis that has gone back, in which more is pending than we know of.
  if (std::exchange(connections_, redis.connections()) != redis.connections()) {
    recovered_ = false;
    recovered_until_ = std::string("0");
  }
  absl::StatusOr<std::vector<redis::Entry>> entries = ReadNext(redis, in_hand);
  if (entries.ok()) return entries;
  // Entries whose answer was lost are pending now.
  recovered_ = false;
  recovered_until_ = std::string("0");
  return entries;
}

absl::StatusOr<std::vector<redis::Entry>> ChangeReader::ReadNext(redis::Client& redis, InHand in_hand) {
  if (!recovered_) {
    ASSIGN_OR_RETURN(std::vector<redis::Entry> entries,
                     redis.ReadPending(options_.stream, bus::kTransformerGroup, options_.consumer, Count(),
                                       recovered_until_));
    if (!entries.empty()) {
      recovered_until_ = entries.back().id;
      std::erase_if(entries, [&](const redis::Entry& entry) { return in_hand(entry.id); });
      return entries;
    }
    recovered_ = true;
  }
  if (clock_.Now() >= next_claim_) {
    ASSIGN_OR_RETURN(std::vector<redis::Entry> entries,
                     redis.AutoClaim(options_.stream, bus::kTransformerGroup, options_.consumer,
                                     options_.claim_after, Count()));
    std::erase_if(entries, [&](const redis::Entry& entry) { return in_hand(entry.id); });
    if (!entries.empty()) return entries;
    next_claim_ = clock_.Now() + options_.claim_after / 5;
  }
  if (clock_.Now() >= next_forget_) {
    RETURN_IF_ERROR(
        redis.ForgetConsumers(options_.stream, bus::kTransformerGroup, options_.forget_after).status());
    next_forget_ = clock_.Now() + options_.forget_after;
  }
  return redis.ReadGroup(options_.stream, bus::kTransformerGroup, options_.consumer, Count(), options_.block);
}

void ChangeReader::Learn(size_t entries, size_t changes) {
  if (entries == 0) return;
  const double latest = static_cast<double>(changes) / static_cast<double>(entries);
  changes_per_entry_ = 0.7 * changes_per_entry_ + 0.3 * latest;
}

int ChangeReader::Count() const {
  const double count = static_cast<double>(options_.round_changes) / std::max(changes_per_entry_, 1.0);
  return static_cast<int>(std::clamp(count, 1.0, 256.0));
}

}  // namespace cognate::transformer
