#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cognate/v1/event.pb.h"
#include "cognate/v1/platform.pb.h"
#include "common/webhook/sender.h"
#include "services/feedback/hooks/hook.h"

namespace cognate::feedback {

// Events as one request's body (docs/events.md). The id follows from what is in it.
HookMessage MakeHookMessage(const std::string& hook, const std::vector<v1::Event>& events, WatchPosition next,
                            absl::Time now);

// Signed with the secrets as they are now. FAILED_PRECONDITION SECRET_UNAVAILABLE or UNFIT_SECRET.
absl::StatusOr<webhook::Request> MakeHookRequest(const v1::Webhook& endpoint, const HookMessage& message,
                                                 absl::Time now);

}  // namespace cognate::feedback
