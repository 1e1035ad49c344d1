// Errors in the words of the Connect protocol.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "common/http/message.h"

namespace cognate::gateway {

// {"code": "not_found", "message": …, "details": [{"type", "value", "debug"}]}
std::string ConnectErrorJson(const absl::Status& status);

// With the HTTP status of the code, unless another one is given, and Retry-After where a retry helps.
http::Response ConnectError(const absl::Status& status, int http_status = 0);

// "not_found"
const char* ConnectCode(absl::StatusCode code);
int HttpStatus(absl::StatusCode code);

// Unpadded, as the protocol writes bytes.
std::string Base64(absl::string_view bytes);

}  // namespace cognate::gateway
