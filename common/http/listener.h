// Where a server is reached.
#pragma once

#include <string>

#include "absl/status/statusor.h"

struct sockaddr;

namespace cognate::http {

struct Listening {
  int handle = -1;      // Of the socket, not blocking; the caller's.
  int port = 0;         // That was taken; 0 for a unix socket.
  std::string address;  // As it can be reached: "127.0.0.1:7490", "unix:/path".
};

// At host:port (port 0 takes a free one) or unix:/path, which the same user alone can reach.
// FAILED_PRECONDITION names an address that cannot be bound.
absl::StatusOr<Listening> Listen(const std::string& address);

// "203.0.113.7", "2001:db8::7"; "local" for a unix socket.
std::string AddressText(const sockaddr* address);

}  // namespace cognate::http
