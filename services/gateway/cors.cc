#include "services/gateway/cors.h"

#include <algorithm>

namespace cognate::gateway {

bool Cors::Allows(absl::string_view origin) const {
  return !origin.empty() && std::any_of(origins_.begin(), origins_.end(), [&](const std::string& allowed) {
    return allowed == "*" || allowed == origin;
  });
}

bool Cors::IsPreflight(const http::Request& request) const {
  return request.method == "OPTIONS" &&
         !http::Find(request.headers, "access-control-request-method").empty() &&
         Allows(http::Find(request.headers, "origin"));
}

http::Response Cors::Preflight(const http::Request& request) const {
  http::Response response;
  response.status = 204;
  AddHeaders(request, response.headers);
  response.headers.push_back({"access-control-allow-methods", "GET, POST, HEAD, PATCH, DELETE"});
  response.headers.push_back(
      {"access-control-allow-headers",
       "authorization, content-type, connect-protocol-version, connect-timeout-ms, last-event-id, "
       "traceparent, tracestate, x-request-id, cognate-platform, tus-resumable, upload-length, "
       "upload-offset, "
       "upload-metadata, upload-concat, upload-checksum, range, if-range, if-none-match"});
  response.headers.push_back({"access-control-max-age", "7200"});
  return response;
}

// Without credentials: a key is sent as a header, never by a browser on its own account.
void Cors::AddHeaders(const http::Request& request, http::Headers& headers) const {
  if (origins_.empty()) return;
  headers.push_back({"vary", "origin"});
  const absl::string_view origin = http::Find(request.headers, "origin");
  if (!Allows(origin)) return;
  headers.push_back({"access-control-allow-origin", std::string(origin)});
  headers.push_back(
      {"access-control-expose-headers",
       "x-request-id, retry-after, location, tus-resumable, tus-version, tus-extension, tus-max-size, "
       "tus-checksum-algorithm, upload-offset, upload-length, upload-metadata, upload-concat, "
       "upload-expires, cognate-sha256, etag, accept-ranges, content-range, content-disposition"});
}

}  // namespace cognate::gateway
