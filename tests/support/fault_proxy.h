// The network between a client and a server, made bad on purpose: links that forward bytes, and can hold them
// back, delay them, or be cut.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/sync/mutex.h"
#include "common/worker/worker.h"

namespace cognate::test_support {

// One thread for all links. Each link listens on a port of its own of 127.0.0.1. Thread safe.
class FaultProxy {
 public:
  // What a link does to everything that passes it.
  struct Fault {
    // Nothing comes through, and nobody is told: as a network that loses every packet. With either of them
    // new connections get no answer either.
    bool holds_requests = false;  // from those who connect
    bool holds_answers = false;
    absl::Duration delay = absl::ZeroDuration();
  };

  FaultProxy();
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  // Forwards to "unix:/path" or "127.0.0.1:port"; gives its port. Fails the test where it cannot listen.
  int AddLink(const std::string& server);
  // What is held goes on when a fault ends, as TCP sends again what was lost.
  void SetFault(int port, const Fault& fault);
  // Ends all connections of the link with a reset; new ones are made at once.
  void Cut(int port);
  std::vector<int> ports() const;

 private:
  struct Chunk {
    absl::Time due;
    std::string bytes;
  };
  // From one socket to the other.
  struct Direction {
    std::deque<Chunk> chunks;
    size_t bytes = 0;
    bool ended = false;       // the sender has closed its side
    bool passed_end = false;  // and the receiver was told
  };
  struct Connection {
    int client = -1;
    int server = -1;
    Direction requests, answers;
    bool broken = false;
  };
  struct Link {
    int listener = -1;
    int port = 0;
    std::string server;
    Fault fault;
    std::list<Connection> connections;
  };
  // A socket that the thread waits for.
  struct Watched;

  void Run(StopToken& stop);
  void Wake();
  absl::Duration Watch(std::vector<Watched>* watched) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Step() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static void Accept(Link& link);
  static void Pass(int from, int to, bool held, absl::Duration delay, Direction& direction, bool* broken);
  static void CloseEnded(Link& link);

  const int wakener_;
  mutable Mutex mutex_;
  std::list<Link> links_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Worker> worker_;  // last: it uses the others
};

}  // namespace cognate::test_support
