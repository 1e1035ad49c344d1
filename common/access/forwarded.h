// How a door of the cluster tells a service for whom it calls.
#pragma once

namespace cognate::access {

// The end caller's address, and what that one showed. Believed only from a service of the cluster; then the
// call is that caller's, with no right of the service that passes it on.
inline constexpr char kForwardedForKey[] = "x-cognate-forwarded-for";
inline constexpr char kForwardedAuthorizationKey[] = "x-cognate-forwarded-authorization";

}  // namespace cognate::access
