#include "services/platform_registry/checks/agent_checks.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/clock/time_proto.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;

constexpr absl::Duration kSoon = absl::Hours(24 * 14);
constexpr absl::Duration kLong = absl::Hours(24);

std::string Ago(absl::Duration since) {
  return StrCat(absl::FormatDuration(absl::Trunc(since, absl::Seconds(1))), " ago");
}

Finding JudgeKeys(const LiveKeys& keys, absl::string_view platform, absl::Time now) {
  const std::string make = StrCat("cognate key create --role platform --platform ", platform);
  if (keys.count == 0) return Failed("NO_KEY", "its agent has no key that is good", make);
  if (keys.expires.has_value() && *keys.expires - now < kSoon) {
    return Warned("KEY_EXPIRES_SOON",
                  StrCat("its key is good for nothing from ",
                         absl::FormatTime("%Y-%m-%d %H:%M", *keys.expires, absl::UTCTimeZone()), " UTC on"),
                  make);
  }
  return Fine(StrCat(keys.count, keys.count == 1 ? " key is good" : " keys are good"));
}

Finding JudgeLastSeen(const LiveKeys& keys, absl::Time now) {
  constexpr char kFix[] =
      "start the agent, and see in its own log that it reaches the services with this key";
  if (!keys.last_used.has_value())
    return Warned("NO_AGENT", "its agent has never called with a key of its own", kFix);
  const absl::Duration since = now - *keys.last_used;
  const std::string seen =
      StrCat("last seen ", Ago(since),
             keys.last_used_address.empty() ? "" : StrCat(" from ", keys.last_used_address));
  return since > kLong ? Warned("NO_AGENT", seen, kFix) : Fine(seen);
}

}  // namespace

LiveKeys Summarize(absl::Span<const v1::Key> live) {
  LiveKeys keys;
  bool any_lasts = false;
  for (const v1::Key& key : live) {
    ++keys.count;
    any_lasts = any_lasts || !key.has_expire_time();
    const absl::Time expires = ToTime(key.expire_time()), used = ToTime(key.last_used_time());
    if (key.has_expire_time() && (!keys.expires.has_value() || expires > *keys.expires))
      keys.expires = expires;
    if (!key.has_last_used_time() || (keys.last_used.has_value() && used < *keys.last_used)) continue;
    keys.last_used = used;
    keys.last_used_address = key.last_used_address();
  }
  if (any_lasts) keys.expires = std::nullopt;
  return keys;
}

void CheckAgent(const AgentChecks& parts, const v1::Platform& platform, Checklist& list) {
  const std::string id(absl::StripPrefix(platform.name(), "platforms/"));
  LiveKeys keys;
  if (parts.live_keys) {
    list.Try("key", [&](absl::Duration) {
      absl::StatusOr<LiveKeys> found = parts.live_keys(id);
      if (!found.ok())
        return Failed(found.status(), "look at the log of platform-registry, then check again");
      keys = *std::move(found);
      return JudgeKeys(keys, id, parts.clock.Now());
    });
    list.Try("connection", [&](absl::Duration) { return JudgeLastSeen(keys, parts.clock.Now()); });
  }
  list.Try("clock", [](absl::Duration) {
    return Fine(
        "not known here: an agent cannot be asked. What it captures carries its time, and change-capture "
        "measures that: cognate status");
  });
}

}  // namespace cognate::platform_registry
