// One request, and whoever answers it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "common/http/event_loop.h"
#include "common/http/memory.h"
#include "common/http/message.h"

namespace cognate::http {

// Where an answer goes and the rest of a body comes from, on the loop's thread: one request of one
// connection.
class AnswerSink {
 public:
  virtual ~AnswerSink() = default;
  virtual void Respond(Response response) = 0;
  virtual void Begin(int status, Headers headers) = 0;
  virtual void CountIn(std::shared_ptr<Memory> memory) = 0;
  virtual void Write(std::string bytes, std::function<void()> taken) = 0;
  virtual void End() = 0;
  virtual void Abort() = 0;
  virtual void AskForPiece() = 0;
};

// A request is answered either by Respond, once, or by Begin, any number of Write, and End. These may be
// called on any thread, one after the other; what comes after the client has gone is dropped.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  // Of the connection. `sink` is there until Detach.
  Exchange(std::shared_ptr<EventLoop> loop, AnswerSink* sink, Request request)
      : loop_(std::move(loop)), sink_(sink), request_(std::move(request)) {}

  const Request& request() const { return request_; }
  // To convert it where it lies, or to let go of it.
  std::string& body() { return request_.body; }

  void Respond(Response response);
  void Begin(int status, Headers headers);
  // Before the first Write: what is written counts there, and not where all bodies and answers do.
  void CountIn(std::shared_ptr<Memory> memory);
  // `taken` is called on the loop's thread when there is room for more, so that a slow reader slows down who
  // writes; not at all once the client has gone.
  void Write(std::string bytes, std::function<void()> taken = {});
  void End();
  // Instead of End: what was begun cannot be told whole, and the client sees that.
  void Abort();

  // Where the body comes in pieces (HttpServerOptions::is_piecewise): asks for the next one, which is given
  // on the loop's thread, `is_last` with the last of them; that one may be empty. One after the other.
  // Nothing is read from the client meanwhile but what a small buffer holds, and nothing is given once it has
  // gone. It may be answered at any time; what then still comes is thrown away.
  using OnPiece = std::function<void(std::string bytes, bool is_last)>;
  void Read(OnPiece take);

  // On the loop's thread: `gone` is called there if the client goes away before the answer is complete.
  void OnGone(std::function<void()> gone);
  // For tasks of whoever answers that belong on the loop's thread.
  EventLoop& loop() { return *loop_; }

  // Of the connection, on the loop's thread: nobody takes an answer any more.
  void Detach(bool complete);
  void Give(std::string bytes, bool is_last);

 private:
  void OnLoop(std::function<void(AnswerSink&)> act);

  const std::shared_ptr<EventLoop> loop_;
  AnswerSink* sink_;            // Of the loop's thread.
  std::function<void()> gone_;  // The same.
  OnPiece take_;                // The same.
  Request request_;
};

using ExchangePtr = std::shared_ptr<Exchange>;

}  // namespace cognate::http
