// What one connection speaks: HTTP/1.1 or HTTP/2.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/http/exchange.h"
#include "common/http/http_server.h"
#include "common/http/memory.h"

struct evbuffer;

namespace cognate::http {

// What a session sees of the server around it. Of the loop's thread.
class Desk {
 public:
  virtual ~Desk() = default;
  virtual const HttpServerOptions& options() const = 0;
  virtual const std::shared_ptr<EventLoop>& loop() const = 0;
  // A whole request has come, or the head of one whose body comes in pieces.
  virtual void Handle(const ExchangePtr& exchange) = 0;
  // The answer to a request that nobody is asked about, counted.
  virtual Response Refuse(const Refusal& refusal) = 0;
  // For bodies that are not answered yet, and answers that are not sent.
  virtual const std::shared_ptr<Memory>& memory() = 0;
  // Whether requests are refused since the process is about to end.
  virtual bool draining() const = 0;
};

// What a session sees of its connection.
class Wire {
 public:
  virtual ~Wire() = default;
  virtual evbuffer* output() = 0;
  virtual const std::string& address() const = 0;
  // Why requests of this connection are refused; null if they are not.
  virtual const Refusal* refusal() const = 0;
  // Once everything is sent.
  virtual void CloseWhenSent() = 0;
  // With what is not sent. The session is gone after that.
  virtual void CloseNow() = 0;
};

// Of what a parser does not take.
inline Refusal::Kind KindOf(int status) {
  if (status == 413) return Refusal::Kind::kBodyTooLarge;
  if (status == 431) return Refusal::Kind::kHeadTooLarge;
  return Refusal::Kind::kMalformed;
}

// Where a slow reader is waited for.
inline constexpr size_t kLowOutput = 64 << 10;
// The pieces in which a body is given.
inline constexpr size_t kPieceBytes = 64 << 10;
// So long a client that was refused in the middle of its request has to read why.
inline constexpr absl::Duration kLinger = absl::Seconds(2);

inline Refusal NoMemory() {
  return {Refusal::Kind::kConnections, 503, "too much is on its way at once: try again"};
}
inline Refusal IsStopping() {
  return {Refusal::Kind::kStopping, 503, "this process is about to end: try again"};
}
inline Refusal TooSlow(absl::Duration patience) {
  return {Refusal::Kind::kTooSlow, 408,
          absl::StrCat("the request was not complete after ", absl::FormatDuration(patience))};
}
inline Refusal TooSlowPieces(absl::Duration patience) {
  return {Refusal::Kind::kTooSlow, 408,
          absl::StrCat("nothing came of the body for ", absl::FormatDuration(patience))};
}

class Session {
 public:
  virtual ~Session() = default;
  // Takes what has come.
  virtual void Receive(evbuffer* input) = 0;
  // The output is at most kLowOutput bytes long.
  virtual void HasRoom() = 0;
  // Looks whether the client is too slow, or idle for too long.
  virtual void Sweep(absl::Duration now) = 0;
  // The process is about to end: what is under way is answered, then the connection closes.
  virtual void Drain() = 0;
};

std::unique_ptr<Session> MakeHttp1Session(Desk& desk, Wire& wire);
std::unique_ptr<Session> MakeHttp2Session(Desk& desk, Wire& wire);

}  // namespace cognate::http
