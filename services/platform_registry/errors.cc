#include "services/platform_registry/errors.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace cognate::platform_registry {

using absl::StatusCode;
using absl::StrCat;

Error InvalidField(absl::string_view path, absl::string_view description) {
  return Error(StatusCode::kInvalidArgument, "INVALID_FIELD", StrCat(path, ": ", description))
      .With("field", path)
      .Violation(path, description);
}

Error InvalidFields(const std::vector<FieldViolation>& violations) {
  Error error = InvalidField(violations[0].field, violations[0].description);
  for (size_t i = 1; i < violations.size(); ++i)
    error.Violation(violations[i].field, violations[i].description);
  return error;
}

Error PlatformNotFound(absl::string_view platform) {
  return Error(StatusCode::kNotFound, "PLATFORM_NOT_FOUND",
               StrCat("there is no platform \"", platform, "\"; CreatePlatform adds it"))
      .With("platform", platform);
}

Error PlatformAlreadyExists(absl::string_view platform) {
  return Error(StatusCode::kAlreadyExists, "PLATFORM_ALREADY_EXISTS",
               StrCat("there is a platform \"", platform,
                      "\" already; choose another id, or use UpdatePlatform"))
      .With("platform", platform);
}

Error PlatformInUse(absl::string_view platform, const std::vector<std::string>& syncs) {
  const std::string names = absl::StrJoin(syncs, ", ");
  return Error(StatusCode::kFailedPrecondition, "PLATFORM_IN_USE",
               StrCat("platform \"", platform, "\" is named by ", names, "; delete these first"))
      .With("platform", platform)
      .With("syncs", names);
}

Error NoDatabase(absl::string_view platform) {
  return Error(StatusCode::kFailedPrecondition, "NO_DATABASE",
               StrCat("platform \"", platform,
                      "\" has no database to read models from; describe them by PutModels"))
      .With("platform", platform);
}

Error PlatformUnreachable(absl::string_view platform, absl::string_view why) {
  return Error(StatusCode::kFailedPrecondition, "PLATFORM_UNREACHABLE",
               StrCat("the database of platform \"", platform, "\" cannot be used: ", why))
      .With("platform", platform);
}

Error ModelNotFound(absl::string_view platform, absl::string_view model) {
  return Error(StatusCode::kNotFound, "MODEL_NOT_FOUND",
               StrCat("the catalogue of platform \"", platform, "\" has no model \"", model,
                      "\"; AnalyzeModels reads it again, PutModels describes it"))
      .With("platform", platform)
      .With("model", model);
}

Error ModelCannotBeCaptured(absl::string_view platform, absl::string_view model, absl::string_view obstacle) {
  return Error(StatusCode::kFailedPrecondition, "MODEL_CANNOT_BE_CAPTURED",
               StrCat("changes of ", model, " on ", platform, " cannot be captured: it ", obstacle))
      .With("platform", platform)
      .With("model", model)
      .Violation("sync.source_model", StrCat("got ", model, ", which ", obstacle));
}

Error ModelNotAssignable(absl::string_view platform, absl::string_view model) {
  return Error(
             StatusCode::kFailedPrecondition, "MODEL_NOT_ASSIGNABLE",
             StrCat("records of ", model, " on ", platform,
                    " have no assignments; enable them: UpdateModel with assignable, or `cognate assignment "
                    "enable`"))
      .With("platform", platform)
      .With("model", model);
}

Error AssignmentsChanged(absl::string_view path, int64_t got, int64_t current) {
  return Error(StatusCode::kAborted, "ASSIGNMENTS_CHANGED",
               StrCat(path,
                      ": somebody else has changed these assignments meanwhile; read them and decide anew"))
      .With("revision", StrCat(current))
      .Violation(path, StrCat("got ", got, ", want ", current, ", the current one"));
}

Error SyncNotFound(absl::string_view sync) {
  return Error(StatusCode::kNotFound, "SYNC_NOT_FOUND",
               StrCat("there is no sync \"", sync, "\"; CreateSync adds it"))
      .With("sync", sync);
}

Error SyncAlreadyExists(absl::string_view sync) {
  return Error(StatusCode::kAlreadyExists, "SYNC_ALREADY_EXISTS",
               StrCat("there is a sync \"", sync, "\" already; choose another id, or use UpdateSync"))
      .With("sync", sync);
}

Error PipelineNotFound(absl::string_view pipeline) {
  return Error(StatusCode::kNotFound, "PIPELINE_NOT_FOUND",
               StrCat("there is no pipeline \"", pipeline, "\"; CreatePipeline adds it"))
      .With("pipeline", pipeline);
}

Error PipelineAlreadyExists(absl::string_view pipeline) {
  return Error(StatusCode::kAlreadyExists, "PIPELINE_ALREADY_EXISTS",
               StrCat("there is a pipeline \"", pipeline,
                      "\" already; choose another id, or use UpdatePipeline"))
      .With("pipeline", pipeline);
}

Error PipelineInUse(absl::string_view pipeline, const std::vector<std::string>& syncs) {
  const std::string names = absl::StrJoin(syncs, ", ");
  return Error(StatusCode::kFailedPrecondition, "PIPELINE_IN_USE",
               StrCat("pipeline \"", pipeline, "\" is named by ", names, "; take it out of these first"))
      .With("pipeline", pipeline)
      .With("syncs", names);
}

Error FieldWrittenTwice(absl::string_view path, absl::string_view field, absl::string_view other_sync) {
  return Error(StatusCode::kFailedPrecondition, "FIELD_WRITTEN_TWICE",
               StrCat(path, ": target field ", field, " is written by syncs/", other_sync,
                      " from the same source model already; take it out of one of the two"))
      .With("field", field)
      .With("sync", other_sync)
      .Violation(path, StrCat("got ", field, ", which syncs/", other_sync, " writes, too"));
}

Error MappingCycle(absl::string_view path, absl::string_view way) {
  return Error(StatusCode::kInvalidArgument, "MAPPING_CYCLE",
               StrCat(path, ": values would come back into another field of the model that they came from: ",
                      way, "; take one of these mappings out"))
      .With("cycle", way)
      .Violation(path, StrCat("got a mapping that closes the cycle ", way));
}

Error EtagMismatch(absl::string_view name, absl::string_view current) {
  return Error(StatusCode::kAborted, "ETAG_MISMATCH",
               StrCat("somebody else has changed ", name, " meanwhile; read it and decide anew"))
      .With("name", name)
      .With("etag", current);
}

Error SyncNotHeld(absl::string_view sync, bool is_counting) {
  return Error(StatusCode::kFailedPrecondition, "SYNC_NOT_HELD",
               StrCat("sync \"", sync, "\" ",
                      is_counting
                          ? "is still being looked through for what it would take away; try again in a moment"
                          : "is not held: there is nothing to approve"))
      .With("sync", sync);
}

Error NoPublicUrl(absl::string_view path) {
  constexpr char kWhy[] =
      "got a rule that makes addresses of the gateway, and nothing says where readers reach it: start "
      "platform-registry and file-transfer (or `cognate up`) with --public-url https://…";
  return Error(StatusCode::kFailedPrecondition, "NO_PUBLIC_URL", StrCat(path, ": ", kWhy))
      .Violation(path, kWhy);
}

Error RequestIdReused(absl::string_view request_id) {
  return Error(StatusCode::kAlreadyExists, "REQUEST_ID_REUSED",
               StrCat("request_id ", request_id,
                      " was used for another request; a new request needs a new one"))
      .With("request_id", request_id)
      .Violation("request_id", StrCat("got ", request_id, ", which came with other content before"));
}

Error RecordUnknown(absl::string_view platform, absl::string_view model, absl::string_view local_id) {
  return Error(StatusCode::kNotFound, "RECORD_UNKNOWN",
               StrCat("record ", local_id, " of ", model, " on ", platform,
                      " was never captured, and nothing refers to it"))
      .With("platform", platform)
      .With("model", model)
      .With("local_id", local_id);
}

Error EntityEnded() {
  return Error(StatusCode::kAborted, "ENTITY_ENDED",
               "a record was deleted between Resolve and Plan and its local id is used anew: resolve again");
}

}  // namespace cognate::platform_registry
