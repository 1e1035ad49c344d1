// Networks of IPv4 and IPv6 addresses, such as 203.0.113.0/24.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cognate::access {

struct Network {
  std::array<uint8_t, 16> address = {};  // IPv4 addresses as ::ffff:a.b.c.d.
  int prefix_length = 128;               // Of the 16 bytes.
};

// `203.0.113.7`, `203.0.113.0/24`, `2001:db8::/32`. INVALID_ARGUMENT with words after "got …".
absl::StatusOr<Network> ParseNetwork(absl::string_view text);

// False for what is no address.
bool Contains(const Network& network, absl::string_view address);

}  // namespace cognate::access
