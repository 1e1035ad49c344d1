#include "services/clients/schedule.h"

#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"

namespace cognate::clients {

absl::Duration IntervalOf(const v1::Sync& sync) { return ToDuration(sync.schedule().interval()); }

absl::Time TurnOf(absl::Time time, absl::Duration interval) {
  return absl::UnixEpoch() + absl::Floor(time - absl::UnixEpoch(), interval);
}

std::string TurnWords(absl::Duration interval, absl::Time now) {
  return absl::StrCat(
      "delivers what has changed every ", absl::FormatDuration(interval), ", next at ",
      absl::FormatTime("%Y-%m-%d %H:%M:%E*S UTC", TurnOf(now, interval) + interval, absl::UTCTimeZone()));
}

}  // namespace cognate::clients
