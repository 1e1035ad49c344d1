// What is known of a platform whose agent calls Cognate: nothing is asked of it, since it cannot be called.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "cognate/v1/key.pb.h"
#include "cognate/v1/platform.pb.h"
#include "common/clock/clock.h"
#include "services/platform_registry/checks/steps.h"

namespace cognate::platform_registry {

// The keys of a platform's agent that are good now.
struct LiveKeys {
  int count = 0;
  std::optional<absl::Time> expires = {};  // the last of them to end; nullopt: one of them lasts
  std::optional<absl::Time> last_used = {};
  std::string last_used_address = {};
};
// Of the keys that are neither revoked nor expired.
LiveKeys Summarize(absl::Span<const v1::Key> live);
using LiveKeysOf = std::function<absl::StatusOr<LiveKeys>(absl::string_view platform)>;

struct AgentChecks {
  LiveKeysOf live_keys;  // nullptr: nothing is known of keys, and the steps about them are left out
  const Clock& clock;
};

// key, connection (when its key was last used), clock.
void CheckAgent(const AgentChecks& parts, const v1::Platform& platform, Checklist& list);

}  // namespace cognate::platform_registry
