// POST /cognate.v1.{Service}/{Method}: every unary RPC by the Connect protocol, as JSON or binary.
#pragma once

#include "absl/time/time.h"
#include "services/gateway/converters.h"
#include "services/gateway/routes.h"
#include "services/gateway/rpc_table.h"
#include "services/gateway/upstream_client.h"

namespace cognate::gateway {

// What endpoints need that call RPCs; all of it outlives the calls.
struct BridgeParts {
  const RpcTable& rpcs;
  UpstreamClient& upstream;
  Converters& converters;
  absl::Duration default_timeout;  // Without a Connect-Timeout-Ms.
  absl::Duration longest_call;     // A longer one is cut to this.
};

void AddConnectRoutes(Routes& routes, const BridgeParts& parts);

}  // namespace cognate::gateway
