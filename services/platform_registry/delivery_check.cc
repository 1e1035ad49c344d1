#include "services/platform_registry/delivery_check.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/clock/time_proto.h"
#include "common/secret/secret.h"
#include "services/clients/delivery_pause.h"
#include "services/platform_registry/errors.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;
using Violations = std::vector<FieldViolation>;

constexpr int kMaxSecrets = 4;
constexpr int kMaxDeliveries = 1'000;
constexpr int kMaxRequests = 16;
constexpr int kMaxUrl = 2'000;
constexpr int kMaxDelays = 30;
constexpr int kMaxWindows = 20;
constexpr double kMaxRate = 1'000'000;
constexpr size_t kMaxReason = 500;
constexpr absl::Duration kMinTimeout = absl::Seconds(1);
constexpr absl::Duration kMaxTimeout = absl::Seconds(60);
constexpr absl::Duration kMaxDelay = absl::Hours(24 * 30);
constexpr absl::Duration kMinWindow = absl::Minutes(1);
constexpr absl::Duration kMaxWindow = absl::Hours(24 * 7);
constexpr int kMaxReleases = 1'000;
constexpr absl::Duration kMinHold = absl::Minutes(1);
constexpr absl::Duration kMaxHold = absl::Hours(24 * 365);

bool HasUnfitCharacter(absl::string_view url) {
  for (const char c : url) {
    if (c <= ' ' || c == 0x7f) return true;
  }
  return false;
}

// In words after "got "; empty if it is fit. Does not repeat the URL, which may hold a password.
std::string UrlFault(absl::string_view url, bool allows_private) {
  if (url.empty()) return "nothing, want https://…";
  if (url.size() > kMaxUrl) return StrCat(url.size(), " bytes, want at most ", kMaxUrl);
  if (HasUnfitCharacter(url))
    return "an address with blanks or control characters, want them percent-encoded";
  absl::string_view rest = url;
  const bool is_plain = absl::ConsumePrefix(&rest, "http://");
  if (!is_plain && !absl::ConsumePrefix(&rest, "https://")) return "no https:// at the beginning";
  if (is_plain && !allows_private) {
    return "http://, want https://: what is sent must not be readable on the way; http:// goes only with "
           "allow_private_addresses";
  }
  const absl::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.empty()) return "no host";
  if (absl::StrContains(authority, '@')) {
    return "a user name or password in it; the signature is what the endpoint knows its caller by";
  }
  if (absl::StrContains(rest, '#')) return "a fragment (#…), which is never sent";
  return "";
}

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
  if (const std::string fault = UrlFault(webhook.url(), webhook.allow_private_addresses()); !fault.empty()) {
    violations->push_back({"platform.webhook.url", StrCat("got ", fault)});
  }
  if (webhook.secrets().empty() || webhook.secrets_size() > kMaxSecrets) {
    violations->push_back(
        {"platform.webhook.secrets", StrCat("got ", webhook.secrets_size(), ", want 1 to ", kMaxSecrets,
                                            ": without a signature the endpoint cannot tell who calls")});
  }
  for (int i = 0; i < webhook.secrets_size(); ++i) {
    const std::string fault = secret::ReferenceFault(webhook.secrets(i));
    if (fault.empty()) continue;
    violations->push_back({StrCat("platform.webhook.secrets[", i, "]"), StrCat("got ", fault)});
  }
  CheckCount("platform.webhook.max_deliveries", webhook.max_deliveries(), kMaxDeliveries, violations);
  CheckCount("platform.webhook.max_requests", webhook.max_requests(), kMaxRequests, violations);
  const absl::Duration timeout = ToDuration(webhook.timeout());
  if (webhook.has_timeout() && (timeout < kMinTimeout || timeout > kMaxTimeout)) {
    violations->push_back(
        {"platform.webhook.timeout", StrCat("got ", absl::FormatDuration(timeout), ", want 1 s to 60 s")});
  }
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
