#pragma once

#include <memory>
#include <string>

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/grpc/call_options.h"
#include "common/grpc/status.h"
#include "google/protobuf/descriptor.h"

namespace cognate::grpc_support {

struct ChannelOptions {
  absl::Duration keepalive_time = absl::Seconds(30);
  absl::Duration keepalive_timeout = absl::Seconds(10);
  absl::Duration min_reconnect_backoff = absl::Milliseconds(100);
  absl::Duration max_reconnect_backoff = absl::Seconds(2);
  int max_message_bytes = 64 << 20;
};

// A channel to "host:port", "unix:/path" or "dns:///host:port" (round robin over its addresses), with what
// this process trusts and shows (client_trust.h). Connects when first used. Every channel and stub must be
// gone before main returns: keep them in objects that main owns, never in a global.
std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address, const ChannelOptions& options = {});

// One unary call: deadline, request id, bounded retries, errors with their details.
//
//   ASSIGN_OR_RETURN(auto answer, Call(*stub_, &v1::PlatformRegistryService::Stub::GetPlatform, request,
//                                      {.timeout = absl::Seconds(5), .idempotent = true}));
template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> Call(Stub& stub,
                              grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                              const Request& request, const CallOptions& options = {});

// What CallOptions say of one attempt that ends by `deadline`, and what is current (common/trace): the
// request id and the trace go along.
void Prepare(grpc::ClientContext& context, const CallOptions& options, absl::Time deadline);

// The part of Call that knows no message: makes attempts until one ends it. With the type of its request,
// which says what is called, all of them together are one span.
absl::Status CallWithRetry(const CallOptions& options,
                           absl::FunctionRef<grpc::Status(grpc::ClientContext&)> attempt,
                           const google::protobuf::Descriptor* request_type = nullptr);

// The same with a new answer for each attempt.
template <typename Response>
absl::StatusOr<Response> CallWithRetry(
    const CallOptions& options, absl::FunctionRef<grpc::Status(grpc::ClientContext&, Response*)> attempt,
    const google::protobuf::Descriptor* request_type = nullptr) {
  Response response;
  absl::Status status = CallWithRetry(
      options,
      [&](grpc::ClientContext& context) {
        response.Clear();
        return attempt(context, &response);
      },
      request_type);
  if (!status.ok()) return status;
  return response;
}

template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> Call(Stub& stub,
                              grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                              const Request& request, const CallOptions& options) {
  return CallWithRetry<Response>(
      options,
      [&](grpc::ClientContext& context, Response* response) {
        return (stub.*method)(&context, request, response);
      },
      Request::descriptor());
}

}  // namespace cognate::grpc_support
