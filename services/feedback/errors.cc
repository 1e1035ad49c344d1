#include "services/feedback/errors.h"

#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace cognate::feedback {

absl::Status InvalidField(absl::string_view field, absl::string_view description) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_FIELD", absl::StrCat(field, ": ", description))
      .With("field", field)
      .Violation(field, description);
}

absl::Status ResumeTokenExpired() {
  return Error(absl::StatusCode::kOutOfRange, "RESUME_TOKEN_EXPIRED",
               "events after this token are deleted already; watch again without a token");
}

absl::Status TooManyWatchers(int limit) {
  return Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_WATCHERS",
               absl::StrCat("there are ", limit, " watchers already; try again, or another server"))
      .RetryAfter(absl::Seconds(5));
}

v1::OutcomeError ReferenceCycle(absl::string_view cycle) {
  v1::OutcomeError error;
  error.set_reason("REFERENCE_CYCLE");
  error.set_message(
      absl::StrCat(cycle,
                   ": none of them can be written first, because none of these references may be empty. "
                   "Let one of the target's fields be empty (NULL), or leave it out of the mapping."));
  return error;
}

v1::OutcomeError RecordUnknown(absl::string_view record) {
  v1::OutcomeError error;
  error.set_reason("RECORD_UNKNOWN");
  error.set_message(absl::StrCat(
      "the change log has no change of ", record,
      ", so there is nothing to send. Change it at its source, or capture it again by a backfill."));
  return error;
}

}  // namespace cognate::feedback
