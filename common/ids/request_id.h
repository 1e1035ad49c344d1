// The name of one call, by which it is found in every log: metadata or header `x-request-id`.
#pragma once

#include "absl/strings/string_view.h"

namespace cognate {

inline constexpr char kRequestIdKey[] = "x-request-id";

// Whether what a caller sent may be logged and passed on: 1 to 128 letters, digits and `-_.:/`.
bool IsRequestId(absl::string_view id);

}  // namespace cognate
