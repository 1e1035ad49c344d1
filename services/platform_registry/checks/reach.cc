#include "services/platform_registry/checks/reach.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/un.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr size_t kMaxAddresses = 16;
constexpr size_t kMaxLookUps = 8;

absl::Status NameUnknown(absl::string_view why) {
  return Error(absl::StatusCode::kUnavailable, "NAME_UNKNOWN", why);
}

SteadyTime After(absl::Duration timeout) {
  return std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(timeout);
}

int MillisecondsUntil(SteadyTime end) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
  return static_cast<int>(std::max<int64_t>(0, left.count()));
}

Address AddressOf(const addrinfo& found) {
  Address address;
  std::memcpy(&address.storage, found.ai_addr, found.ai_addrlen);
  address.size = found.ai_addrlen;
  char text[NI_MAXHOST] = "";
  getnameinfo(found.ai_addr, found.ai_addrlen, text, sizeof(text), nullptr, 0, NI_NUMERICHOST);
  address.text = text;
  return address;
}

absl::StatusOr<std::vector<Address>> Ask(const std::string& host, uint16_t port, int flags) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int fault = getaddrinfo(host.c_str(), StrCat(port).c_str(), &hints, &found); fault != 0)
    return NameUnknown(StrCat(host, " cannot be resolved: ", gai_strerror(fault)));
  std::vector<Address> addresses;
  for (const addrinfo* one = found; one != nullptr && addresses.size() < kMaxAddresses; one = one->ai_next) {
    Address address = AddressOf(*one);
    const bool is_known = std::any_of(addresses.begin(), addresses.end(),
                                      [&](const Address& other) { return other.text == address.text; });
    if (!is_known) addresses.push_back(std::move(address));
  }
  freeaddrinfo(found);
  return addresses;
}

Reach ReachOf(int error) {
  switch (error) {
    case 0:
      return Reach::kConnected;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
      return Reach::kUnreachable;
    case ETIMEDOUT:
    case EAGAIN:  // a local socket whose queue is full
    case EPERM:   // our own machine's firewall
      return Reach::kNoAnswer;
    default:
      return Reach::kRefused;
  }
}

Reached ReachedBy(int error, Socket socket) {
  Reached reached;
  reached.reach = ReachOf(error);
  if (error != 0) reached.why = std::strerror(error);
  if (error == 0) reached.socket = std::move(socket);
  return reached;
}

int ErrorOf(int file) {
  int error = 0;
  socklen_t size = sizeof(error);
  return getsockopt(file, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

// Connects that are under way; settles them one after another.
class Attempts {
 public:
  explicit Attempts(absl::Span<const Address> addresses) : reached_(addresses.size()) {
    for (size_t i = 0; i < addresses.size(); ++i) Start(addresses[i], i);
  }
  bool settled() const { return polled_.empty(); }
  bool connected() const {
    return std::any_of(reached_.begin(), reached_.end(),
                       [](const Reached& one) { return one.reach == Reach::kConnected; });
  }
  void Wait(SteadyTime end) {
    poll(polled_.data(), polled_.size(), MillisecondsUntil(end));
    for (size_t i = polled_.size(); i-- > 0;) {
      if (polled_[i].revents == 0) continue;
      const int error = ErrorOf(polled_[i].fd);
      reached_[places_[i]] = ReachedBy(error, std::move(sockets_[i]));
      polled_.erase(polled_.begin() + static_cast<std::ptrdiff_t>(i));
      places_.erase(places_.begin() + static_cast<std::ptrdiff_t>(i));
      sockets_.erase(sockets_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  std::vector<Reached> Take() {
    for (const size_t place : places_) reached_[place].why = "no answer";
    return std::move(reached_);
  }

 private:
  void Start(const Address& address, size_t place) {
    Socket socket(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int error = socket.file() < 0                                               ? errno
                      : connect(socket.file(), &address.generic(), address.size) == 0 ? 0
                                                                                      : errno;
    if (error != EINPROGRESS) {
      reached_[place] = ReachedBy(error, std::move(socket));
      return;
    }
    polled_.push_back({socket.file(), POLLOUT, 0});
    places_.push_back(place);
    sockets_.push_back(std::move(socket));
  }

  std::vector<Reached> reached_;
  std::vector<pollfd> polled_;  // of those under way, with their places and sockets
  std::vector<size_t> places_;
  std::vector<Socket> sockets_;
};

}  // namespace

Socket::~Socket() {
  if (file_ >= 0) close(file_);
}

absl::StatusOr<Address> SocketAddress(absl::string_view path) {
  Address address;
  sockaddr_un local = {};
  local.sun_family = AF_UNIX;
  if (path.size() >= sizeof(local.sun_path))
    return NameUnknown("it is too long for the path of a local socket");
  std::memcpy(local.sun_path, path.data(), path.size());
  std::memcpy(&address.storage, &local, sizeof(local));
  address.size = sizeof(local);
  address.text = std::string(path);
  return address;
}

struct Resolver::LookUp {
  Mutex mutex;
  CondVar done;
  bool is_done ABSL_GUARDED_BY(mutex) = false;
  absl::StatusOr<std::vector<Address>> found ABSL_GUARDED_BY(mutex);
};

Resolver::~Resolver() = default;

absl::StatusOr<std::shared_ptr<Resolver::LookUp>> Resolver::Begin(absl::string_view host, uint16_t port) {
  MutexLock lock(&mutex_);
  std::erase_if(under_way_, [](const UnderWay& one) { return one.worker->finished(); });
  if (under_way_.size() >= kMaxLookUps)
    return NameUnknown("the name servers of this machine answer nothing: too many names are being looked up");
  auto look_up = std::make_shared<LookUp>();
  auto worker = std::make_unique<Worker>("resolver", [look_up, host = std::string(host), port](StopToken&) {
    absl::StatusOr<std::vector<Address>> found = Ask(host, port, 0);
    MutexLock in_answer(&look_up->mutex);
    look_up->found = std::move(found);
    look_up->is_done = true;
    look_up->done.Signal();
  });
  under_way_.push_back({look_up, std::move(worker)});
  return look_up;
}

absl::StatusOr<std::vector<Address>> Resolver::Resolve(absl::string_view host, uint16_t port,
                                                       absl::Duration timeout) {
  if (const auto literal = Ask(std::string(host), port, AI_NUMERICHOST); literal.ok()) return *literal;
  ASSIGN_OR_RETURN(const std::shared_ptr<LookUp> look_up, Begin(host, port));
  const SteadyTime end = After(timeout);
  MutexLock lock(&look_up->mutex);
  while (!look_up->is_done) {
    const int left = MillisecondsUntil(end);
    if (left == 0) {
      return NameUnknown(StrCat(host, " cannot be resolved: no name server answered within ",
                                absl::FormatDuration(timeout)));
    }
    look_up->done.WaitFor(&look_up->mutex, absl::Milliseconds(left));
  }
  return look_up->found;
}

std::vector<Reached> Connect(absl::Span<const Address> addresses, absl::Duration timeout, bool first) {
  const SteadyTime end = After(timeout);
  Attempts attempts(addresses);
  while (!attempts.settled() && !(first && attempts.connected()) && MillisecondsUntil(end) > 0)
    attempts.Wait(end);
  return attempts.Take();
}

bool AwaitSocket(const Socket& socket, bool to_write, absl::Duration timeout) {
  pollfd polled = {socket.file(), static_cast<short>(to_write ? POLLOUT : POLLIN), 0};
  return poll(&polled, 1, static_cast<int>(std::max<int64_t>(0, absl::ToInt64Milliseconds(timeout)))) > 0;
}

}  // namespace cognate::platform_registry
