// Handlers of the RPCs by which platforms enrol themselves.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/key_service.pb.h"
#include "services/platform_registry/keys/enrolment_store.h"
#include "services/platform_registry/keys/failed_attempts.h"

namespace cognate::platform_registry {

absl::StatusOr<v1::CreateEnrolmentTokenResponse> CreateEnrolmentToken(
    EnrolmentStore& store, const v1::CreateEnrolmentTokenRequest& request);
// `address` is where the call comes from.
absl::StatusOr<v1::EnrolPlatformResponse> EnrolPlatform(EnrolmentStore& store, FailedAttempts& attempts,
                                                        absl::string_view address,
                                                        const v1::EnrolPlatformRequest& request);

}  // namespace cognate::platform_registry
