// What is to be written of several groups, and what each of them is answered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "services/change_capture/append_store.h"
#include "services/change_capture/appender.h"

namespace cognate::change_capture {

// Refers to the groups: they outlive it.
class AppendPlan {
 public:
  // Takes every change for new.
  explicit AppendPlan(absl::Span<AppendGroup* const> groups);

  // Looks change ids up, in the log and among the changes themselves, and leaves out what is known.
  absl::Status LeaveOutKnown(AppendStore& store);

  // What is new, in order.
  const ChangePointers& fresh() const { return fresh_; }
  bool left_out() const { return !fates_.empty(); }

  // For a group, once `fresh` has consecutive versions from `first_version`.
  Appended Answer(size_t group, int64_t first_version) const;

 private:
  struct Fate {
    int64_t fresh = -1;      // its place in fresh_; else
    int64_t version = 0;     // the version that it has already
    bool is_reused = false;  // that one says something else
  };
  Fate FateOfNew(CapturedChange& change);

  ChangePointers all_;
  std::vector<size_t> group_begin_;  // in all_; one more than there are groups
  ChangePointers fresh_;
  std::vector<Fate> fates_;  // as all_; empty: all is new
  // (platform, change id) to the place in fresh_.
  absl::flat_hash_map<std::pair<int32_t, absl::string_view>, int64_t> by_change_id_;
};

}  // namespace cognate::change_capture
