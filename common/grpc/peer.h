// A service that this one calls.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "common/grpc/call_options.h"
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
    return CallWithRetry<Response>(options, [&](grpc::ClientContext& context, Response* response) {
      Stub* const stub = Connected();
      if (!IsInProcess(address_)) return (stub->*method)(&context, request, response);
      if (stub == nullptr || !server_->Enter())
        return grpc::Status(grpc::StatusCode::UNAVAILABLE, address_ + " does not serve");
      grpc::Status answer = (stub->*method)(&context, request, response);
      server_->Leave();
      return answer;
    });
  }

 private:
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
