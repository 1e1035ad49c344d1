#include "services/file_transfer/placing/platforms.h"

#include <utility>

namespace cognate::file_transfer {
namespace {

constexpr absl::Duration kFresh = absl::Seconds(3);

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
  files->quota_bytes = read->files().quota_bytes();
  files->has_agent = read->channel() == v1::CHANNEL_AGENT;
  if (files->has_place) {
    absl::StatusOr<std::unique_ptr<Place>> place = Place::Open(roots_, read->files().directory());
    files->why = place.status();
    if (place.ok()) files->place = *std::move(place);
  }
  MutexLock lock(&mutex_);
  known_[platform] = {files, now};
  return files;
}

}  // namespace cognate::file_transfer
