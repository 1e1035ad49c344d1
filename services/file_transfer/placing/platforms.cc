#include "services/file_transfer/placing/platforms.h"

#include <utility>

#include "common/status/status_macros.h"

namespace cognate::file_transfer {
namespace {

constexpr absl::Duration kFresh = absl::Seconds(3);
constexpr absl::Duration kOpening = absl::Seconds(5);

}  // namespace

absl::StatusOr<std::shared_ptr<const PlatformFiles>> Platforms::Get(const std::string& platform) {
  const absl::Time now = clock_.Now();
  std::shared_ptr<const PlatformFiles> stale;
  {
    MutexLock lock(&mutex_);
    const auto found = known_.find(platform);
    if (found != known_.end()) {
      if (now - found->second.time < kFresh) return found->second.files;
      stale = found->second.files;
    }
  }
  const absl::StatusOr<v1::Platform> read = registry_.GetPlatform(platform, {.timeout = absl::Seconds(5)});
  if (!read.ok()) {
    if (stale != nullptr && !absl::IsNotFound(read.status())) return stale;
    return read.status();
  }
  auto files = std::make_shared<PlatformFiles>();
  files->id = platform;
  files->has_place = read->has_files();
  files->url = read->files().url();
  files->allow_private_addresses = read->files().allow_private_addresses();
  files->quota_bytes = read->files().quota_bytes();
  files->has_agent = read->channel() == v1::CHANNEL_AGENT;
  if (files->has_place) {
    absl::StatusOr<std::shared_ptr<const Place>> place = OpenPlace(platform, read->files().directory());
    files->why = place.status();
    if (place.ok()) files->place = *std::move(place);
  }
  MutexLock lock(&mutex_);
  known_[platform] = {files, now};
  return files;
}

absl::StatusOr<std::shared_ptr<const Place>> Platforms::OpenPlace(const std::string& platform,
                                                                  const std::string& directory) {
  using Opened = absl::StatusOr<std::unique_ptr<Place>>;
  const auto opened = std::make_shared<Opened>(absl::UnknownError("not opened"));
  RETURN_IF_ERROR(workers_.Run(platform, clock_.Now() + kOpening,
                               [opened, directory, roots = roots_, gate = gate_](Beat&) {
                                 *opened = Place::Open(roots, directory, gate);
                               }));
  if (!opened->ok()) return opened->status();
  return std::shared_ptr<const Place>(*std::move(*opened));
}

}  // namespace cognate::file_transfer
