// What sentinels say. Of this library alone.
#pragma once

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/redis/address.h"

namespace cognate::redis {

// Where this sentinel believes the primary of `address` to be. Each step of the call takes `timeout` at most.
absl::StatusOr<Endpoint> AskSentinel(const Endpoint& sentinel, const Address& address,
                                     absl::Duration timeout);

// What to say when no sentinel gave an answer to follow; `last` is what the last of them did.
absl::Status SentinelsUnavailable(const Address& address, const absl::Status& last);

}  // namespace cognate::redis
