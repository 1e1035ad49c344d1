#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cognate::feedback {

// The next event to tell: its batch, and its place there.
struct WatchPosition {
  int64_t sequence = 1;
  int offset = 0;

  auto operator<=>(const WatchPosition&) const = default;
};
std::string ResumeToken(const WatchPosition& position);
// INVALID_ARGUMENT INVALID_FIELD for what is none.
absl::StatusOr<WatchPosition> ParseResumeToken(absl::string_view token);

}  // namespace cognate::feedback
