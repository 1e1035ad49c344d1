#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "cognate/v1/change_capture_service.grpc.pb.h"
#include "cognate/v1/feedback_service.grpc.pb.h"
#include "cognate/v1/platform_registry_service.grpc.pb.h"
#include "common/clock/clock.h"
#include "common/grpc/unary.h"
#include "common/metrics/metrics.h"
#include "common/sync/mutex.h"

// Services for the tests of this folder: real gRPC services whose handlers the test gives.
namespace cognate::grpc_support {

class FakeRegistry final : public v1::PlatformRegistryService::Service {
 public:
  using Handler = std::function<absl::StatusOr<v1::Platform>(const Rpc&, const v1::GetPlatformRequest&)>;

  explicit FakeRegistry(metrics::Registry& metrics, RpcBoundary::Options options = {},
                        access::Gate* gate = nullptr)
      : rpcs_("platform_registry", Clock::Real(), metrics, gate, options) {}

  grpc::Status GetPlatform(grpc::ServerContext* context, const v1::GetPlatformRequest* request,
                           v1::GetPlatformResponse* response) override {
    return rpcs_.Unary(*context, *request, response,
                       [&](const Rpc& rpc) -> absl::StatusOr<v1::GetPlatformResponse> {
                         absl::StatusOr<v1::Platform> platform = handler.get()(rpc, *request);
                         if (!platform.ok()) return platform.status();
                         v1::GetPlatformResponse answer;
                         *answer.mutable_platform() = *std::move(platform);
                         return answer;
                       });
  }

  // May be set anew between calls. Its lock also shows ThreadSanitizer what the library's own threads do in
  // order.
  class HandlerSlot {
   public:
    HandlerSlot& operator=(Handler next) {
      MutexLock lock(&mutex_);
      handler_ = std::move(next);
      return *this;
    }
    Handler get() const {
      MutexLock lock(&mutex_);
      return handler_;
    }

   private:
    mutable Mutex mutex_;
    Handler handler_ ABSL_GUARDED_BY(mutex_) =
        [](const Rpc&, const v1::GetPlatformRequest& request) -> absl::StatusOr<v1::Platform> {
      v1::Platform platform;
      platform.set_name(request.name());
      return platform;
    };
  };
  HandlerSlot handler;

 private:
  RpcBoundary rpcs_;
};

// Answers every message of the stream, until the client has no more.
class FakeCapture final : public v1::ChangeCaptureService::Service {
 public:
  explicit FakeCapture(metrics::Registry& metrics) : rpcs_("change_capture", Clock::Real(), metrics) {}

  grpc::Status CaptureStream(
      grpc::ServerContext* context,
      grpc::ServerReaderWriter<v1::CaptureStreamResponse, v1::CaptureStreamRequest>* stream) override {
    return rpcs_.BidiStream(
        *context, stream,
        [](const Rpc&, Source<v1::CaptureStreamRequest>& source, Sink<v1::CaptureStreamResponse>& sink) {
          v1::CaptureStreamRequest request;
          while (source.Read(&request)) sink.Write(v1::CaptureStreamResponse());
          return absl::OkStatus();
        });
  }

 private:
  RpcBoundary rpcs_;
};

// Sends two events, then waits for the drain or the client's end, as a real watch does.
class FakeFeedback final : public v1::FeedbackService::Service {
 public:
  explicit FakeFeedback(metrics::Registry& metrics) : rpcs_("feedback", Clock::Real(), metrics) {}

  void Drain() { rpcs_.Drain(); }

  grpc::Status Watch(grpc::ServerContext* context, const v1::WatchRequest* request,
                     grpc::ServerWriter<v1::WatchResponse>* writer) override {
    return rpcs_.ServerStream(*context, *request, writer,
                              [](const Rpc& rpc, Sink<v1::WatchResponse>& sink) -> absl::Status {
                                sink.Write(v1::WatchResponse());
                                sink.Write(v1::WatchResponse());
                                while (!rpc.cancelled() && !rpc.draining())
                                  absl::SleepFor(absl::Milliseconds(1));
                                return absl::UnavailableError("draining: connect again");
                              });
  }

 private:
  RpcBoundary rpcs_;
};

}  // namespace cognate::grpc_support
