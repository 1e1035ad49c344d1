// Whether an address belongs to the internet at large, or to a network that a stranger must not reach through
// us (IANA's special-purpose address registries, RFC 6890).
#pragma once

#include <sys/socket.h>

namespace cognate::webhook {

// False for loopback, private, link-local (among them the metadata services of clouds), shared, multicast,
// documentation and reserved addresses, for IPv6 addresses that carry such an IPv4 address, and for families
// other than IPv4 and IPv6.
bool IsPublicAddress(const sockaddr& address);

}  // namespace cognate::webhook
