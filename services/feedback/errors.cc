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

absl::Status EventHookNotFound(absl::string_view id) {
  return Error(absl::StatusCode::kNotFound, "EVENT_HOOK_NOT_FOUND",
               absl::StrCat("there is no hook eventHooks/", id))
      .With("name", absl::StrCat("eventHooks/", id));
}

absl::Status EventHookAlreadyExists(absl::string_view id) {
  return Error(absl::StatusCode::kAlreadyExists, "EVENT_HOOK_ALREADY_EXISTS",
               absl::StrCat("there is a hook eventHooks/", id, " already; choose another name, or update it"))
      .With("name", absl::StrCat("eventHooks/", id));
}

absl::Status EtagMismatch(absl::string_view current) {
  return Error(absl::StatusCode::kAborted, "ETAG_MISMATCH",
               "somebody else has changed it meanwhile; read it and decide anew")
      .With("etag", current);
}

absl::Status CountChanged(int64_t expected, int64_t found) {
  return Error(absl::StatusCode::kFailedPrecondition, "COUNT_CHANGED",
               absl::StrCat("the filter means ", found, " troubles by now, and ", expected,
                            " were expected; look at them again"))
      .With("expected", absl::StrCat(expected))
      .With("found", absl::StrCat(found));
}

absl::Status AuditHeadMissing() {
  return Error(absl::StatusCode::kInternal, "AUDIT_HEAD_MISSING",
               "the row of audit_head is gone: nothing can be added to the audit");
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
