#include "services/platform_registry/delivery_check.h"

#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "common/webhook/endpoint.h"
#include "services/clients/delivery_pause.h"
#include "services/platform_registry/errors.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;
using Violations = std::vector<FieldViolation>;

constexpr int kMaxDeliveries = 1'000;
constexpr int kMaxRequests = 16;
constexpr int kMaxDelays = 30;
constexpr int kMaxWindows = 20;
constexpr double kMaxRate = 1'000'000;
constexpr size_t kMaxReason = 500;
constexpr absl::Duration kMaxDelay = absl::Hours(24 * 30);
constexpr absl::Duration kMinWindow = absl::Minutes(1);
constexpr absl::Duration kMaxWindow = absl::Hours(24 * 7);
constexpr int kMaxReleases = 1'000;
constexpr absl::Duration kMinHold = absl::Minutes(1);
constexpr absl::Duration kMaxHold = absl::Hours(24 * 365);

void CheckCount(const char* path, int got, int limit, Violations* violations) {
  if (got < 0 || got > limit) violations->push_back({path, StrCat("got ", got, ", want 1 to ", limit)});
}

void CheckWindow(const std::string& path, const v1::MaintenanceWindow& window, Violations* violations) {
  for (const int day : window.weekdays()) {
    if (day >= 1 && day <= 7) continue;
    violations->push_back({path + ".weekdays", StrCat("got ", day, ", want 1 (Monday) to 7 (Sunday)")});
  }
  if (!clients::ParseTimeOfDay(window.start()).has_value()) {
    violations->push_back(
        {path + ".start", StrCat("got \"", window.start(), "\", want HH:MM, such as 02:30")});
  }
  const absl::Duration duration = ToDuration(window.duration());
  if (duration < kMinWindow || duration > kMaxWindow) {
    violations->push_back(
        {path + ".duration", StrCat("got ", absl::FormatDuration(duration), ", want 1 minute to 7 days")});
  }
  absl::TimeZone zone;
  if (!window.time_zone().empty() && !absl::LoadTimeZone(window.time_zone(), &zone)) {
    violations->push_back({path + ".time_zone", StrCat("got \"", window.time_zone(),
                                                       "\", want an IANA name, such as Europe/Berlin")});
  }
}

void CheckHold(const v1::HoldPolicy& hold, Violations* violations) {
  const absl::Duration lifetime = ToDuration(hold.lifetime());
  if (hold.has_lifetime() && (lifetime < kMinHold || lifetime > kMaxHold)) {
    violations->push_back({"platform.delivery.hold.lifetime",
                           StrCat("got ", absl::FormatDuration(lifetime), ", want 1 minute to 365 days")});
  }
  if (hold.max_releases() < 0 || hold.max_releases() > kMaxReleases) {
    violations->push_back({"platform.delivery.hold.max_releases",
                           StrCat("got ", hold.max_releases(), ", want 0 (without end) to ", kMaxReleases)});
  }
}

}  // namespace

void CheckWebhook(const v1::Platform& platform, Violations* violations) {
  if (platform.channel() != v1::CHANNEL_WEBHOOK) {
    if (platform.has_webhook()) {
      violations->push_back(
          {"platform.webhook", StrCat("got one, want none with ", v1::Channel_Name(platform.channel()),
                                      "; set the channel to CHANNEL_WEBHOOK, or leave it out")});
    }
    return;
  }
  if (!platform.has_webhook()) {
    violations->push_back(
        {"platform.webhook", "got none, want the endpoint, as the channel is CHANNEL_WEBHOOK"});
    return;
  }
  const v1::Webhook& webhook = platform.webhook();
  webhook::CheckEndpoint(webhook, "platform.webhook", violations);
  CheckCount("platform.webhook.max_deliveries", webhook.max_deliveries(), kMaxDeliveries, violations);
  CheckCount("platform.webhook.max_requests", webhook.max_requests(), kMaxRequests, violations);
}

void CheckDeliveryPolicy(const v1::DeliveryPolicy& policy, Violations* violations) {
  if (policy.has_retry()) {
    const auto& delays = policy.retry().delays();
    if (delays.empty() || delays.size() > kMaxDelays) {
      violations->push_back(
          {"platform.delivery.retry.delays", StrCat("got ", delays.size(), ", want 1 to ", kMaxDelays)});
    }
    for (int i = 0; i < delays.size(); ++i) {
      const absl::Duration delay = ToDuration(delays[i]);
      if (delay > absl::ZeroDuration() && delay <= kMaxDelay) continue;
      violations->push_back(
          {StrCat("platform.delivery.retry.delays[", i, "]"),
           StrCat("got ", absl::FormatDuration(delay), ", want more than 0 s, at most 30 days")});
    }
  }
  if (!(policy.max_rate() >= 0 && policy.max_rate() <= kMaxRate)) {  // NaN is out as well
    violations->push_back(
        {"platform.delivery.max_rate", StrCat("got ", policy.max_rate(), ", want 0 (no limit) to ",
                                              static_cast<int64_t>(kMaxRate), " records a second")});
  }
  CheckHold(policy.hold(), violations);
  if (policy.maintenance_windows_size() > kMaxWindows) {
    violations->push_back(
        {"platform.delivery.maintenance_windows",
         StrCat("got ", policy.maintenance_windows_size(), ", want at most ", kMaxWindows)});
  }
  for (int i = 0; i < policy.maintenance_windows_size(); ++i) {
    CheckWindow(StrCat("platform.delivery.maintenance_windows[", i, "]"), policy.maintenance_windows(i),
                violations);
  }
}

absl::Status CheckLock(const v1::PlatformLock& lock, absl::Time now) {
  Violations violations;
  if (lock.reason().empty() || lock.reason().size() > kMaxReason) {
    violations.push_back({"platform.lock.reason",
                          lock.reason().empty()
                              ? "got nothing, want why, for whoever finds it locked"
                              : StrCat("got ", lock.reason().size(), " bytes, want at most ", kMaxReason)});
  }
  if (lock.has_expire_time() && ToTime(lock.expire_time()) <= now) {
    violations.push_back({"platform.lock.expire_time", "got a time in the past, want one to come, or none"});
  }
  return violations.empty() ? absl::OkStatus() : InvalidFields(violations).ToStatus();
}

}  // namespace cognate::platform_registry
