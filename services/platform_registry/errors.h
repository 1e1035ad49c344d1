// Every error of this service, with its code, reason and words.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/status/error.h"

namespace cognate::platform_registry {

// `description` reads "got …, want …".
Error InvalidField(absl::string_view path, absl::string_view description);
Error InvalidFields(const std::vector<FieldViolation>& violations);

Error PlatformNotFound(absl::string_view platform);
Error PlatformAlreadyExists(absl::string_view platform);
Error PlatformInUse(absl::string_view platform, const std::vector<std::string>& syncs);
Error NoDatabase(absl::string_view platform);
Error PlatformUnreachable(absl::string_view platform, absl::string_view why);
Error ModelNotFound(absl::string_view platform, absl::string_view model);
Error ModelCannotBeCaptured(absl::string_view platform, absl::string_view model, absl::string_view obstacle);
Error ModelNotAssignable(absl::string_view platform, absl::string_view model);
// `path` is that of the revision.
Error AssignmentsChanged(absl::string_view path, int64_t got, int64_t current);
Error SyncNotFound(absl::string_view sync);
Error SyncAlreadyExists(absl::string_view sync);
Error PipelineNotFound(absl::string_view pipeline);
Error PipelineAlreadyExists(absl::string_view pipeline);
Error PipelineInUse(absl::string_view pipeline, const std::vector<std::string>& syncs);
Error FieldWrittenTwice(absl::string_view path, absl::string_view field, absl::string_view other_sync);
Error MappingCycle(absl::string_view path, absl::string_view way);
Error EtagMismatch(absl::string_view name, absl::string_view current);
// What it would take away is still being counted, or nothing is held.
Error SyncNotHeld(absl::string_view sync, bool is_counting);
// A rule at `path` makes addresses of the gateway.
Error NoPublicUrl(absl::string_view path);
Error RequestIdReused(absl::string_view request_id);
Error RecordUnknown(absl::string_view platform, absl::string_view model, absl::string_view local_id);
// The entity's source record was deleted between Resolve and Plan, and its local id is used anew.
Error EntityEnded();

}  // namespace cognate::platform_registry
