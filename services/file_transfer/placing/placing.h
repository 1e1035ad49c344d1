// Everything that brings files to targets, wired together. The server owns it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cognate/v1/file_transfer_service.pb.h"
#include "common/clock/clock.h"
#include "common/metrics/metrics.h"
#include "common/postgres/pool.h"
#include "common/worker/stop_token.h"
#include "services/clients/registry_client.h"
#include "services/file_transfer/contents.h"
#include "services/file_transfer/placing/bind.h"
#include "services/file_transfer/placing/feedback_client.h"
#include "services/file_transfer/placing/link_keeper.h"
#include "services/file_transfer/placing/missing_gauges.h"
#include "services/file_transfer/placing/mover.h"
#include "services/file_transfer/placing/open_lasting_link.h"
#include "services/file_transfer/placing/placement_rpcs.h"
#include "services/file_transfer/placing/platforms.h"
#include "services/file_transfer/placing/releaser.h"
#include "services/file_transfer/placing/restore.h"
#include "services/file_transfer/placing/stores.h"
#include "services/file_transfer/placing/sweeper.h"
#include "services/file_transfer/placing/teller.h"

namespace cognate::file_transfer {

class Placing {
 public:
  struct Addresses {
    std::string registry;
    std::string feedback;
  };
  // How lasting addresses are made.
  struct Addressing {
    const Links& links;
    const std::string& public_url;
  };
  struct Storing {
    Contents& contents;
    BlobStore& blobs;
    UploadStore& uploads;
    ByteBudget& memory;
  };
  struct Directories {
    std::vector<std::string> roots;
    int64_t max_bytes = 0;  // of one file
    Place::Gate gate;
  };
  // All that is referred to outlives it.
  Placing(const Clock& clock, metrics::Registry& metrics, postgres::Pool& pool, const Storing& storing,
          Possession& possession, MediaTypes& media_types, const Addresses& peers,
          const Addressing& addressing, const Directories& directories)
      : registry_(peers.registry),
        feedback_(peers.feedback),
        stores_(pool),
        workers_(clock),
        shares_(clock, kSmallFiles, kSmallFilesOfOne),
        reading_(clock, kSmallFiles, kSmallFilesOfOne),
        platforms_(registry_, clock, workers_, stores_, directories.roots, directories.gate),
        large_reads_(clock, storing.blobs, storing.uploads, storing.contents, storing.memory),
        teller_(
            clock, metrics,
            [this](const v1::TellEventsRequest& request) { return feedback_.TellEvents(request); },
            [this](const std::string& platform) { return stores_.placements.Totals(platform); }),
        bind_parts_{clock,
                    stores_,
                    possession,
                    platforms_,
                    storing.contents,
                    media_types,
                    workers_,
                    shares_,
                    reading_,
                    teller_,
                    addressing.links,
                    addressing.public_url,
                    directories.max_bytes},
        rpc_parts_{clock, registry_, stores_, platforms_, teller_},
        link_parts_{clock, addressing.links, stores_, platforms_, storing.contents},
        mover_(clock, stores_, platforms_, storing.contents, possession, teller_, workers_, shares_,
               large_reads_, directories.max_bytes),
        releaser_(clock, stores_.waits, platforms_, workers_, feedback_),
        sweeper_(clock, stores_, registry_, platforms_, workers_),
        keeper_({clock, stores_, platforms_, workers_, storing.contents, media_types, possession, reading_,
                 directories.max_bytes}),
        missing_(clock, metrics, stores_.placements),
        copies_(stores_.seen, platforms_, storing.contents, possession) {}
  Placing(const Placing&) = delete;
  Placing& operator=(const Placing&) = delete;

  const BindParts& bind_parts() const { return bind_parts_; }
  const PlacementParts& rpc_parts() const { return rpc_parts_; }
  const LinkParts& link_parts() const { return link_parts_; }
  CopySource& copies() { return copies_; }

  // Its loops, each for a worker of its own.
  using Run = std::function<void(const char* name, std::function<void(StopToken&)> loop)>;
  void Start(const Run& run) {
    run("file-reader", [this](StopToken& stop) { mover_.RunReads(stop); });
    run("file-placer", [this](StopToken& stop) { mover_.RunPlacements(stop); });
    run("file-waits", [this](StopToken& stop) { releaser_.Run(stop); });
    run("file-links", [this](StopToken& stop) { keeper_.Run(stop); });
    run("file-sweeper", [this](StopToken& stop) { sweeper_.Run(stop); });
    run("file-gauges", [this](StopToken& stop) { missing_.Run(stop); });
    run("file-teller", [this](StopToken& stop) { teller_.Run(stop); });
  }

 private:
  clients::RegistryClient registry_;
  FeedbackClient feedback_;
  Stores stores_;
  PlaceWorkers workers_;
  ByteShares shares_;
  ByteShares reading_;
  Platforms platforms_;
  LargeReads large_reads_;
  Teller teller_;
  const BindParts bind_parts_;
  const PlacementParts rpc_parts_;
  const LinkParts link_parts_;
  Mover mover_;
  Releaser releaser_;
  Sweeper sweeper_;
  LinkKeeper keeper_;
  MissingGauges missing_;
  DirectoryCopies copies_;
};

}  // namespace cognate::file_transfer
