// Brings what is too large to be brought while somebody waits: files of sources into the store, contents into
// targets' directories.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "common/clock/clock.h"
#include "common/worker/stop_token.h"
#include "common/worker/worker.h"
#include "services/file_transfer/contents.h"
#include "services/file_transfer/placing/byte_shares.h"
#include "services/file_transfer/placing/large_reads.h"
#include "services/file_transfer/placing/place_workers.h"
#include "services/file_transfer/placing/platforms.h"
#include "services/file_transfer/placing/stores.h"
#include "services/file_transfer/placing/teller.h"
#include "services/file_transfer/possession.h"

namespace cognate::file_transfer {

class Mover {
 public:
  Mover(const Clock& clock, Stores& stores, Platforms& platforms, Contents& contents, Possession& possession,
        Teller& teller, PlaceWorkers& workers, ByteShares& shares, LargeReads& large_reads, int64_t max_bytes)
      : clock_(clock),
        stores_(stores),
        platforms_(platforms),
        contents_(contents),
        possession_(possession),
        teller_(teller),
        workers_(workers),
        shares_(shares),
        large_reads_(large_reads),
        max_bytes_(max_bytes) {}

  // Each in a thread of its own. They give each platform one thread at a time, as many as move at once; what
  // hangs counts no more. What is worked on is leased for seconds, again and again.
  void RunReads(StopToken& stop);
  void RunPlacements(StopToken& stop);

 private:
  absl::Status ReadOne(const ReadRow& read, StopToken& stop, Beat& beat);
  absl::Status Read(const ReadRow& read, StopToken& stop, Beat& beat);
  absl::Status PlaceOne(PlacementRow row, StopToken& stop, Beat& beat);
  // And as many others of its platform as can be written and synced together.
  absl::Status PlaceSmall(const PlacementRow& row, const PlatformFiles& files, Beat& beat);
  struct Small {
    PlacementRow row;
    std::shared_ptr<const std::string> data;
  };
  // The first one, and of the others as many as a few seconds allow, by their paths: the rest is given back.
  absl::StatusOr<std::vector<Small>> ReadSmall(std::vector<PlacementRow> rows, Beat& beat,
                                               absl::Status* last);
  absl::Status Failed(PlacementRow row, const absl::Status& why);
  // How they stand, and that their platforms have them, in one go.
  absl::Status End(const PlacementStore::Outcome& outcome);
  // What of it is not in the draft already.
  absl::Status Fill(const PlacementRow& placement, Place::Draft& draft,
                    absl::FunctionRef<absl::Status(int64_t bytes)> moved);
  absl::StatusOr<SeenFile> PutInPlace(const PlacementRow& placement, StopToken& stop, Beat& beat);

  const Clock& clock_;
  Stores& stores_;
  Platforms& platforms_;
  Contents& contents_;
  Possession& possession_;
  Teller& teller_;
  PlaceWorkers& workers_;
  ByteShares& shares_;
  LargeReads& large_reads_;
  const int64_t max_bytes_;  // of one file
};

}  // namespace cognate::file_transfer
