// Keeps copies of the files that lasting addresses lead to, as their sources have them: what a record leads
// to, or somebody opens, is looked at soon after, and stored where it is new. Nobody waits for it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/clock/clock.h"
#include "common/worker/stop_token.h"
#include "services/file_transfer/contents.h"
#include "services/file_transfer/media_types.h"
#include "services/file_transfer/placing/byte_shares.h"
#include "services/file_transfer/placing/place_jobs.h"
#include "services/file_transfer/placing/place_workers.h"
#include "services/file_transfer/placing/platforms.h"
#include "services/file_transfer/placing/stores.h"
#include "services/file_transfer/possession.h"

namespace cognate::file_transfer {

// What it works with; all outlives it.
struct LinkKeeperParts {
  const Clock& clock;
  Stores& stores;
  Platforms& platforms;
  PlaceWorkers& workers;
  Contents& contents;
  MediaTypes& media_types;
  Possession& possession;
  ByteShares& reading;
  int64_t max_bytes;  // of one file
};

class LinkKeeper {
 public:
  explicit LinkKeeper(const LinkKeeperParts& parts) : parts_(parts) {}

  void Run(StopToken& stop);

 private:
  // One link while it is looked at.
  struct Look {
    LinkRow& link;
    std::string extension;
    FileStand stand = {};
    std::string sha256 = {};
    int64_t size_bytes = -1;
    std::string media_type = {};
    std::shared_ptr<const std::string> data = {};
  };
  using Looks = std::vector<Look*>;

  absl::StatusOr<bool> LookAtSome();
  absl::Status LookAt(const std::string& platform, const std::vector<LinkRow*>& links);
  absl::Status LookInto(const PlatformFiles& files, std::vector<Look>& looks);
  absl::Status LookAtSent(const PlatformFiles& files, std::vector<Look>& looks);
  // Those whose content is known already, and not refused; the others are left to be read.
  absl::StatusOr<Looks> TakeKnown(const PlatformFiles& files, const Looks& looks);
  absl::Status ReadAll(const PlatformFiles& files, const Looks& looks);
  absl::Status ReadSmall(const PlatformFiles& files, const Looks& looks);
  absl::Status Store(const PlatformFiles& files, const Looks& looks);
  void TakeStored(Look& look);

  // It stands as it is until it is looked at anew.
  void Keep(Look& look, const std::string& sha256) const;
  void Refuse(Look& look, absl::string_view reason, absl::string_view message) const;
  // It may be otherwise in a while.
  void TryLater(LinkRow& link) const;
  bool IsWithinRule(Look& look, absl::Time modified) const;

  const LinkKeeperParts parts_;
  absl::Time now_ = absl::InfinitePast();  // of this round
  absl::Time sent_look_ = absl::InfinitePast();
};

}  // namespace cognate::file_transfer
