#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/http/admin_address.h"

namespace cognate::http {

// What a process says of itself on its admin port.
struct Health {
  struct Check {
    std::string name;
    std::string trouble;  // Empty where it is well.
  };
  bool well = false;
  std::vector<Check> checks;  // Of readiness; none where only life was asked for.
};

// Asks /readyz, or /livez unless `ready`. UNAVAILABLE where nobody answers within `timeout`,
// FAILED_PRECONDITION where somebody else does. Never waits longer than a few times `timeout`.
absl::StatusOr<Health> AskHealth(const AdminAddress& admin, bool ready, absl::Duration timeout);

}  // namespace cognate::http
