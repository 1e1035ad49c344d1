// The steps `address`, `firewall` and `connection`, alike for every kind of platform.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "services/platform_registry/checks/reach.h"
#include "services/platform_registry/checks/steps.h"

namespace cognate::platform_registry {

// Somewhere that a platform may be.
struct HostAndPort {
  std::string host;          // a name, a literal address, or the path of a local socket
  std::string host_address;  // where it is said beside the name: nothing is resolved then
  uint16_t port = 0;
  bool is_local() const { return !host.empty() && (host[0] == '/' || host[0] == '@'); }
};

// Somewhere that was tried.
struct Tried {
  size_t place = 0;  // which of the places
  Address address;
  Reached reached;
};

class Addresses {
 public:
  // `may_reach` judges each address; nullptr: all may be.
  Addresses(Resolver& resolver, std::vector<HostAndPort> places,
            std::function<bool(const Address&)> may_reach)
      : resolver_(resolver), places_(std::move(places)), may_reach_(std::move(may_reach)) {}

  // The three steps.
  void Try(Checklist& list);
  // Those that are connected, in the order of the places.
  std::vector<Tried>& connected() { return tried_; }
  const std::vector<HostAndPort>& places() const { return places_; }

 private:
  Finding Resolve(absl::Duration limit);
  Finding Knock(absl::Duration limit);
  Finding Listens();
  std::string Where() const;

  Resolver& resolver_;
  const std::vector<HostAndPort> places_;
  const std::function<bool(const Address&)> may_reach_;
  std::vector<Tried> tried_;
  std::string refused_;
};

}  // namespace cognate::platform_registry
