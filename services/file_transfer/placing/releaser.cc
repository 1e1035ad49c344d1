#include "services/file_transfer/placing/releaser.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/placing/place_jobs.h"

namespace cognate::file_transfer {
namespace {

constexpr absl::Duration kPoll = absl::Milliseconds(250);
constexpr absl::Duration kSentInterval = absl::Seconds(1);
constexpr absl::Duration kLooking = absl::Seconds(5);
constexpr absl::Duration kLease = absl::Seconds(30);
constexpr absl::Duration kFirstPause = absl::Milliseconds(500);
constexpr absl::Duration kLongestPause = absl::Seconds(60);
// A record that has not asked for so long is sent on its way, its file there or not, for an hour: if it waits
// still it asks again. If not, its target may be down or paused, where nobody asks; or it was given up, or
// has other fields by now, which is supposed of it only after a week, when it is sent on its way once more.
constexpr absl::Duration kAskAgain = absl::Hours(24);
constexpr absl::Duration kHasAsked = absl::Hours(25);
constexpr absl::Duration kForgotten = absl::Hours(24 * 7);
constexpr int kAtOnce = 500;

absl::Duration PauseAfter(int looks) {
  return std::min(kFirstPause * std::pow(2.0, std::clamp(looks, 0, 12)), kLongestPause);
}

}  // namespace

void Releaser::Run(StopToken& stop) {
  while (!stop.stopping()) {
    const absl::StatusOr<bool> more = LookAtSome();
    if (!more.ok()) log::Warn("waits for files not looked at", {{"status", more.status()}});
    if (!more.ok() || !*more) stop.WaitFor(kPoll);
  }
}

absl::StatusOr<bool> Releaser::LookAtSome() {
  const absl::Time now = clock_.Now();
  if (now - sent_look_ > kSentInterval) {
    sent_look_ = now;
    RETURN_IF_ERROR(store_.WakeSent(now));
  }
  const absl::Time lease = absl::FromUnixMicros(absl::ToUnixMicros(now + kLease));
  ASSIGN_OR_RETURN(std::vector<WaitRow> waits, store_.Take(now, lease, kAtOnce));
  if (waits.empty()) return false;
  ASSIGN_OR_RETURN(const std::vector<WaitStore::Stand> stands, store_.StandsOf(waits));
  std::vector<bool> ready;
  for (const WaitStore::Stand& stand : stands) ready.push_back(stand.is_there || stand.was_refused);
  LookAtSources(waits, stands, &ready);
  std::map<std::string, std::vector<const WaitRow*>> of_platforms;
  std::vector<absl::Time> next;
  for (size_t i = 0; i < waits.size(); ++i) {
    const absl::Duration silent = now - waits[i].asked;
    const bool is_to_ask = silent > kForgotten || (silent > kAskAgain && silent <= kHasAsked);
    if (ready[i] || is_to_ask) of_platforms[waits[i].key.platform].push_back(&waits[i]);
    next.push_back(now + PauseAfter(waits[i].look_count));
  }
  std::vector<WaitRow> forgotten;
  for (const auto& [platform, some] : of_platforms) {
    if (const absl::Status released = Release(platform, some); !released.ok()) {
      log::Warn("records not released", {{"platform", platform}, {"status", released}});
      continue;
    }
    for (const WaitRow* const wait : some) {
      if (now - wait->asked > kForgotten) forgotten.push_back(*wait);
    }
  }
  RETURN_IF_ERROR(store_.PutOff(waits, next, ready, lease, now));
  RETURN_IF_ERROR(store_.Forget(forgotten, now - kForgotten));
  return waits.size() == kAtOnce;
}

void Releaser::LookAtSources(const std::vector<WaitRow>& waits, const std::vector<WaitStore::Stand>& stands,
                             std::vector<bool>* ready) {
  std::map<std::string, std::vector<size_t>> of_sources;
  for (size_t i = 0; i < waits.size(); ++i) {
    // What a worker reads is ready when it has stored it, which wakes its waits.
    const bool may_be_there =
        waits[i].path.empty() && !waits[i].source_path.empty() && !stands[i].is_being_read;
    if (!(*ready)[i] && may_be_there) of_sources[waits[i].source_platform].push_back(i);
  }
  for (const auto& [source, places] : of_sources) {
    const absl::StatusOr<std::shared_ptr<const PlatformFiles>> files = platforms_.Get(source);
    // What no platform has any more is for Bind to refuse.
    if (absl::IsNotFound(files.status())) {
      for (const size_t i : places) (*ready)[i] = true;
    }
    if (!files.ok() || (*files)->place == nullptr) continue;
    std::vector<std::string> paths;
    for (const size_t i : places) paths.push_back(waits[i].source_path);
    const std::vector<absl::StatusOr<FileStand>> found =
        PlaceJobs{workers_, **files, clock_.Now() + kLooking}.Stat(std::move(paths));
    // So is what is no file.
    for (size_t i = 0; i < found.size(); ++i)
      (*ready)[places[i]] = found[i].ok() || absl::IsPermissionDenied(found[i].status());
  }
}

absl::Status Releaser::Release(const std::string& platform, const std::vector<const WaitRow*>& waits) {
  v1::ReleaseRequest request;
  request.set_platform(platform);
  std::set<std::pair<Uuid, std::string>> records;
  for (const WaitRow* const wait : waits) {
    if (!records.emplace(wait->key.entity, wait->key.model).second) continue;
    v1::WaitingRecord& record = *request.add_records();
    record.set_entity_id(std::string(wait->key.entity.AsBytes()));
    record.set_model(wait->key.model);
  }
  return feedback_.Release(request).status();
}

}  // namespace cognate::file_transfer
