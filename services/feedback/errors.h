#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/outcome.pb.h"

namespace cognate::feedback {

// Of calls.
absl::Status InvalidField(absl::string_view field, absl::string_view description);
absl::Status ResumeTokenExpired();
absl::Status TooManyWatchers(int limit);
absl::Status SyncNotFound(absl::string_view sync);
absl::Status TroubleNotFound(absl::string_view target);
absl::Status EventHookNotFound(absl::string_view id);
absl::Status EventHookAlreadyExists(absl::string_view id);
absl::Status EtagMismatch(absl::string_view current);
absl::Status CountChanged(int64_t expected, int64_t found);
absl::Status AuditHeadMissing();

// Of troubles that feedback itself finds.
v1::OutcomeError ReferenceCycle(absl::string_view cycle);
v1::OutcomeError RecordUnknown(absl::string_view record);

}  // namespace cognate::feedback
