// A handshake of TLS for its own sake: whether a server's certificate would be trusted, and why not.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/platform_registry/checks/reach.h"

namespace cognate::platform_registry {

struct TlsSeen {
  std::string version;  // `TLSv1.3`
  absl::Time expires;   // the certificate
};

// `host` is a name or a literal address, `roots` a file of certificates to trust. UNAVAILABLE TLS_FAILED with
// everything that is wrong with the certificate: expired, not yet valid, by an unknown authority, for another
// name; or that no handshake came about. Sends nothing beyond the handshake.
absl::StatusOr<TlsSeen> Handshake(const Socket& socket, const std::string& host, const std::string& roots,
                                  absl::Time now, absl::Duration timeout);

}  // namespace cognate::platform_registry
