#include "common/http/listener.h"

#include <cerrno>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/grpc/unix_socket.h"
#include "common/status/status_macros.h"

namespace cognate::http {
namespace {

constexpr int kBacklog = 1024;

absl::Status CannotListen(const std::string& address, absl::string_view fault) {
  return absl::FailedPreconditionError(absl::StrCat("cannot listen on ", address, ": ", fault));
}

// With what the system said last.
absl::Status CannotListen(const std::string& address) {
  return absl::FailedPreconditionError(
      absl::StrCat("cannot listen on ", absl::ErrnoToStatus(errno, address).message()));
}

bool BindAndListen(int handle, const sockaddr* address, socklen_t size) {
  const int on = 1;
  setsockopt(handle, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  return bind(handle, address, size) == 0 && listen(handle, kBacklog) == 0;
}

absl::StatusOr<Listening> ListenOnSocket(const std::string& address) {
  RETURN_IF_ERROR(grpc_support::CheckUnixSocket(address));
  sockaddr_un named = {};
  named.sun_family = AF_UNIX;
  const std::string path = address.substr(5);
  path.copy(named.sun_path, sizeof(named.sun_path) - 1);
  unlink(path.c_str());
  const int handle = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const grpc_support::PrivateFiles sockets;
  if (BindAndListen(handle, reinterpret_cast<const sockaddr*>(&named), sizeof(named)))
    return Listening{handle, 0, address};
  const absl::Status status = CannotListen(address);
  close(handle);
  return status;
}

int PortOf(int handle) {
  sockaddr_storage bound = {};
  socklen_t size = sizeof(bound);
  getsockname(handle, reinterpret_cast<sockaddr*>(&bound), &size);
  const bool is_ipv6 = bound.ss_family == AF_INET6;
  return ntohs(is_ipv6 ? reinterpret_cast<const sockaddr_in6&>(bound).sin6_port
                       : reinterpret_cast<const sockaddr_in&>(bound).sin_port);
}

}  // namespace

absl::StatusOr<Listening> Listen(const std::string& address) {
  if (absl::StartsWith(address, "unix:")) return ListenOnSocket(address);
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return CannotListen(address, "want host:port or unix:/path");
  absl::string_view host = absl::string_view(address).substr(0, colon);
  if (absl::ConsumePrefix(&host, "[")) absl::ConsumeSuffix(&host, "]");
  addrinfo wanted = {};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int failure = getaddrinfo(host.empty() ? nullptr : std::string(host).c_str(),
                                  address.substr(colon + 1).c_str(), &wanted, &found);
  if (failure != 0) return CannotListen(address, gai_strerror(failure));
  const int handle = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const bool bound = handle >= 0 && BindAndListen(handle, found->ai_addr, found->ai_addrlen);
  const absl::Status status = CannotListen(address);
  freeaddrinfo(found);
  if (!bound) {
    if (handle >= 0) close(handle);
    return status;
  }
  const int port = PortOf(handle);
  return Listening{handle, port, absl::StrCat(address.substr(0, colon), ":", port)};
}

std::string AddressText(const sockaddr* address) {
  char text[INET6_ADDRSTRLEN] = {};
  if (address->sa_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, text, sizeof(text));
    return text;
  }
  if (address->sa_family != AF_INET6) return "local";
  const in6_addr& raw = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&raw)) {
    inet_ntop(AF_INET, &raw.s6_addr[12], text, sizeof(text));
  } else {
    inet_ntop(AF_INET6, &raw, text, sizeof(text));
  }
  return text;
}

}  // namespace cognate::http
