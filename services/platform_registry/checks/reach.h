// Whether a machine can be reached at all: its name, its packets, its port. Knows nothing of what is spoken
// there.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <sys/socket.h>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/sync/mutex.h"
#include "common/worker/worker.h"

namespace cognate::platform_registry {

struct Address {
  sockaddr_storage storage = {};
  socklen_t size = 0;
  std::string text;  // `192.0.2.7`, `2001:db8::7`, or a socket's path

  const sockaddr& generic() const { return reinterpret_cast<const sockaddr&>(storage); }
};

// A local socket. NAME_UNKNOWN where the path is too long for one.
absl::StatusOr<Address> SocketAddress(absl::string_view path);

// Thread safe. Each look-up has a thread of its own, since the system's resolver knows no time limit: one
// that takes longer is left to end by itself, at most 8 of them at a time.
class Resolver {
 public:
  Resolver() = default;
  // Waits for what is under way: as long as the system's resolver takes (resolv.conf, `timeout` and
  // `attempts`).
  ~Resolver();

  // At most 16, without doubles. UNAVAILABLE NAME_UNKNOWN: no such name, or nobody says so in time.
  absl::StatusOr<std::vector<Address>> Resolve(absl::string_view host, uint16_t port, absl::Duration timeout);

 private:
  struct LookUp;
  struct UnderWay {
    std::shared_ptr<LookUp> look_up;
    std::unique_ptr<Worker> worker;
  };

  absl::StatusOr<std::shared_ptr<LookUp>> Begin(absl::string_view host, uint16_t port);

  Mutex mutex_;
  std::vector<UnderWay> under_way_ ABSL_GUARDED_BY(mutex_);
};

// Owns a file descriptor.
class Socket {
 public:
  explicit Socket(int file = -1) : file_(file) {}
  Socket(Socket&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~Socket();
  int file() const { return file_; }

 private:
  int file_;
};

enum class Reach {
  kConnected,
  kRefused,      // CONNECTION_REFUSED: the machine answers, and nobody listens
  kNoAnswer,     // FIREWALL: nothing came back within the time
  kUnreachable,  // HOST_UNREACHABLE: no way leads there
};

struct Reached {
  Reach reach = Reach::kNoAnswer;
  std::string why;  // the system's words; empty if connected
  Socket socket;    // if connected; does not block
};

// Tries all of them at once, and answers for each when all have answered or `timeout` has passed. With
// `first` as soon as one is connected: the others are kNoAnswer then.
std::vector<Reached> Connect(absl::Span<const Address> addresses, absl::Duration timeout, bool first = false);

// Waits until a socket can be read (or written): false when `timeout` has passed.
bool AwaitSocket(const Socket& socket, bool to_write, absl::Duration timeout);

}  // namespace cognate::platform_registry
