// What makes a platform's description whole and right.
#pragma once

#include "absl/status/status.h"
#include "cognate/v1/platform.pb.h"

namespace cognate::platform_registry {

// Display name, channel and capture mode where they are not given.
void FillDefaults(v1::Platform* platform);
// INVALID_FIELD with the path of every wrong field, from the request: `platform.database.uri`.
absl::Status CheckPlatform(const v1::Platform& platform);

}  // namespace cognate::platform_registry
