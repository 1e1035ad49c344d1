#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "cognate/v1/event_service.pb.h"
#include "services/feedback/events/position.h"

namespace cognate::feedback {

// One request of a hook, as it is sent, again if need be.
struct HookMessage {
  std::string id;  // `webhook-id`
  std::string body;
  WatchPosition next;  // where the feed goes on after it
};

// A row of `event_hooks`.
struct Hook {
  std::string id;
  v1::EventHook config;  // endpoint, filter, digest, is_paused
  int64_t revision = 0;
  absl::Time created;
  WatchPosition next;
  std::optional<HookMessage> pending;
  std::string broken;
  std::string last_error;
  std::optional<absl::Time> last_sent;
  std::optional<absl::Time> first_waiting;  // when the first event came that it has not been sent
};

}  // namespace cognate::feedback
