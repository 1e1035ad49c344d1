// The time, injected: no service asks the machine itself.
#pragma once

#include "absl/time/time.h"

namespace cognate {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;

  // The machine's clock; lives as long as the process.
  static const Clock& Real();
};

}  // namespace cognate
