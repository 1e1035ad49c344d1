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

absl::Status SyncNotFound(absl::string_view sync) {
  return Error(absl::StatusCode::kNotFound, "SYNC_NOT_FOUND", absl::StrCat("there is no sync \"", sync, "\""))
      .With("sync", sync);
}

absl::Status TroubleNotFound(absl::string_view target) {
  return Error(
      absl::StatusCode::kNotFound, "TROUBLE_NOT_FOUND",
      absl::StrCat("nothing is wrong with ", target, ": it went through meanwhile, or was never planned"));
}

absl::Status CountChanged(int64_t expected, int64_t found) {
  return Error(absl::StatusCode::kFailedPrecondition, "COUNT_CHANGED",
               absl::StrCat("the filter means ", found, " troubles by now, and ", expected,
                            " were expected; look at them again"))
      .With("expected", absl::StrCat(expected))
      .With("found", absl::StrCat(found));
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
