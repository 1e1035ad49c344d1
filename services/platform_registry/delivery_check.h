// What is wrong with the ways and terms on which a platform takes deliveries.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "cognate/v1/platform.pb.h"
#include "common/status/error.h"

namespace cognate::platform_registry {

// That there is an endpoint exactly where the channel needs one, and that requests can be sent there.
void CheckWebhook(const v1::Platform& platform, std::vector<FieldViolation>* violations);
void CheckDeliveryPolicy(const v1::DeliveryPolicy& policy, std::vector<FieldViolation>* violations);
// INVALID_FIELD with the path of every wrong field, from UpdatePlatformRequest.
absl::Status CheckLock(const v1::PlatformLock& lock, absl::Time now);

}  // namespace cognate::platform_registry
