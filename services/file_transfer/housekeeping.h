#pragma once

#include "common/worker/stop_token.h"
#include "services/file_transfer/parts.h"

namespace cognate::file_transfer {

// What runs beside the calls; each a loop for a Worker. `parts` outlive it.
class Housekeeping {
 public:
  explicit Housekeeping(Parts& parts) : parts_(parts) {}

  // Collects every hour and tidies the store once a day, if no other process does; fills the gauges.
  void RunCollector(StopToken& stop);
  // Cuts large contents into chunks, behind their writing.
  void RunCutter(StopToken& stop);
  // Lets idle uploads go that other processes want, and those whose clients say nothing any more.
  void RunReleaser(StopToken& stop);

 private:
  bool IsDue(absl::string_view chore, absl::Duration every);
  void CollectNow(StopToken& stop);
  absl::Time CutUntil() const;
  absl::Status CutNext(StopToken& stop, int64_t* after_id, bool* found);
  absl::Status Cut(StopToken& stop, const StoredFile& file);

  Parts& parts_;
};

}  // namespace cognate::file_transfer
