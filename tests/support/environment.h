// Sizes of tests: small, unless the environment says more.
#pragma once

#include <cstdlib>

#include "absl/strings/numbers.h"

namespace cognate::test_support {

// A number above zero, or `otherwise`.
inline int FromEnvironment(const char* name, int otherwise) {
  const char* text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  int number = 0;
  return text != nullptr && absl::SimpleAtoi(text, &number) && number > 0 ? number : otherwise;
}

}  // namespace cognate::test_support
