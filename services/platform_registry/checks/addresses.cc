#include "services/platform_registry/checks/addresses.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/status_macros.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;

std::string Shown(const HostAndPort& place) {
  if (place.is_local()) return place.host;
  const std::string& host = place.host.empty() ? place.host_address : place.host;
  return absl::StrContains(host, ':') ? StrCat("[", host, "]:", place.port) : StrCat(host, ":", place.port);
}

absl::StatusOr<std::vector<Address>> AddressesOf(Resolver& resolver, const HostAndPort& place,
                                                 absl::Duration limit) {
  if (!place.is_local())
    return resolver.Resolve(place.host_address.empty() ? place.host : place.host_address, place.port, limit);
  ASSIGN_OR_RETURN(Address address, SocketAddress(place.host));
  return std::vector<Address>{std::move(address)};
}

bool Any(const std::vector<Tried>& tried, Reach reach) {
  return std::any_of(tried.begin(), tried.end(),
                     [&](const Tried& one) { return one.reached.reach == reach; });
}

std::string Whys(const std::vector<Tried>& tried) {
  return absl::StrJoin(tried, "; ", [](std::string* out, const Tried& one) {
    absl::StrAppend(out, one.address.text, ": ", one.reached.why);
  });
}

std::string Texts(const std::vector<Tried>& tried) {
  return absl::StrJoin(tried, ", ",
                       [](std::string* out, const Tried& one) { out->append(one.address.text); });
}

}  // namespace

std::string Addresses::Where() const {
  return absl::StrJoin(places_, ", ",
                       [](std::string* out, const HostAndPort& place) { out->append(Shown(place)); });
}

void Addresses::Try(Checklist& list) {
  list.Try("address", [&](absl::Duration limit) { return Resolve(limit); });
  list.Try("firewall", [&](absl::Duration limit) { return Knock(limit); });
  list.Try("connection", [&](absl::Duration) { return Listens(); });
}

Finding Addresses::Resolve(absl::Duration limit) {
  absl::Status first_fault;
  bool any_refused = false;
  for (size_t i = 0; i < places_.size(); ++i) {
    absl::StatusOr<std::vector<Address>> found =
        AddressesOf(resolver_, places_[i], limit / static_cast<double>(places_.size()));
    if (!found.ok()) {
      first_fault.Update(found.status());
      continue;
    }
    for (Address& address : *found) {
      if (may_reach_ && !may_reach_(address)) {
        any_refused = true;
      } else {
        tried_.push_back({i, std::move(address), Reached()});
      }
    }
  }
  if (!tried_.empty()) {
    return Fine(StrCat(Where(), " is ", Texts(tried_)));
  }
  if (any_refused) {
    return Failed(
        "PRIVATE_ADDRESS", StrCat(Where(), " leads to a private, loopback or reserved address"),
        "give it a public address, or allow private ones if that is meant: cognate platform update … "
        "--allow-private-addresses");
  }
  return Failed(first_fault, StrCat("correct the name, or its DNS: getent hosts ", places_[0].host,
                                    " must answer where the services run"));
}

Finding Addresses::Knock(absl::Duration limit) {
  std::vector<Address> addresses;
  for (const Tried& one : tried_) addresses.push_back(one.address);
  std::vector<Reached> reached = Connect(addresses, limit, /*first=*/places_.size() == 1);
  for (size_t i = 0; i < reached.size(); ++i) tried_[i].reached = std::move(reached[i]);
  if (Any(tried_, Reach::kConnected)) return Fine("packets come back");
  if (Any(tried_, Reach::kRefused)) return Fine("packets come back: the connection was refused, not dropped");
  const std::string why = Whys(tried_);
  if (Any(tried_, Reach::kNoAnswer)) {
    return Failed("FIREWALL",
                  StrCat("nothing comes back from ", Where(), " within ", absl::FormatDuration(limit), " (",
                         why, "): a firewall drops what we send, or the machine is off"),
                  StrCat("let the machines of the services through to port ", places_[0].port,
                         ", in the firewall of the platform and in those between"));
  }
  return Failed("HOST_UNREACHABLE", StrCat("no way leads to ", Where(), " (", why, ")"),
                "check the address, and the routes and VPN of the machines of the services");
}

Finding Addresses::Listens() {
  if (!Any(tried_, Reach::kConnected)) {
    return Failed("CONNECTION_REFUSED", StrCat("nobody listens at ", Where(), " (", Whys(tried_), ")"),
                  "start the server there, have it listen on this address and port, or correct the port");
  }
  std::erase_if(tried_, [](const Tried& one) { return one.reached.reach != Reach::kConnected; });
  return Fine(StrCat("connected to ", Texts(tried_)));
}

}  // namespace cognate::platform_registry
