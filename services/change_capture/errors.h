// The errors of this service: codes, reasons and words, written once.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/status/error.h"

namespace cognate::change_capture {

// --- Of a whole call ---
absl::Status FieldMissing(absl::string_view field, absl::string_view want);
absl::Status FieldInvalid(absl::string_view field, absl::string_view got, absl::string_view want);
absl::Status BatchTooLarge(absl::string_view field, int64_t count, int64_t limit);
absl::Status PlatformNotFound(absl::string_view platform);
absl::Status PlatformIsNoSource(absl::string_view platform, absl::string_view capture_mode);
absl::Status CaptureOverloaded();
absl::Status RegistryUnknown(absl::string_view what, absl::string_view why);
absl::Status RecordUnknown(absl::string_view platform, absl::string_view model, absl::string_view local_id);
absl::Status SyncNotFound(absl::string_view sync);
absl::Status RunNotFound(absl::string_view run);
absl::Status RunMovedOn(absl::string_view run);
absl::Status RunNotHeld(absl::string_view run, absl::string_view state);
absl::Status SyncHasNoInterval(absl::string_view sync);
absl::Status MirrorRefused(absl::string_view sync, absl::string_view why);
absl::Status ConflictNotFound(absl::string_view conflict);
absl::Status ConflictsMovedOn();
absl::Status PartsMovedOn();
absl::Status RecordIsGone(absl::string_view platform, absl::string_view model, absl::string_view local_id);
absl::Status NoWayBack(absl::string_view platform, absl::string_view model);
absl::Status AssignmentsMovedOn();
absl::Status SequenceOutOfOrder(int64_t got, int64_t want);
absl::Status Stopping();

// --- Of one change; the field is its path in the request: `changes[3].fields[1].value` ---
absl::Status ModelNotFound(absl::string_view path, absl::string_view platform, absl::string_view model);
absl::Status ModelIsExpanded(absl::string_view path, absl::string_view model, absl::string_view parent_model);
absl::Status FieldNotFound(absl::string_view path, absl::string_view model, absl::string_view field);
absl::Status DuplicateField(absl::string_view path, absl::string_view field);
absl::Status ValueTooLarge(absl::string_view path, absl::string_view field, int64_t size, int64_t limit);
absl::Status TextHasNul(absl::string_view path, absl::string_view name);
absl::Status ValueRefused(absl::string_view path, absl::string_view reason, absl::string_view message);
absl::Status ChangeIdReused(absl::string_view change_id, int64_t version);

// --- Of the log itself; they tell of a damaged database ---
absl::Status ModelNumberMissing(absl::string_view platform, absl::string_view model);
absl::Status ModelIdMissing(int32_t model_id);
absl::Status FieldsUnreadable(int64_t version);

}  // namespace cognate::change_capture
