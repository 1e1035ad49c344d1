#include "services/change_capture/errors.h"

#include "absl/strings/str_cat.h"

namespace cognate::change_capture {

using absl::StatusCode;

absl::Status FieldMissing(absl::string_view field, absl::string_view want) {
  return FieldInvalid(field, "nothing", want);
}

absl::Status FieldInvalid(absl::string_view field, absl::string_view got, absl::string_view want) {
  const std::string description = absl::StrCat("got ", got, ", want ", want);
  return Error(StatusCode::kInvalidArgument, "INVALID_FIELD", absl::StrCat(field, ": ", description))
      .With("field", field)
      .Violation(field, description);
}

absl::Status BatchTooLarge(absl::string_view field, int64_t count, int64_t limit) {
  const std::string description =
      absl::StrCat("got ", count, ", want at most ", limit, ": send it in several calls");
  return Error(StatusCode::kInvalidArgument, "BATCH_TOO_LARGE", absl::StrCat(field, ": ", description))
      .With("limit", absl::StrCat(limit))
      .Violation(field, description);
}

absl::Status PlatformNotFound(absl::string_view platform) {
  return Error(StatusCode::kNotFound, "PLATFORM_NOT_FOUND",
               absl::StrCat("there is no platform \"", platform, "\"; CreatePlatform adds it"))
      .With("platform", platform);
}

absl::Status PlatformIsNoSource(absl::string_view platform, absl::string_view capture_mode) {
  return Error(StatusCode::kFailedPrecondition, "PLATFORM_IS_NO_SOURCE",
               absl::StrCat("the capture mode of platform \"", platform, "\" is ", capture_mode,
                            "; Capture takes changes of platforms with CAPTURE_MODE_AGENT"))
      .With("platform", platform)
      .With("capture_mode", capture_mode);
}

absl::Status CaptureOverloaded() {
  return Error(StatusCode::kResourceExhausted, "CAPTURE_OVERLOADED",
               "more changes are in hand than can be committed soon; send this call again after the given "
               "delay")
      .RetryAfter(absl::Milliseconds(200));
}

absl::Status RegistryUnknown(absl::string_view what, absl::string_view why) {
  return Error(StatusCode::kUnavailable, "REGISTRY_UNAVAILABLE",
               absl::StrCat("the platform registry cannot be asked about ", what, ": ", why))
      .RetryAfter(absl::Milliseconds(500));
}

absl::Status RecordUnknown(absl::string_view platform, absl::string_view model, absl::string_view local_id) {
  return Error(StatusCode::kNotFound, "RECORD_UNKNOWN", "no change of this record was ever captured")
      .With("platform", platform)
      .With("model", model)
      .With("local_id", local_id);
}

absl::Status SyncNotFound(absl::string_view sync) {
  return Error(StatusCode::kNotFound, "SYNC_NOT_FOUND", absl::StrCat("there is no sync \"", sync, "\""))
      .With("sync", sync);
}

absl::Status RunNotFound(absl::string_view run) {
  return Error(StatusCode::kNotFound, "RUN_NOT_FOUND", absl::StrCat("there is no run \"", run, "\""))
      .With("run", run);
}

absl::Status RunMovedOn(absl::string_view run) {
  return Error(StatusCode::kAborted, "RUN_MOVED_ON", "another process carries this run on").With("run", run);
}

absl::Status RunNotHeld(absl::string_view run, absl::string_view state) {
  return Error(StatusCode::kFailedPrecondition, "RUN_NOT_HELD",
               absl::StrCat("run ", run, " is ", state, ", want one that is HELD"))
      .With("run", run);
}

absl::Status SyncHasNoInterval(absl::string_view sync) {
  return Error(StatusCode::kFailedPrecondition, "SYNC_HAS_NO_INTERVAL",
               absl::StrCat(
                   sync,
                   " has no interval: its changes are delivered as they come; start a backfill to bring "
                   "every record"))
      .With("sync", sync);
}

absl::Status MirrorRefused(absl::string_view sync, absl::string_view why) {
  return Error(StatusCode::kFailedPrecondition, "MIRROR_REFUSED",
               absl::StrCat(sync, " cannot be mirrored: ", why))
      .With("sync", sync);
}

absl::Status ConflictNotFound(absl::string_view conflict) {
  return Error(StatusCode::kNotFound, "CONFLICT_NOT_FOUND",
               absl::StrCat("there is no conflict \"", conflict, "\""))
      .With("conflict", conflict);
}

absl::Status ConflictsMovedOn() {
  return Error(StatusCode::kAborted, "CONFLICTS_MOVED_ON", "another process has looked for conflicts here");
}

absl::Status PartsMovedOn() {
  return Error(StatusCode::kAborted, "PARTS_MOVED_ON",
               "others took sets of the same records' parts meanwhile; try again");
}

absl::Status RecordIsGone(absl::string_view platform, absl::string_view model, absl::string_view local_id) {
  return Error(
             StatusCode::kFailedPrecondition, "RECORD_IS_GONE",
             absl::StrCat(model, " ", local_id, " on ", platform,
                          " was deleted: nothing can be restored into it; take the values from the conflict"))
      .With("platform", platform)
      .With("model", model)
      .With("local_id", local_id);
}

absl::Status NoWayBack(absl::string_view platform, absl::string_view model) {
  return Error(StatusCode::kFailedPrecondition, "NO_WAY_BACK",
               absl::StrCat(
                   "no active sync leads back to ", model, " on ", platform,
                   ": nothing can be written there; correct the records in the platform itself, or make a "
                   "sync for that way (`cognate sync reverse`)"))
      .With("platform", platform)
      .With("model", model);
}

absl::Status AssignmentsMovedOn() {
  return Error(StatusCode::kAborted, "ASSIGNMENTS_MOVED_ON",
               "another process has put the records of these assignments on their way");
}

absl::Status SequenceOutOfOrder(int64_t got, int64_t want) {
  return FieldInvalid("sequence", absl::StrCat(got),
                      absl::StrCat(want, ": it rises by one from 1 within a stream"));
}

absl::Status Stopping() {
  return Error(StatusCode::kUnavailable, "PROCESS_STOPPING", "this process is about to stop; connect again")
      .RetryAfter(absl::Milliseconds(500));
}

absl::Status ModelNotFound(absl::string_view path, absl::string_view platform, absl::string_view model) {
  return Error(StatusCode::kInvalidArgument, "MODEL_NOT_FOUND",
               absl::StrCat("platform \"", platform, "\" has no model \"", model,
                            "\" in its catalogue; PutModels or AnalyzeModels adds it"))
      .Violation(path, "not in the catalogue");
}

absl::Status ModelIsExpanded(absl::string_view path, absl::string_view model,
                             absl::string_view parent_model) {
  return Error(StatusCode::kInvalidArgument, "MODEL_IS_EXPANDED",
               absl::StrCat("the records of \"", model, "\" are made of those of \"", parent_model,
                            "\"; capture these"))
      .Violation(path, "made of another model's records");
}

absl::Status FieldNotFound(absl::string_view path, absl::string_view model, absl::string_view field) {
  return Error(StatusCode::kInvalidArgument, "FIELD_NOT_FOUND",
               absl::StrCat("model \"", model, "\" has no field \"", field,
                            "\" in the catalogue; PutModels or AnalyzeModels adds it"))
      .Violation(path, "not in the catalogue");
}

absl::Status DuplicateField(absl::string_view path, absl::string_view field) {
  return Error(StatusCode::kInvalidArgument, "DUPLICATE_FIELD",
               absl::StrCat("field \"", field, "\" is given twice; a record has each field once"))
      .Violation(path, "given twice");
}

absl::Status ValueTooLarge(absl::string_view path, absl::string_view field, int64_t size, int64_t limit) {
  return Error(StatusCode::kInvalidArgument, "VALUE_TOO_LARGE",
               absl::StrCat("field \"", field, "\": got ", size, " bytes, want at most ", limit, " (8 MiB)"))
      .With("limit", absl::StrCat(limit))
      .Violation(path, "too large");
}

absl::Status TextHasNul(absl::string_view path, absl::string_view name) {
  return Error(StatusCode::kInvalidArgument, "BAD_ENCODING",
               absl::StrCat(name, " has a NUL character, which text cannot hold; remove it, or send bytes"))
      .Violation(path, "has a NUL character");
}

absl::Status ValueRefused(absl::string_view path, absl::string_view reason, absl::string_view message) {
  return Error(StatusCode::kInvalidArgument, reason, message).Violation(path, message);
}

absl::Status ChangeIdReused(absl::string_view change_id, int64_t version) {
  return Error(StatusCode::kAlreadyExists, "CHANGE_ID_REUSED",
               absl::StrCat("change id \"", change_id, "\" was used for another change (version ", version,
                            "); every change needs an id of its own"))
      .With("version", absl::StrCat(version));
}

absl::Status ModelNumberMissing(absl::string_view platform, absl::string_view model) {
  return Error(StatusCode::kInternal, "MODEL_NUMBER_MISSING", "a model was not found after it was written")
      .With("platform", platform)
      .With("model", model);
}

absl::Status ModelIdMissing(int32_t model_id) {
  return Error(StatusCode::kInternal, "MODEL_NUMBER_MISSING", "a change names a model that is not in the log")
      .With("model_id", absl::StrCat(model_id));
}

absl::Status FieldsUnreadable(int64_t version) {
  return Error(StatusCode::kDataLoss, "FIELDS_UNREADABLE", "the fields of a change cannot be read")
      .With("version", absl::StrCat(version));
}

}  // namespace cognate::change_capture
