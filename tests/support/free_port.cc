#include "tests/support/free_port.h"

#include <random>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace cognate::test_support {
namespace {

// Linux gives 32768 to 60999 to connections, unless it is told otherwise.
constexpr int kFirst = 15'000;
constexpr int kLast = 31'999;
constexpr int kTries = 1'000;

bool IsFree(int port) {
  const int handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  const bool is_free = bind(handle, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  close(handle);
  return is_free;
}

}  // namespace

int FreePort() {
  std::random_device random;
  std::uniform_int_distribution<int> ports(kFirst, kLast);
  for (int i = 0; i < kTries; ++i) {
    const int port = ports(random);
    if (IsFree(port)) return port;
  }
  return 0;
}

}  // namespace cognate::test_support
