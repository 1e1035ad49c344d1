// The steps to a platform that takes webhooks.
#pragma once

#include <string>

#include "cognate/v1/platform.pb.h"
#include "common/clock/clock.h"
#include "services/platform_registry/checks/reach.h"
#include "services/platform_registry/checks/steps.h"

namespace cognate::platform_registry {

struct WebhookChecks {
  Resolver& resolver;
  const Clock& clock;
};

// secret, address, firewall, connection, tls, key, clock. The endpoint gets what it gets before deliveries
// begin: one signed `cognate.ping`.
void CheckWebhook(const WebhookChecks& parts, const v1::Platform& platform, Checklist& list);

}  // namespace cognate::platform_registry
