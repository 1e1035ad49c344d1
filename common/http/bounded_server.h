// The library's server, for a door that anybody in the network can reach: a client that is slow, whatever it
// sends, holds a thread for a bounded time, and one machine never holds all of them.
#pragma once

#include <map>
#include <string>

#include <httplib.h>

#include "absl/time/time.h"
#include "common/sync/mutex.h"

namespace cognate::http {

struct ServerBounds {
  absl::Duration request_time = absl::Seconds(5);  // from the connection to the request's last byte
  absl::Duration answer_time = absl::Seconds(10);  // from the answer's first byte to its last
  int connections_of_address = 8;                  // more are closed at once
};

// One request a connection.
class BoundedServer : public httplib::Server {
 public:
  explicit BoundedServer(const ServerBounds& bounds) : bounds_(bounds) {}

 private:
  bool process_and_close_socket(socket_t socket) override;
  bool Enter(const std::string& address);
  void Leave(const std::string& address);

  const ServerBounds bounds_;
  Mutex mutex_;
  std::map<std::string, int> connections_ ABSL_GUARDED_BY(mutex_);  // by address
};

}  // namespace cognate::http
