// Services of the tests' own behind a gateway.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include <grpcpp/server_context.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "cognate/v1/feedback_service.grpc.pb.h"
#include "cognate/v1/platform_registry_service.grpc.pb.h"
#include "common/grpc/status.h"
#include "common/status/error.h"

namespace cognate::gateway {

inline std::string Said(const grpc::ServerContext& context, const char* key) {
  const auto found = context.client_metadata().find(key);
  return found == context.client_metadata().end() ? "(nothing)"
                                                  : std::string(found->second.data(), found->second.size());
}

// Does what the name of the platform says.
class FakeRegistry final : public v1::PlatformRegistryService::Service {
 public:
  grpc::Status GetPlatform(grpc::ServerContext* context, const v1::GetPlatformRequest* request,
                           v1::GetPlatformResponse* response) override {
    ++calls;
    const std::string& name = request->name();
    if (name == "wait") {
      while (!context->IsCancelled() && !released) absl::SleepFor(absl::Milliseconds(2));
      if (context->IsCancelled()) ++cancelled;
    }
    if (name == "wrong") {
      return grpc_support::ToGrpcStatus(
          Error(absl::StatusCode::kNotFound, "PLATFORM_NOT_FOUND", "not there").With("platform", "wrong"));
    }
    if (name == "who") {
      response->mutable_platform()->set_display_name(absl::StrCat(
          Said(*context, "x-cognate-forwarded-for"), " ", Said(*context, "x-cognate-forwarded-authorization"),
          " ", Said(*context, "authorization"), " ", Said(*context, "traceparent"), " ",
          Said(*context, "x-request-id")));
    }
    if (name == "metadata") {
      context->AddInitialMetadata("x-leading", "first");
      context->AddTrailingMetadata("x-trailing", "last");
      context->AddTrailingMetadata("x-bytes-bin", std::string("\x00\xff", 2));
    }
    if (absl::StartsWith(name, "large")) {
      response->mutable_platform()->set_display_name(std::string(size_t{8} << 20, 'x'));
    }
    response->mutable_platform()->set_name(name.substr(0, 20));
    left_milliseconds = absl::ToInt64Milliseconds(absl::FromChrono(context->deadline()) - absl::Now());
    return grpc::Status::OK;
  }

  std::atomic<int> calls = 0;
  std::atomic<int> cancelled = 0;
  std::atomic<bool> released = false;
  std::atomic<int64_t> left_milliseconds = 0;
};

class FakeFeedback final : public v1::FeedbackService::Service {
 public:
  grpc::Status Watch(grpc::ServerContext* context, const v1::WatchRequest* request,
                     grpc::ServerWriter<v1::WatchResponse>* writer) override {
    const std::string token = request->resume_token();
    if (token == "expired") {
      return grpc_support::ToGrpcStatus(
          Error(absl::StatusCode::kOutOfRange, "RESUME_TOKEN_EXPIRED", "start without one"));
    }
    v1::WatchResponse response;
    response.set_resume_token(absl::StrCat("from-", token));
    writer->Write(response);
    if (token == "fails")
      return grpc_support::ToGrpcStatus(Error(absl::StatusCode::kUnavailable, "GONE_AWAY", "later"));
    response.add_events()->set_sentence(token == "flood" ? std::string(size_t{1} << 20, 'x') : "shop");
    response.set_resume_token("next");
    for (int i = 0; token == "flood" && i < 200 && writer->Write(response); ++i) ++written;
    if (token != "flood") writer->Write(response);
    while (!context->IsCancelled()) absl::SleepFor(absl::Milliseconds(2));
    ++cancelled;
    return grpc::Status::OK;
  }

  std::atomic<int> written = 0;
  std::atomic<int> cancelled = 0;
};

}  // namespace cognate::gateway
