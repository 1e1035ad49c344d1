#include "services/platform_registry/checks/check_platform.h"

#include <algorithm>
#include <optional>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/status/status_macros.h"
#include "services/clients/delivery_pause.h"
#include "services/platform_registry/checks/database_checks.h"
#include "services/platform_registry/checks/webhook_checks.h"
#include "services/platform_registry/names.h"

namespace cognate::platform_registry {
namespace {

constexpr char kLocked[] = "PLATFORM_LOCKED: ";
// The answer must be on its way before its caller has given up.
constexpr absl::Duration kWayBack = absl::Milliseconds(500);

Finding LookAtDelivery(const v1::Platform& platform, absl::Time now) {
  if (platform.channel() == v1::CHANNEL_NONE) return Fine("nothing is delivered there: it is a source only");
  const std::optional<clients::DeliveryPause> pause = clients::PauseAt(platform, now);
  if (!pause.has_value()) return Fine("deliveries may go");
  const absl::string_view id = absl::StripPrefix(platform.name(), "platforms/");
  const bool is_locked = absl::StartsWith(pause->reason, kLocked);
  return Warned("PLATFORM_LOCKED", absl::StripPrefix(pause->reason, kLocked),
                is_locked ? absl::StrCat("cognate platform unlock ", id)
                          : "wait until the maintenance window ends; what is due is kept");
}

bool HasAgent(const v1::Platform& platform) {
  return platform.channel() == v1::CHANNEL_AGENT || platform.capture_mode() == v1::CAPTURE_MODE_AGENT;
}

}  // namespace

absl::StatusOr<v1::CheckPlatformResponse> CheckPlatform(const CheckParts& parts,
                                                        const v1::CheckPlatformRequest& request,
                                                        absl::Time deadline) {
  ASSIGN_OR_RETURN(const std::string id, ParsePlatformName(request.name(), "name"));
  ASSIGN_OR_RETURN(const v1::Platform platform, parts.platforms.Get(id));
  Checklist list(parts.clock, std::min(deadline - kWayBack, parts.clock.Now() + Checklist::kAll));
  if (platform.has_database()) CheckDatabase({parts.resolver, parts.models, parts.clock}, platform, list);
  if (platform.channel() == v1::CHANNEL_WEBHOOK) {
    list.BeginOtherWay();
    CheckWebhook({parts.resolver, parts.clock}, platform, list);
  }
  if (HasAgent(platform)) {
    list.BeginOtherWay();
    CheckAgent({parts.live_keys, parts.clock}, platform, list);
  }
  list.TryAlways("delivery", [&](absl::Duration) { return LookAtDelivery(platform, parts.clock.Now()); });
  return list.Take(id);
}

}  // namespace cognate::platform_registry
