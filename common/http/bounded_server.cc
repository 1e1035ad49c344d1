#include "common/http/bounded_server.h"

#include <algorithm>
#include <optional>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/time/clock.h"

namespace cognate::http {
namespace {

// How often a wait looks whether the server is to end.
constexpr absl::Duration kSlice = absl::Milliseconds(100);

struct Endpoint {
  std::string address;
  int port = 0;
};

Endpoint ToEndpoint(const sockaddr_storage& from) {
  char text[INET6_ADDRSTRLEN] = "";
  if (from.ss_family == AF_INET) {
    const auto& four = reinterpret_cast<const sockaddr_in&>(from);
    inet_ntop(AF_INET, &four.sin_addr, text, sizeof(text));
    return {text, ntohs(four.sin_port)};
  }
  const auto& six = reinterpret_cast<const sockaddr_in6&>(from);
  inet_ntop(AF_INET6, &six.sin6_addr, text, sizeof(text));
  return {text, ntohs(six.sin6_port)};
}

Endpoint PeerOf(int socket) {
  sockaddr_storage address{};
  socklen_t length = sizeof(address);
  if (getpeername(socket, reinterpret_cast<sockaddr*>(&address), &length) != 0) return {};
  return ToEndpoint(address);
}

// A connection whose request and whose answer each have an end in time, however many bytes come meanwhile.
class BoundedStream : public httplib::Stream {
 public:
  BoundedStream(int socket, Endpoint peer, const ServerBounds& bounds, const httplib::Server& server)
      : socket_(socket),
        peer_(std::move(peer)),
        bounds_(bounds),
        server_(server),
        read_until_(absl::Now() + bounds.request_time) {}

  bool is_readable() const override { return Await(POLLIN, read_until_); }
  bool is_writable() const override { return Await(POLLOUT, write_until_.value_or(absl::InfiniteFuture())); }

  ssize_t read(char* bytes, size_t size) override {
    return is_readable() ? recv(socket_, bytes, size, 0) : -1;
  }
  ssize_t write(const char* bytes, size_t size) override {
    if (!write_until_) write_until_ = absl::Now() + bounds_.answer_time;
    return is_writable() ? send(socket_, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT) : -1;
  }

  void get_remote_ip_and_port(std::string& ip, int& port) const override {
    ip = peer_.address;
    port = peer_.port;
  }
  void get_local_ip_and_port(std::string& ip, int& port) const override {
    sockaddr_storage address{};
    socklen_t length = sizeof(address);
    if (getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length) != 0) return;
    const Endpoint local = ToEndpoint(address);
    ip = local.address;
    port = local.port;
  }
  socket_t socket() const override { return socket_; }

 private:
  bool Await(short events, absl::Time until) const {
    while (server_.is_running()) {
      const absl::Duration left = until - absl::Now();
      if (left <= absl::ZeroDuration()) return false;
      pollfd polled = {socket_, events, 0};
      const auto wait = absl::ToInt64Milliseconds(absl::Ceil(std::min(left, kSlice), absl::Milliseconds(1)));
      if (poll(&polled, 1, static_cast<int>(wait)) > 0) return true;
    }
    return false;
  }

  const int socket_;
  const Endpoint peer_;
  const ServerBounds bounds_;
  const httplib::Server& server_;
  const absl::Time read_until_;
  std::optional<absl::Time> write_until_;
};

}  // namespace

bool BoundedServer::process_and_close_socket(socket_t socket) {
  const Endpoint peer = PeerOf(socket);
  bool answered = false;
  if (Enter(peer.address)) {
    BoundedStream stream(socket, peer, bounds_, *this);
    bool closed = false;
    answered = process_request(stream, /*close_connection=*/true, closed, nullptr);
    Leave(peer.address);
  }
  shutdown(socket, SHUT_RDWR);
  close(socket);
  return answered;
}

bool BoundedServer::Enter(const std::string& address) {
  const MutexLock lock(&mutex_);
  int& connections = connections_[address];
  if (connections >= bounds_.connections_of_address) return false;
  ++connections;
  return true;
}

void BoundedServer::Leave(const std::string& address) {
  const MutexLock lock(&mutex_);
  if (--connections_[address] == 0) connections_.erase(address);
}

}  // namespace cognate::http
