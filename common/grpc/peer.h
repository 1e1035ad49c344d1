// A service that this one calls.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "common/grpc/call_options.h"
#include "common/grpc/channel.h"
#include "common/grpc/in_process.h"

namespace cognate::grpc_support {

// At an address as for MakeChannel, or at that of a server of this process (in_process.h). Connects when
// first called: a server of this process must have started by then. Thread safe.
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
    std::call_once(once_, [this] { Connect(); });
    Response response;
    absl::Status status = CallWithRetry(options, [&](grpc::ClientContext& context) {
      response.Clear();
      if (!IsInProcess(address_)) return (stub_.get()->*method)(&context, request, &response);
      if (stub_ == nullptr || !server_->Enter())
        return grpc::Status(grpc::StatusCode::UNAVAILABLE, address_ + " does not serve");
      const grpc::Status answer = (stub_.get()->*method)(&context, request, &response);
      server_->Leave();
      return answer;
    });
    if (!status.ok()) return status;
    return response;
  }

 private:
  void Connect() {
    std::shared_ptr<grpc::Channel> channel;
    if (!IsInProcess(address_)) {
      channel = MakeChannel(address_);
    } else if ((server_ = InProcessServer::Find(address_)) != nullptr) {
      channel = server_->NewChannel();
    }
    if (channel != nullptr) stub_ = Service::NewStub(channel);
  }

  const std::string address_;
  std::once_flag once_;
  std::shared_ptr<InProcessServer> server_;
  std::unique_ptr<Stub> stub_;
};

}  // namespace cognate::grpc_support
