// What the Connect protocol says of the headers of a request.
#pragma once

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/http/message.h"

namespace cognate::gateway {

enum class MessageCodec { kJson, kProto };

struct ConnectRequest {
  MessageCodec codec = MessageCodec::kJson;
  std::optional<absl::Duration> timeout;
};

// A request that is refused, and with which HTTP status; 0: that of the code.
struct ConnectRefusal {
  absl::Status status;
  int http_status = 0;
};

// Reads the headers of a unary request into `*request`; nothing is returned if it can be answered.
//
// * 415 MEDIA_TYPE_UNSUPPORTED: neither application/json nor application/proto;
// * UNIMPLEMENTED ENCODING_UNSUPPORTED: a compressed body;
// * INVALID_ARGUMENT INVALID_HEADER: a version or a timeout that cannot be.
std::optional<ConnectRefusal> ReadConnectHeaders(const http::Request& http, ConnectRequest* request);

// "application/json" of "Application/JSON; charset=utf-8".
std::string MediaTypeOf(const http::Request& request);

}  // namespace cognate::gateway
