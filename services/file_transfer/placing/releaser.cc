#include "services/file_transfer/placing/releaser.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/placing/bind.h"

namespace cognate::file_transfer {
namespace {

constexpr absl::Duration kPoll = absl::Milliseconds(250);
constexpr absl::Duration kStoredInterval = absl::Seconds(1);
constexpr absl::Duration kLease = absl::Seconds(30);
constexpr absl::Duration kFirstPause = absl::Milliseconds(500);
constexpr absl::Duration kLongestPause = absl::Seconds(60);
// A record that nobody has sent again for so long, though its file is there, has been given up, or has other
// fields by now.
constexpr absl::Duration kForgotten = absl::Hours(24);
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
  if (now - stored_look_ > kStoredInterval) {
    stored_look_ = now;
    RETURN_IF_ERROR(store_.WakeStored(now).status());
  }
  const absl::Time lease = absl::FromUnixMicros(absl::ToUnixMicros(now + kLease));
  ASSIGN_OR_RETURN(std::vector<WaitRow> waits, store_.TakeWaits(now, lease, kAtOnce));
  if (waits.empty()) return false;
  ASSIGN_OR_RETURN(std::vector<bool> ready, store_.AreReady(waits));
  std::map<std::string, std::vector<const WaitRow*>> of_platforms;
  std::vector<WaitRow> forgotten;
  std::vector<absl::Time> next;
  for (size_t i = 0; i < waits.size(); ++i) {
    if (!ready[i] && waits[i].path.empty()) ready[i] = IsAtSource(waits[i]);
    if (ready[i]) of_platforms[waits[i].key.platform].push_back(&waits[i]);
    if (ready[i] && now - waits[i].created > kForgotten) forgotten.push_back(waits[i]);
    next.push_back(now + PauseAfter(waits[i].look_count));
  }
  for (const auto& [platform, some] : of_platforms) {
    const absl::Status released = Release(platform, some);
    if (!released.ok()) log::Warn("records not released", {{"platform", platform}, {"status", released}});
  }
  RETURN_IF_ERROR(store_.PutOff(waits, next, lease));
  RETURN_IF_ERROR(store_.DropWaits(forgotten));
  return waits.size() == kAtOnce;
}

bool Releaser::IsAtSource(const WaitRow& wait) {
  if (wait.source_path.empty()) return false;
  const absl::StatusOr<std::shared_ptr<const PlatformFiles>> files = platforms_.Get(wait.source_platform);
  if (!files.ok() || (*files)->place == nullptr) return false;
  const absl::StatusOr<FileStand> stand = (*files)->place->Stat(wait.source_path);
  // What is no file any more is for Bind to refuse. A large one is ready when its reader has stored it, which
  // wakes its waits.
  if (absl::IsPermissionDenied(stand.status())) return true;
  return stand.ok() && (stand->size_bytes <= kSmallFile || !wait.sha256.has_value());
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
