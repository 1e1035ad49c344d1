#include "services/gateway/connect_protocol.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace cognate::gateway {
namespace {

constexpr size_t kMaxTimeoutDigits = 10;

ConnectRefusal InvalidHeader(absl::string_view name, absl::string_view fault) {
  return {Error(absl::StatusCode::kInvalidArgument, "INVALID_HEADER", absl::StrCat(name, ": ", fault))
              .With("header", name),
          0};
}

ConnectRefusal WrongMediaType(absl::string_view type) {
  const absl::string_view way =
      absl::StartsWith(type, "application/grpc")
          ? "; gRPC is answered at another port, which --listen of the service names"
          : "";
  return {Error(absl::StatusCode::kInvalidArgument, "MEDIA_TYPE_UNSUPPORTED",
                absl::StrCat("content-type: got \"", type, "\", want application/json or application/proto",
                             way)),
          415};
}

// "utf-8" of `application/json; charset="UTF-8"`.
std::string CharsetOf(absl::string_view content_type) {
  std::string text = absl::AsciiStrToLower(content_type);
  const size_t found = text.find("charset=");
  if (found == std::string::npos) return "";
  text = text.substr(found + 8);
  text.erase(std::remove(text.begin(), text.end(), '"'), text.end());
  return text.substr(0, text.find(';'));
}

}  // namespace

std::string MediaTypeOf(const http::Request& request) {
  const absl::string_view type = http::Find(request.headers, "content-type");
  return absl::AsciiStrToLower(absl::StripAsciiWhitespace(type.substr(0, type.find(';'))));
}

std::optional<ConnectRefusal> ReadConnectHeaders(const http::Request& http, ConnectRequest* request) {
  const std::string type = MediaTypeOf(http);
  const std::string charset = CharsetOf(http::Find(http.headers, "content-type"));
  if (type == "application/json" && (charset.empty() || charset == "utf-8")) {
    request->codec = MessageCodec::kJson;
  } else if (type == "application/proto") {
    request->codec = MessageCodec::kProto;
  } else {
    return WrongMediaType(http::Find(http.headers, "content-type"));
  }
  const absl::string_view version = http::Find(http.headers, "connect-protocol-version");
  if (!version.empty() && version != "1")
    return InvalidHeader("connect-protocol-version", absl::StrCat("got \"", version, "\", want 1"));
  const absl::string_view coding = http::Find(http.headers, "content-encoding");
  if (!coding.empty() && coding != "identity") {
    return ConnectRefusal{
        Error(absl::StatusCode::kUnimplemented, "ENCODING_UNSUPPORTED",
              absl::StrCat("content-encoding: got \"", coding, "\"; the only one supported is identity")),
        0};
  }
  const absl::string_view timeout = http::Find(http.headers, "connect-timeout-ms");
  if (timeout.empty()) return std::nullopt;
  int64_t milliseconds = 0;
  const bool is_number = timeout.size() <= kMaxTimeoutDigits &&
                         std::all_of(timeout.begin(), timeout.end(), absl::ascii_isdigit) &&
                         absl::SimpleAtoi(timeout, &milliseconds);
  if (!is_number)
    return InvalidHeader("connect-timeout-ms", absl::StrCat("got \"", timeout, "\", want at most 10 digits"));
  request->timeout = absl::Milliseconds(milliseconds);
  return std::nullopt;
}

}  // namespace cognate::gateway
