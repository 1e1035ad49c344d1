#include "services/feedback/events/position.h"

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/feedback/errors.h"

namespace cognate::feedback {

std::string ResumeToken(const WatchPosition& position) {
  return absl::StrCat("e", position.sequence, ".", position.offset);
}

absl::StatusOr<WatchPosition> ParseResumeToken(absl::string_view token) {
  WatchPosition position;
  const std::vector<absl::string_view> parts = absl::StrSplit(token, '.');
  if (parts.size() == 2 && parts[0].size() > 1 && parts[0][0] == 'e' &&
      absl::SimpleAtoi(parts[0].substr(1), &position.sequence) &&
      absl::SimpleAtoi(parts[1], &position.offset) && position.sequence > 0 && position.offset >= 0) {
    return position;
  }
  return InvalidField("resume_token", absl::StrCat("got \"", token, "\", want one that Watch gave out"));
}

}  // namespace cognate::feedback
