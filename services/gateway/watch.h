// GET and POST /v1/watch: FeedbackService.Watch as server-sent events.
#pragma once

#include "services/gateway/connect_bridge.h"
#include "services/gateway/routes.h"

namespace cognate::gateway {

void AddWatchRoutes(Routes& routes, const BridgeParts& parts);

}  // namespace cognate::gateway
