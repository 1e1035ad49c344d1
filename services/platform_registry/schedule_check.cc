#include "services/platform_registry/schedule_check.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/clock/time_proto.h"
#include "services/platform_registry/errors.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;

constexpr absl::Duration kMinInterval = absl::Seconds(1);
constexpr absl::Duration kMaxInterval = absl::Hours(24 * 366);
constexpr absl::Duration kMaxPause = absl::Hours(1);
constexpr int kMaxBatch = 10'000;

std::string Shown(absl::Duration interval) {
  return interval == absl::ZeroDuration() ? "as changes come"
                                          : StrCat("every ", absl::FormatDuration(interval));
}

bool Deletes(const v1::LeavePolicy& policy) {
  return policy.action() == v1::LEAVE_ACTION_UNSPECIFIED || policy.action() == v1::LEAVE_ACTION_DELETE;
}

void CheckMirrorSide(SyncCheck& check, const SyncSide& side, const char* name) {
  if (side.platform->capture_mode() != v1::CAPTURE_MODE_REPLICATION) {
    check.Wrong(
        "sync.mirror",
        StrCat("got true, but the ", name,
               " is not captured from its database, so nobody knows all of its records; set that platform's "
               "capture mode to replication, or leave mirror out"));
  }
}

}  // namespace

void CheckSchedule(SyncCheck& check) {
  const v1::SyncSchedule& schedule = check.sync.schedule();
  const absl::Duration interval = ToDuration(schedule.interval());
  if (schedule.has_interval() && (interval < kMinInterval || interval > kMaxInterval)) {
    check.Wrong("sync.schedule.interval",
                StrCat("got ", absl::FormatDuration(interval),
                       ", want 1 s to 366 days; leave it out to deliver changes as they come"));
  }
  if (schedule.batch_size() < 0 || schedule.batch_size() > kMaxBatch) {
    check.Wrong("sync.schedule.batch_size", StrCat("got ", schedule.batch_size(), ", want 1 to ", kMaxBatch,
                                                   "; leave it out for as many as the stream takes"));
  }
  const absl::Duration pause = ToDuration(schedule.pause());
  if (pause < absl::ZeroDuration() || pause > kMaxPause) {
    check.Wrong("sync.schedule.pause", StrCat("got ", absl::FormatDuration(pause), ", want at most 1 h"));
  }
}

void CheckIntervals(SyncCheck& check) {
  if (check.sync.status() == v1::SYNC_STATUS_PAUSED) return;
  const absl::Duration interval = ToDuration(check.sync.schedule().interval());
  for (const v1::Sync* const one :
       check.configuration.SyncsBetween(check.sync.source_platform(), check.sync.target_platform())) {
    const v1::Sync& other = *one;
    if (other.name() == check.sync.name() || !JoinsTheSameModels(other, check.sync)) continue;
    const absl::Duration theirs = ToDuration(other.schedule().interval());
    if (other.status() == v1::SYNC_STATUS_PAUSED || theirs == interval) continue;
    check.Wrong(
        "sync.schedule.interval",
        StrCat(
            "got ", Shown(interval), ", but ", other.name(), " delivers ", Shown(theirs),
            ": what syncs between the same two models write is one delivery; give both the same, with one of "
            "them paused meanwhile"));
  }
}

void CheckMirror(SyncCheck& check) {
  const v1::Sync& sync = check.sync;
  if (!sync.mirror()) return;
  const auto refuse = [&](absl::string_view option) {
    check.Wrong("sync.mirror",
                StrCat("got true beside ", option,
                       ": records outside of the sync's scope would be taken for extra ones; leave one of "
                       "the two out"));
  };
  if (!sync.filter().empty()) refuse("filter");
  if (!sync.sync_ids().empty()) refuse("sync_ids");
  if (!sync.ignore_ids().empty()) refuse("ignore_ids");
  if (sync.only_assigned()) refuse("only_assigned");
  if (!Deletes(sync.on_delete())) {
    check.Wrong("sync.mirror",
                StrCat("got true beside on_delete: ", v1::LeaveAction_Name(sync.on_delete().action()),
                       ": a mirror deletes what that keeps; leave one of the two out"));
  }
  const v1::ExistsAction exists = sync.if_exists();
  if (exists != v1::EXISTS_ACTION_UNSPECIFIED && exists != v1::EXISTS_ACTION_UPDATE &&
      exists != v1::EXISTS_ACTION_ADOPT) {
    check.Wrong("sync.mirror", StrCat("got true beside if_exists: ", v1::ExistsAction_Name(exists),
                                      ": a mirror deletes what that leaves as it is; want UPDATE or ADOPT"));
  }
  CheckMirrorSide(check, check.source, "source");
  CheckMirrorSide(check, check.target, "target");
  if (!check.target.model->capture_obstacle().empty()) {
    check.refusals.push_back(ModelCannotBeCaptured(sync.target_platform(), sync.target_model(),
                                                   check.target.model->capture_obstacle()));
  }
}

}  // namespace cognate::platform_registry
