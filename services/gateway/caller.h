// Who calls over HTTP, as the services are told.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/access/network.h"
#include "common/http/message.h"
#include "services/gateway/upstream_client.h"

namespace cognate::gateway {

// Whose X-Forwarded-For is believed.
class Proxies {
 public:
  // Addresses, networks, and `local` for unix sockets; validated before.
  explicit Proxies(const std::vector<std::string>& trusted);

  bool Trusts(absl::string_view address) const;
  // The nearest address that is no trusted proxy.
  std::string ClientOf(const http::Request& request) const;

 private:
  std::vector<access::Network> networks_;
  bool trusts_local_ = false;
};

// What a call for this request says of it. Nothing that the client says of others is passed on.
Metadata MetadataOf(const http::Request& request, const std::string& client_address,
                    const std::string& request_id);

}  // namespace cognate::gateway
