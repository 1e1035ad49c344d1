#include "services/file_transfer/placing/platforms.h"

#include <atomic>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/errors.h"

namespace cognate::file_transfer {
namespace {

constexpr absl::Duration kFresh = absl::Seconds(3);
constexpr absl::Duration kOpening = absl::Seconds(5);
// Somebody may have taken some of them away, or all of a folder.
constexpr int kLookedFor = 200;

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
    if (absl::IsNotFound(read.status())) {
      Forget(platform);
    } else if (stale != nullptr) {
      return stale;
    }
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
                               [opened, platform, directory, roots = roots_, gate = gate_](Beat&) {
                                 *opened = Place::Open(roots, directory, platform, gate);
                               }));
  if (!opened->ok()) return opened->status();
  const std::shared_ptr<const Place> place = *std::move(*opened);
  RETURN_IF_ERROR(CheckMark(platform, place));
  return place;
}

absl::Status Platforms::CheckMark(const std::string& platform, const std::shared_ptr<const Place>& place) {
  if (place->is_marked()) return NoteWritten(platform);
  ASSIGN_OR_RETURN(const bool was_written, stores_.platforms.WasWrittenInto(platform));
  ASSIGN_OR_RETURN(std::vector<std::string> placed, stores_.placements.SomePlaced(platform, kLookedFor));
  if (!was_written && placed.empty()) return absl::OkStatus();
  // Also where none was found: what is due again for want of them must not make it look like a first time.
  RETURN_IF_ERROR(NoteWritten(platform));
  ASSIGN_OR_RETURN(const bool is_it, HasOneOf(platform, place, std::move(placed)));
  return is_it ? absl::OkStatus() : PlaceMismatch(place->directory(), platform);
}

// Then it is of an installation that is older than marks, or was copied without its own, and gets one.
absl::StatusOr<bool> Platforms::HasOneOf(const std::string& platform,
                                         const std::shared_ptr<const Place>& place,
                                         std::vector<std::string> placed) {
  const auto is_there = std::make_shared<std::atomic<bool>>(false);
  const auto has_failed = std::make_shared<std::atomic<bool>>(false);
  RETURN_IF_ERROR(workers_.Run(
      platform, clock_.Now() + kOpening,
      [is_there, has_failed, place, placed = std::move(placed)](Beat& beat) {
        for (size_t i = 0; i < placed.size() && beat.Tick() && !*is_there; ++i) {
          // Whatever its size: somebody may have written it anew.
          const absl::Status stand = place->Stat(placed[i]).status();
          *is_there = stand.ok();
          *has_failed = *has_failed || !(stand.ok() || absl::IsNotFound(stand));
        }
        const absl::Status marked = *is_there ? place->Mark() : absl::OkStatus();
        if (!marked.ok())
          log::Warn("a directory was not marked", {{"directory", place->directory()}, {"status", marked}});
      }));
  if (!*is_there && *has_failed) {
    return absl::UnavailableError(
        absl::StrCat("files in ", place->directory(), " cannot be looked at now: whose it is is not known"));
  }
  return is_there->load();
}

// What is noted of it is dropped with its rows: another one may get its name.
void Platforms::Forget(const std::string& platform) {
  MutexLock lock(&mutex_);
  known_.erase(platform);
  noted_.erase(platform);
}

absl::Status Platforms::NoteWritten(const std::string& platform) {
  {
    MutexLock lock(&mutex_);
    if (noted_.contains(platform)) return absl::OkStatus();
  }
  RETURN_IF_ERROR(stores_.platforms.NoteWrittenInto(platform));
  MutexLock lock(&mutex_);
  noted_.insert(platform);
  return absl::OkStatus();
}

}  // namespace cognate::file_transfer
