#include "tests/support/fault_proxy.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"

namespace cognate::test_support {
namespace {

constexpr size_t kMostHeld = 1 << 18;  // in each direction, beside what the kernel holds
constexpr absl::Duration kLongestWait = absl::Seconds(1);

sockaddr_in Loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

// -1 where nobody listens.
int Connect(absl::string_view server) {
  int handle = -1;
  int failed = -1;
  if (absl::ConsumePrefix(&server, "unix:")) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, server.data(), std::min(server.size(), sizeof(address.sun_path) - 1));
    handle = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    failed = connect(handle, reinterpret_cast<sockaddr*>(&address), sizeof(address));
  } else {
    int port = 0;
    if (!absl::SimpleAtoi(server.substr(server.rfind(':') + 1), &port)) return -1;
    const sockaddr_in address = Loopback(port);
    handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    failed = connect(handle, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  }
  if (failed == 0) return handle;
  close(handle);
  return -1;
}

// Small packets go at once; the far side of a Unix socket does not know the option.
void SendAtOnce(int handle) {
  const int on = 1;
  setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

void Reset(int handle) {
  const linger now = {1, 0};
  setsockopt(handle, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  close(handle);
}

}  // namespace

struct FaultProxy::Watched {
  int handle;
  short events;
};

FaultProxy::FaultProxy()
    : wakener_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      worker_(std::make_unique<Worker>("fault-proxy", [this](StopToken& stop) { Run(stop); })) {}

FaultProxy::~FaultProxy() {
  worker_->RequestStop();
  Wake();
  worker_.reset();
  MutexLock lock(&mutex_);
  for (Link& link : links_) {
    for (Connection& connection : link.connections) connection.broken = true;
    CloseEnded(link);
    close(link.listener);
  }
  close(wakener_);
}

void FaultProxy::Wake() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wakener_, &one, sizeof(one));
}

int FaultProxy::AddLink(const std::string& server) {
  Link link;
  link.server = server;
  link.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address = Loopback(0);
  socklen_t length = sizeof(address);
  EXPECT_EQ(bind(link.listener, reinterpret_cast<sockaddr*>(&address), length), 0) << std::strerror(errno);
  EXPECT_EQ(listen(link.listener, SOMAXCONN), 0) << std::strerror(errno);
  EXPECT_EQ(getsockname(link.listener, reinterpret_cast<sockaddr*>(&address), &length), 0);
  link.port = ntohs(address.sin_port);
  const int port = link.port;
  {
    MutexLock lock(&mutex_);
    links_.push_back(std::move(link));
  }
  Wake();
  return port;
}

void FaultProxy::SetFault(int port, const Fault& fault) {
  {
    MutexLock lock(&mutex_);
    for (Link& link : links_)
      if (link.port == port) link.fault = fault;
  }
  Wake();
}

void FaultProxy::Cut(int port) {
  MutexLock lock(&mutex_);
  for (Link& link : links_) {
    if (link.port != port) continue;
    for (Connection& connection : link.connections) connection.broken = true;
    CloseEnded(link);
  }
}

std::vector<int> FaultProxy::ports() const {
  MutexLock lock(&mutex_);
  std::vector<int> ports;
  for (const Link& link : links_) ports.push_back(link.port);
  return ports;
}

void FaultProxy::Run(StopToken& stop) {
  while (!stop.stopping()) {
    std::vector<Watched> watched;
    absl::Duration wait;
    {
      MutexLock lock(&mutex_);
      Step();
      wait = Watch(&watched);
    }
    std::vector<pollfd> polled = {{wakener_, POLLIN, 0}};
    for (const Watched& each : watched) polled.push_back({each.handle, each.events, 0});
    poll(polled.data(), polled.size(),
         static_cast<int>(absl::ToInt64Milliseconds(absl::Ceil(wait, absl::Milliseconds(1)))));
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t taken = read(wakener_, &count, sizeof(count));
  }
}

// Only what could be worked on, or the thread would turn without end. How long until a chunk is due.
absl::Duration FaultProxy::Watch(std::vector<Watched>* watched) {
  const absl::Time now = absl::Now();
  absl::Duration wait = kLongestWait;
  const auto watch = [&](int from, int to, bool held, const Direction& direction) {
    if (held) return;
    if (!direction.ended && direction.bytes < kMostHeld) watched->push_back({from, POLLIN});
    if (direction.chunks.empty()) return;
    const absl::Duration left = direction.chunks.front().due - now;
    if (left > absl::ZeroDuration()) {
      wait = std::min(wait, left);
    } else {
      watched->push_back({to, POLLOUT});
    }
  };
  for (const Link& link : links_) {
    const Fault& fault = link.fault;
    if (!fault.holds_requests && !fault.holds_answers) watched->push_back({link.listener, POLLIN});
    for (const Connection& connection : link.connections) {
      watch(connection.client, connection.server, fault.holds_requests, connection.requests);
      watch(connection.server, connection.client, fault.holds_answers, connection.answers);
    }
  }
  return wait;
}

void FaultProxy::Step() {
  for (Link& link : links_) {
    const Fault& fault = link.fault;
    if (!fault.holds_requests && !fault.holds_answers) Accept(link);
    for (Connection& connection : link.connections) {
      Pass(connection.client, connection.server, fault.holds_requests, fault.delay, connection.requests,
           &connection.broken);
      Pass(connection.server, connection.client, fault.holds_answers, fault.delay, connection.answers,
           &connection.broken);
    }
    CloseEnded(link);
  }
}

void FaultProxy::Accept(Link& link) {
  while (true) {
    const int client = accept4(link.listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    const int server = Connect(link.server);
    if (server < 0) {
      Reset(client);
      continue;
    }
    SendAtOnce(client);
    SendAtOnce(server);
    Connection& connection = link.connections.emplace_back();
    connection.client = client;
    connection.server = server;
  }
}

void FaultProxy::Pass(int from, int to, bool held, absl::Duration delay, Direction& direction, bool* broken) {
  if (held || *broken) return;
  char buffer[1 << 16];
  while (!direction.ended && direction.bytes < kMostHeld) {
    const ssize_t got = recv(from, buffer, sizeof(buffer), MSG_DONTWAIT);
    if (got < 0 && errno != EAGAIN && errno != EINTR) *broken = true;
    if (got < 0) break;
    if (got == 0) {
      direction.ended = true;
    } else {
      direction.chunks.push_back({absl::Now() + delay, std::string(buffer, static_cast<size_t>(got))});
      direction.bytes += static_cast<size_t>(got);
    }
  }
  while (!direction.chunks.empty() && direction.chunks.front().due <= absl::Now()) {
    std::string& bytes = direction.chunks.front().bytes;
    const ssize_t sent = send(to, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) *broken = true;
    if (sent < 0) break;
    direction.bytes -= static_cast<size_t>(sent);
    bytes.erase(0, static_cast<size_t>(sent));
    if (!bytes.empty()) break;
    direction.chunks.pop_front();
  }
  if (direction.ended && direction.chunks.empty() && !direction.passed_end) {
    shutdown(to, SHUT_WR);
    direction.passed_end = true;
  }
}

// What both sides have ended ends without a reset: they may not have read all of it yet.
void FaultProxy::CloseEnded(Link& link) {
  link.connections.remove_if([](const Connection& connection) {
    const bool ended = connection.requests.passed_end && connection.answers.passed_end;
    if (!connection.broken && !ended) return false;
    for (const int handle : {connection.client, connection.server})
      connection.broken ? Reset(handle) : static_cast<void>(close(handle));
    return true;
  });
}

}  // namespace cognate::test_support
