#pragma once

#include "absl/strings/string_view.h"

namespace cognate::access {

// Whether nobody outside of this machine is reached by an address as channels and servers take it:
// "127.0.0.1:7400", "[::1]:7400", "localhost:7400", also with "dns:///" or "ipv4:" before it and as a list
// with commas. False for unix sockets, which are no addresses of a network.
bool IsLoopback(absl::string_view address);

}  // namespace cognate::access
