#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cognate/v1/key.pb.h"

// What a handler may know of its call. Free of gRPC, as handlers are.
namespace cognate::grpc_support {

class Rpc {
 public:
  struct Parts {
    std::string service = {};
    std::string method = {};
    std::string request_id = {};
    absl::Time deadline = absl::InfiniteFuture();
    std::function<bool()> cancelled = {};
    std::function<bool()> draining = {};
    std::shared_ptr<const v1::Principal> principal = {};
    std::string peer_address = {};
  };
  explicit Rpc(Parts parts) : parts_(std::move(parts)) {}
  Rpc(const Rpc&) = delete;
  Rpc& operator=(const Rpc&) = delete;

  const std::string& service() const { return parts_.service; }
  const std::string& method() const { return parts_.method; }
  // The caller's x-request-id, or one that was made here. Pass it on to calls made for this one.
  const std::string& request_id() const { return parts_.request_id; }
  // The caller's deadline; for a unary call without one, the boundary's default.
  absl::Time deadline() const { return parts_.deadline; }
  // The caller has gone away, its deadline has passed, or its key was revoked: stop.
  bool cancelled() const { return parts_.cancelled && parts_.cancelled(); }
  // The process is about to stop: end long waits and streams now, with what there is.
  bool draining() const { return parts_.draining && parts_.draining(); }
  // Who calls. A handler is only asked for what that one may.
  const v1::Principal& principal() const {
    return parts_.principal == nullptr ? v1::Principal::default_instance() : *parts_.principal;
  }
  // From where: "203.0.113.7", or "local".
  const std::string& peer_address() const { return parts_.peer_address; }

 private:
  Parts parts_;
};

// The two directions of a stream. Both return false when the stream is at its end or broken: stop then.
template <typename Message>
class Sink {
 public:
  virtual ~Sink() = default;
  virtual bool Write(const Message& message) = 0;
};
template <typename Message>
class Source {
 public:
  virtual ~Source() = default;
  virtual bool Read(Message* message) = 0;
};

}  // namespace cognate::grpc_support
