// What people do with hooks.
#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/event_service.pb.h"
#include "common/clock/clock.h"
#include "services/feedback/hooks/hook_store.h"

namespace cognate::feedback {

absl::StatusOr<v1::CreateEventHookResponse> CreateEventHook(HookStore& store, const Clock& clock,
                                                            const v1::CreateEventHookRequest& request);
absl::StatusOr<v1::GetEventHookResponse> GetEventHook(HookStore& store, const Clock& clock,
                                                      const v1::GetEventHookRequest& request);
absl::StatusOr<v1::ListEventHooksResponse> ListEventHooks(HookStore& store, const Clock& clock,
                                                          const v1::ListEventHooksRequest& request);
absl::StatusOr<v1::UpdateEventHookResponse> UpdateEventHook(HookStore& store, const Clock& clock,
                                                            const v1::UpdateEventHookRequest& request);
absl::StatusOr<v1::DeleteEventHookResponse> DeleteEventHook(HookStore& store,
                                                            const v1::DeleteEventHookRequest& request);

}  // namespace cognate::feedback
