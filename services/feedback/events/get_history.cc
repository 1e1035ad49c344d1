#include "services/feedback/events/get_history.h"

#include <vector>

#include "common/clock/time_proto.h"
#include "common/status/status_macros.h"
#include "services/feedback/errors.h"

namespace cognate::feedback {
namespace {

constexpr absl::Duration kDay = absl::Hours(24);

absl::Duration DefaultReach(v1::HistoryStep step) {
  switch (step) {
    case v1::HISTORY_STEP_MINUTE:
      return absl::Minutes(60);
    case v1::HISTORY_STEP_HOUR:
      return absl::Hours(48);
    case v1::HISTORY_STEP_DAY:
      return 30 * kDay;
    default:
      return 12 * 7 * kDay;
  }
}

// When the step that `time` lies in began; weeks on Monday.
absl::Time StartOf(v1::HistoryStep step, absl::Time time) {
  const absl::TimeZone utc = absl::UTCTimeZone();
  const absl::CivilSecond civil = absl::ToCivilSecond(time, utc);
  switch (step) {
    case v1::HISTORY_STEP_MINUTE:
      return absl::FromCivil(absl::CivilMinute(civil), utc);
    case v1::HISTORY_STEP_HOUR:
      return absl::FromCivil(absl::CivilHour(civil), utc);
    case v1::HISTORY_STEP_DAY:
      return absl::FromCivil(absl::CivilDay(civil), utc);
    default:
      return absl::FromCivil(absl::PrevWeekday(absl::CivilDay(civil) + 1, absl::Weekday::monday), utc);
  }
}

}  // namespace

absl::StatusOr<v1::GetHistoryResponse> GetHistory(const Parts& parts, const v1::GetHistoryRequest& request) {
  if (request.step() == v1::HISTORY_STEP_UNSPECIFIED || !v1::HistoryStep_IsValid(request.step()))
    return InvalidField("step", "got none, want MINUTE, HOUR, DAY or WEEK");
  const absl::Time now = parts.clock.Now();
  const absl::Time since = request.has_since() ? ToTime(request.since()) : now - DefaultReach(request.step());
  ASSIGN_OR_RETURN(
      std::vector<v1::HistoryPoint> points,
      parts.history.Points(request.step(), request.platform(), StartOf(request.step(), since), now));
  v1::GetHistoryResponse response;
  for (v1::HistoryPoint& point : points) *response.add_points() = std::move(point);
  return response;
}

}  // namespace cognate::feedback
