// Reads the stream of changes for one consumer of the group: first what it was given before it died or lost
// its connection, then what others left behind, then what is new.
#pragma once

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/clock/clock.h"
#include "common/redis/client.h"

namespace cognate::transformer {

struct ReaderOptions {
  std::string stream;
  std::string consumer;
  absl::Duration claim_after = absl::Seconds(10);  // how long a dead consumer keeps its entries
  // After how long one that asks for nothing and holds nothing is no consumer any more: a pod's name does not
  // come back.
  absl::Duration forget_after = absl::Hours(1);
  absl::Duration block = absl::Milliseconds(500);
  size_t round_changes = 1'000;  // aimed at
};

// Not thread safe.
class ChangeReader {
 public:
  ChangeReader(ReaderOptions options, const Clock& clock) : options_(std::move(options)), clock_(clock) {}

  // Empty if there is nothing within the block time. Entries that the caller has `in_hand` are not given
  // again; when they grow old, looking for what others left behind renews their time.
  absl::StatusOr<std::vector<redis::Entry>> Read(redis::Client& redis,
                                                 absl::FunctionRef<bool(absl::string_view)> in_hand);
  // What entries hold tells how many to read at a time.
  void Learn(size_t entries, size_t changes);

 private:
  using InHand = absl::FunctionRef<bool(absl::string_view)>;

  absl::StatusOr<std::vector<redis::Entry>> ReadNext(redis::Client& redis, InHand in_hand);
  int Count() const;

  const ReaderOptions options_;
  const Clock& clock_;
  int64_t connections_ = 0;  // as the client counted when what is pending was begun
  bool recovered_ = false;
  std::string recovered_until_ = "0";
  absl::Time next_claim_ = absl::InfinitePast();
  absl::Time next_forget_ = absl::InfinitePast();
  double changes_per_entry_ = 100;
};

}  // namespace cognate::transformer
