// A service that this one calls.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "common/grpc/call_options.h"
#include "common/grpc/call_under_way.h"
#include "common/grpc/channel.h"
#include "common/grpc/in_process.h"
#include "common/sync/mutex.h"

namespace cognate::grpc_support {

// At an address as for MakeChannel, or at that of a server of this process (in_process.h). Connects when
// first called. Thread safe.
//
//   ASSIGN_OR_RETURN(auto answer, ledger_.Call(&v1::LedgerService::Stub::Resolve, request, options));
template <typename Service>
class Peer {
 public:
  using Stub = typename Service::Stub;

  explicit Peer(std::string address) : address_(std::move(address)) {}

  // As grpc_support::Call. UNAVAILABLE too while a server of this process is not there, or shuts down.
  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                const Request& request, const CallOptions& options = {}) {
    return CallWithRetry<Response>(
        options,
        [&](grpc::ClientContext& context, Response* response) {
          return With([&](Stub& stub) { return (stub.*method)(&context, request, response); });
        },
        Request::descriptor());
  }

  // The same without a thread: `method` is of Stub::async_interface. `on_end` is called by another thread.
  // Tried once.
  template <typename Request, typename Response>
  std::shared_ptr<CallUnderWay<Response>> Begin(
      void (Stub::async_interface::*method)(grpc::ClientContext*, const Request*, Response*,
                                            std::function<void(grpc::Status)>),
      std::shared_ptr<const Request> request, const CallOptions& options, std::function<void()> on_end) {
    return CallUnderWay<Response>::Begin(
        [&](grpc::ClientContext& context, Response* response, std::function<void(grpc::Status)> ended) {
          Prepare(context, options, std::min(options.deadline, absl::Now() + options.timeout));
          Stub* const stub = Connected();
          if (stub == nullptr || (IsInProcess(address_) && !server_->Enter()))
            return ended(grpc::Status(grpc::StatusCode::UNAVAILABLE, address_ + " does not serve"));
          InProcessServer* const server = IsInProcess(address_) ? server_.get() : nullptr;
          (static_cast<typename Stub::async_interface*>(stub->async())->*method)(
              &context, request.get(), response, [request, server, ended](grpc::Status status) {
                if (server != nullptr) server->Leave();
                ended(std::move(status));
              });
        },
        std::move(on_end));
  }

  // The same for a stream: each message goes to `sink(const Response&)`, until it returns false. Tried once.
  template <typename Request, typename Response, typename Sink>
  absl::Status Stream(std::unique_ptr<grpc::ClientReader<Response>> (Stub::*method)(grpc::ClientContext*,
                                                                                    const Request&),
                      const Request& request, CallOptions options, Sink&& sink) {
    options.idempotent = false;
    return CallWithRetry(options, [&](grpc::ClientContext& context) {
      return With([&](Stub& stub) {
        const auto reader = (stub.*method)(&context, request);
        Response message;
        while (reader->Read(&message)) {
          if (!sink(message)) context.TryCancel();
        }
        return reader->Finish();
      });
    });
  }

 private:
  template <typename Body>
  grpc::Status With(Body&& body) {
    Stub* const stub = Connected();
    if (!IsInProcess(address_)) return body(*stub);
    if (stub == nullptr || !server_->Enter())
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, address_ + " does not serve");
    grpc::Status answer = body(*stub);
    server_->Leave();
    return answer;
  }

  // Looks again while a server of this process has not started.
  Stub* Connected() {
    MutexLock lock(&mutex_);
    if (stub_ != nullptr) return stub_.get();
    std::shared_ptr<grpc::Channel> channel;
    if (!IsInProcess(address_)) {
      channel = MakeChannel(address_);
    } else if ((server_ = InProcessServer::Find(address_)) != nullptr) {
      channel = server_->NewChannel();
    }
    if (channel != nullptr) stub_ = Service::NewStub(channel);
    return stub_.get();
  }

  const std::string address_;
  Mutex mutex_;
  std::shared_ptr<InProcessServer> server_;  // set before stub_, and then no more
  std::unique_ptr<Stub> stub_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cognate::grpc_support
