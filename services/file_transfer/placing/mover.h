// Brings what is too large to be brought while somebody waits: files of sources into the store, contents into
// targets' directories.
#pragma once

#include "absl/status/statusor.h"
#include "common/clock/clock.h"
#include "common/worker/stop_token.h"
#include "services/file_transfer/contents.h"
#include "services/file_transfer/placing/platforms.h"
#include "services/file_transfer/placing/teller.h"
#include "services/file_transfer/placing/work_store.h"

namespace cognate::file_transfer {

class Mover {
 public:
  Mover(const Clock& clock, WorkStore& store, Platforms& platforms, Contents& contents, Teller& teller)
      : clock_(clock), store_(store), platforms_(platforms), contents_(contents), teller_(teller) {}

  // Each in a thread of its own, or of several.
  void RunReads(StopToken& stop);
  void RunPlacements(StopToken& stop);

 private:
  absl::StatusOr<bool> ReadNext(StopToken& stop);
  absl::Status Read(const ReadRow& read, StopToken& stop);
  absl::StatusOr<bool> PlaceNext(StopToken& stop);
  absl::StatusOr<SeenFile> Place(const PlacementRow& placement, StopToken& stop);

  const Clock& clock_;
  WorkStore& store_;
  Platforms& platforms_;
  Contents& contents_;
  Teller& teller_;
};

}  // namespace cognate::file_transfer
