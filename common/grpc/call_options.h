// What a caller may say about one call; free of gRPC's own headers, so that whoever passes it on stays so
// too.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "common/retry/backoff.h"
#include "common/worker/stop_token.h"

namespace cognate::grpc_support {

class Cancellation;

struct CallOptions {
  absl::Duration timeout = absl::Seconds(10);  // Over all attempts.
  absl::Time deadline =
      absl::InfiniteFuture();      // The caller's own, such as Rpc::deadline(); the earlier one counts.
  std::string request_id = {};     // Sent as x-request-id, unless empty.
  std::string authorization = {};  // Sent as authorization; empty: the process's own (client_trust.h).
  // Whether the call may be made twice. Only then UNAVAILABLE is tried again, after a random time (`backoff`,
  // full jitter), or after the server's RetryInfo if that is longer.
  bool idempotent = false;
  int max_attempts = 4;
  BackoffPolicy backoff = {absl::Milliseconds(50), 2.0, absl::Seconds(2)};
  StopToken* stop = nullptr;             // Ends the waits between attempts when its owner stops.
  Cancellation* cancellation = nullptr;  // Ends the call under way.
};

}  // namespace cognate::grpc_support
