#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/event_service.pb.h"

namespace cognate::feedback {

// The id of `eventHooks/{id}`. INVALID_ARGUMENT INVALID_FIELD, as all of these.
absl::StatusOr<std::string> HookIdOf(absl::string_view name, absl::string_view field);
// Endpoint, filter and digest.
absl::Status CheckHook(const v1::EventHook& hook);

}  // namespace cognate::feedback
