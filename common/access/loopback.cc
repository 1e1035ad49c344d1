#include "common/access/loopback.h"

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/access/network.h"

namespace cognate::access {
namespace {

bool IsLoopbackHost(absl::string_view host) {
  static const Network kLoopback4 = *ParseNetwork("127.0.0.0/8");
  static const Network kLoopback6 = *ParseNetwork("::1");
  if (absl::ConsumePrefix(&host, "[")) absl::ConsumeSuffix(&host, "]");
  return absl::EqualsIgnoreCase(host, "localhost") || Contains(kLoopback4, host) ||
         Contains(kLoopback6, host);
}

}  // namespace

bool IsLoopback(absl::string_view address) {
  if (absl::StartsWith(address, "unix:")) return false;
  for (const absl::string_view scheme : {"dns:///", "ipv4:", "ipv6:"}) {
    if (absl::ConsumePrefix(&address, scheme)) break;
  }
  const std::vector<absl::string_view> addresses = absl::StrSplit(address, ',');
  return std::all_of(addresses.begin(), addresses.end(),
                     [](absl::string_view one) { return IsLoopbackHost(one.substr(0, one.rfind(':'))); });
}

}  // namespace cognate::access
