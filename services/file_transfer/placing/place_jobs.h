// What Bind does in a directory, many files at once and each as a job of the platform's own threads. A job
// that hangs, or for which there is no time left, leaves UNAVAILABLE with those that it has not come to.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/file_transfer/placing/byte_shares.h"
#include "services/file_transfer/placing/place_workers.h"
#include "services/file_transfer/placing/platforms.h"
#include "services/file_transfer/placing/rows.h"

namespace cognate::file_transfer {

// `files.place` is not null.
struct PlaceJobs {
  PlaceWorkers& workers;
  const PlatformFiles& files;
  absl::Time until;

  std::vector<absl::StatusOr<FileStand>> Stat(std::vector<std::string> paths) const;

  struct Content {
    FileStand stand;
    std::shared_ptr<const std::string> data;
  };
  struct Source {
    std::string path;
    int64_t size_bytes;  // as it was seen: what has grown since is RESOURCE_EXHAUSTED
  };
  // The share is the source's, of these sizes.
  std::vector<absl::StatusOr<Content>> Read(std::vector<Source> sources,
                                            std::shared_ptr<ByteShares::Share> share) const;

  struct Claim {
    std::string path;
    std::string sha256;
    std::optional<SeenFile> seen;  // what was found there last
  };
  struct Finding {
    bool is_there = false;
    std::optional<FileStand> read;  // it was read for that
  };
  // Whether they are there with that content; what nothing is known of is read, up to `limit` bytes.
  std::vector<Finding> Find(std::vector<Claim> claims, int64_t limit) const;

  struct Copy {
    std::string path;
    std::shared_ptr<const std::string> data;
  };
  // Writes, syncs and publishes them. The share is the target's.
  std::vector<absl::StatusOr<FileStand>> Write(std::vector<Copy> copies,
                                               std::shared_ptr<ByteShares::Share> share) const;
};

}  // namespace cognate::file_transfer
