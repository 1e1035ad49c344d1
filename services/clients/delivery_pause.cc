#include "services/clients/delivery_pause.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"

namespace cognate::clients {
namespace {

constexpr char kMaintenance[] = "MAINTENANCE: ";
constexpr char kLocked[] = "PLATFORM_LOCKED: ";

// Monday is 1.
int WeekdayOf(absl::CivilDay day) { return static_cast<int>(absl::GetWeekday(day)) + 1; }

bool BeginsOn(const v1::MaintenanceWindow& window, absl::CivilDay day) {
  const auto& days = window.weekdays();
  return days.empty() || std::find(days.begin(), days.end(), WeekdayOf(day)) != days.end();
}

// When the window that is open now closes. It may have begun on an earlier day. Where the clocks are put
// forward over its start it begins at that moment.
std::optional<absl::Time> ClosesAt(const v1::MaintenanceWindow& window, absl::Time now) {
  absl::TimeZone zone = absl::UTCTimeZone();
  if (!window.time_zone().empty() && !absl::LoadTimeZone(window.time_zone(), &zone)) return std::nullopt;
  const std::optional<absl::Duration> start = ParseTimeOfDay(window.start());
  if (!start.has_value()) return std::nullopt;
  const absl::Duration duration = ToDuration(window.duration());
  const absl::CivilDay today = absl::ToCivilDay(now, zone);
  const int64_t days_back = duration / absl::Hours(24) + 1;
  std::optional<absl::Time> closes;
  for (absl::CivilDay day = today - days_back; day <= today; ++day) {
    if (!BeginsOn(window, day)) continue;
    const absl::Time begin = absl::FromCivil(absl::CivilSecond(day) + absl::ToInt64Seconds(*start), zone);
    if (begin <= now && now < begin + duration) closes = std::max(closes.value_or(begin), begin + duration);
  }
  return closes;
}

}  // namespace

std::optional<absl::Duration> ParseTimeOfDay(absl::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  for (const size_t place : {0, 1, 3, 4}) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(text[place]))) return std::nullopt;
  }
  const int hour = (text[0] - '0') * 10 + (text[1] - '0');
  const int minute = (text[3] - '0') * 10 + (text[4] - '0');
  if (hour > 23 || minute > 59) return std::nullopt;
  return absl::Hours(hour) + absl::Minutes(minute);
}

bool IsPause(absl::string_view reason) {
  return absl::StartsWith(reason, kMaintenance) || absl::StartsWith(reason, kLocked);
}

std::optional<DeliveryPause> PauseAt(const v1::Platform& platform, absl::Time now) {
  std::optional<DeliveryPause> pause;
  const auto add = [&](std::string reason, absl::Time until) {
    if (!pause.has_value() || until > pause->until) pause = DeliveryPause{std::move(reason), until};
  };
  for (const v1::MaintenanceWindow& window : platform.delivery().maintenance_windows()) {
    const std::optional<absl::Time> closes = ClosesAt(window, now);
    if (!closes.has_value()) continue;
    add(absl::StrCat(kMaintenance, "until ",
                     absl::FormatTime("%Y-%m-%d %H:%M UTC", *closes, absl::UTCTimeZone())),
        *closes);
  }
  if (platform.has_lock()) {
    const absl::Time until =
        platform.lock().has_expire_time() ? ToTime(platform.lock().expire_time()) : absl::InfiniteFuture();
    if (now < until) add(absl::StrCat(kLocked, platform.lock().reason()), until);
  }
  return pause;
}

}  // namespace cognate::clients
