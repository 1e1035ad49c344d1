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
#include "services/file_transfer/byte_budget.h"
#include "services/file_transfer/contents.h"
#include "services/file_transfer/placing/bind.h"
#include "services/file_transfer/placing/binding_store.h"
#include "services/file_transfer/placing/feedback_client.h"
#include "services/file_transfer/placing/mover.h"
#include "services/file_transfer/placing/placement_rpcs.h"
#include "services/file_transfer/placing/platforms.h"
#include "services/file_transfer/placing/releaser.h"
#include "services/file_transfer/placing/restore.h"
#include "services/file_transfer/placing/sweeper.h"
#include "services/file_transfer/placing/teller.h"
#include "services/file_transfer/placing/work_store.h"

namespace cognate::file_transfer {

class Placing {
 public:
  struct Addresses {
    std::string registry;
    std::string feedback;
  };
  // All that is referred to outlives it.
  Placing(const Clock& clock, metrics::Registry& metrics, postgres::Pool& pool, Contents& contents,
          MediaTypes& media_types, const Addresses& peers, const std::vector<std::string>& roots)
      : registry_(peers.registry),
        feedback_(peers.feedback),
        bindings_(pool),
        work_(pool),
        platforms_(registry_, clock, roots),
        teller_(
            clock, metrics,
            [this](const v1::TellEventsRequest& request) { return feedback_.TellEvents(request); },
            [this](const std::string& platform) { return work_.Totals(platform); }),
        bind_parts_{clock, bindings_, platforms_, contents, media_types, small_files_, teller_},
        rpc_parts_{clock, work_, teller_},
        mover_(clock, work_, platforms_, contents, teller_),
        releaser_(clock, work_, platforms_, feedback_),
        sweeper_(clock, work_, registry_, roots),
        copies_(work_, platforms_, contents) {}
  Placing(const Placing&) = delete;
  Placing& operator=(const Placing&) = delete;

  const BindParts& bind_parts() const { return bind_parts_; }
  const PlacementParts& rpc_parts() const { return rpc_parts_; }
  CopySource& copies() { return copies_; }

  // Its loops, each for a worker of its own.
  using Run = std::function<void(const char* name, std::function<void(StopToken&)> loop)>;
  void Start(const Run& run) {
    run("file-reader", [this](StopToken& stop) { mover_.RunReads(stop); });
    run("file-placer", [this](StopToken& stop) { mover_.RunPlacements(stop); });
    run("file-placer-2", [this](StopToken& stop) { mover_.RunPlacements(stop); });
    run("file-waits", [this](StopToken& stop) { releaser_.Run(stop); });
    run("file-sweeper", [this](StopToken& stop) { sweeper_.Run(stop); });
    run("file-teller", [this](StopToken& stop) { teller_.Run(stop); });
  }

 private:
  clients::RegistryClient registry_;
  FeedbackClient feedback_;
  BindingStore bindings_;
  WorkStore work_;
  Platforms platforms_;
  ByteBudget small_files_{kSmallFiles};
  Teller teller_;
  const BindParts bind_parts_;
  const PlacementParts rpc_parts_;
  Mover mover_;
  Releaser releaser_;
  Sweeper sweeper_;
  DirectoryCopies copies_;
};

}  // namespace cognate::file_transfer
