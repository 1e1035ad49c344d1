// Calls of other services on behalf of who calls here, with no thread that waits for them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"

namespace cognate::gateway {

using Metadata = std::vector<std::pair<std::string, std::string>>;

struct UpstreamRequest {
  std::string address;  // As for MakeChannel, or of a server of this process.
  std::string path;     // "/cognate.v1.KeyService/GetKey"
  Metadata metadata;
  absl::Time deadline = absl::InfiniteFuture();
  std::string message;  // Serialized.
};

struct UpstreamAnswer {
  absl::Status status;
  std::string message;  // Serialized; empty unless OK.
  Metadata leading;     // What the service says of itself, without what belongs to gRPC.
  Metadata trailing;
};

// A call under way. Any thread.
class UpstreamCall {
 public:
  virtual ~UpstreamCall() = default;
  // Ends it soon; its end is told nevertheless.
  virtual void Cancel() = 0;
  // Of a stream: asks for the next message, after the one before was taken.
  virtual void Next() {}
  // Of an upload: the next message, after `ready` was called for it.
  virtual void Write(std::string /*message*/, bool /*is_last*/) {}
  // The same, where there is none: what was written is all.
  virtual void Close() {}
  virtual bool is_stream() const { return false; }
};

class UpstreamClient {
 public:
  using OnAnswer = std::function<void(UpstreamAnswer)>;
  using OnMessage = std::function<void(std::string message)>;

  // Answers above the bound are RESPONSE_TOO_LARGE.
  UpstreamClient(size_t max_response_bytes, const Clock& clock);
  ~UpstreamClient();  // Shuts down.

  // Calls back once, on a thread of its own or on the caller's.
  std::shared_ptr<UpstreamCall> Call(UpstreamRequest request, OnAnswer done);
  // A stream of answers: asks for the first message by itself. `done` comes last, with no message.
  std::shared_ptr<UpstreamCall> Stream(UpstreamRequest request, OnMessage message, OnAnswer done);

  // A stream of messages to the service, and one answer, which may come at any time. `ready` is called when a
  // message may be written, on a thread of its own. The request's message is not looked at.
  using OnReady = std::function<void()>;
  std::shared_ptr<UpstreamCall> Upload(UpstreamRequest request, OnReady ready, OnAnswer done);

  // Ends streams, waits at most `grace` for the other calls under way, and ends what is left of them. Later
  // calls answer UNAVAILABLE. May be called twice.
  void Shutdown(absl::Duration grace);

  class State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace cognate::gateway
