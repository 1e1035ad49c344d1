#include "services/gateway/caller.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "common/access/forwarded.h"
#include "common/ids/request_id.h"

namespace cognate::gateway {
namespace {

constexpr char kLocal[] = "local";
constexpr size_t kMaxHops = 32;
constexpr size_t kMaxAuthorizationBytes = 4096;
// Of W3C; passed on as they are.
constexpr const char* kTraceHeaders[] = {"traceparent", "tracestate"};

// Neither a network nor anything after an address.
bool IsAddress(absl::string_view text) {
  const auto fits = [](unsigned char c) { return absl::ascii_isxdigit(c) || c == '.' || c == ':'; };
  return std::all_of(text.begin(), text.end(), fits) && access::ParseNetwork(text).ok();
}

bool IsText(absl::string_view value) {
  return std::all_of(value.begin(), value.end(), [](unsigned char c) { return c >= ' ' && c < 0x7f; });
}

}  // namespace

Proxies::Proxies(const std::vector<std::string>& trusted) {
  for (const std::string& text : trusted) {
    if (text == kLocal) trusts_local_ = true;
    const absl::StatusOr<access::Network> network = access::ParseNetwork(text);
    if (network.ok()) networks_.push_back(*network);
  }
}

bool Proxies::Trusts(absl::string_view address) const {
  if (address == kLocal) return trusts_local_;
  return std::any_of(networks_.begin(), networks_.end(),
                     [&](const access::Network& network) { return access::Contains(network, address); });
}

std::string Proxies::ClientOf(const http::Request& request) const {
  std::vector<std::string> hops;  // The nearest is the last.
  for (const http::Header& header : request.headers) {
    if (header.name != "x-forwarded-for") continue;
    for (const absl::string_view hop : absl::StrSplit(header.value, ','))
      hops.emplace_back(absl::StripAsciiWhitespace(hop));
  }
  std::string client = request.address;
  for (size_t looked = 0; looked < kMaxHops && !hops.empty() && Trusts(client); ++looked) {
    if (!IsAddress(hops.back())) break;
    client = std::move(hops.back());
    hops.pop_back();
  }
  return client;
}

Metadata MetadataOf(const http::Request& request, const std::string& client_address,
                    const std::string& request_id) {
  Metadata metadata = {{access::kForwardedForKey, client_address}, {kRequestIdKey, request_id}};
  const absl::string_view authorization = http::Find(request.headers, "authorization");
  if (!authorization.empty() && authorization.size() <= kMaxAuthorizationBytes && IsText(authorization))
    metadata.emplace_back(access::kForwardedAuthorizationKey, std::string(authorization));
  for (const char* name : kTraceHeaders) {
    const absl::string_view value = http::Find(request.headers, name);
    if (!value.empty() && value.size() <= 512 && IsText(value))
      metadata.emplace_back(name, std::string(value));
  }
  return metadata;
}

}  // namespace cognate::gateway
