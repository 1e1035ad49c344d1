#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>
#include <grpcpp/support/status.h>
#include <grpcpp/support/sync_stream.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/access/gate.h"
#include "common/clock/clock.h"
#include "common/grpc/rpc.h"
#include "common/grpc/status.h"
#include "common/grpc/waiting_calls.h"
#include "common/metrics/metrics.h"
#include "common/trace/span.h"

namespace cognate::grpc_support {

struct RpcBoundaryOptions {
  absl::Duration slow = absl::Seconds(1);               // A unary call that took longer is logged as info.
  absl::Duration default_deadline = absl::Seconds(60);  // For unary calls that come without one.
};

// The one place where calls are timed, counted, logged and converted; every service has one, and each of its
// RPCs is one line that goes through it:
//
//   grpc::Status GetPlatform(grpc::ServerContext* context, const v1::GetPlatformRequest* request,
//                            v1::GetPlatformResponse* response) override {
//     return rpcs_.Unary(*context, *request, response,
//                        [&](const Rpc& rpc) { return platform_registry::GetPlatform(store_, *request); });
//   }
//
// Which RPC it is, is told by the type of its request, which no other one has. Each call passes the gate
// (common/access): who calls, whether that one may, and where it is written down.
//
// Each call has a request id (metadata x-request-id, made if absent, returned in the trailers) and a span,
// which continues the caller's trace (metadata traceparent, docs/tracing.md); both are current while its
// handler runs, so that they are in its logs and go along with the calls that it makes. It counts in
// cognate_rpc_requests_total{service,method,code} and cognate_rpc_duration_seconds{service,method}, and is
// logged once: OK as debug, slow or refused as info, at fault (INTERNAL, UNKNOWN, DATA_LOSS) as error. A call
// whose deadline has passed before it began is not run. No exception leaves, but for std::bad_alloc.
// Thread-safe.
class RpcBoundary {
 public:
  using Options = RpcBoundaryOptions;

  // `service` as in logs and metrics: "platform_registry".
  // Without a gate everybody may do everything.
  RpcBoundary(absl::string_view service, const Clock& clock, metrics::Registry& metrics,
              access::Gate* gate = nullptr, Options options = {});
  ~RpcBoundary();

  // From now on Rpc::draining() is true, so that long waits and streams end.
  void Drain() { draining_ = true; }

  // `handler(const Rpc&)` returns absl::StatusOr<Response>.
  template <typename Request, typename Response, typename Handler>
  grpc::Status Unary(grpc::ServerContext& context, const Request& request, Response* response,
                     Handler&& handler) {
    return Run(context, *Request::descriptor(), &request, Kind::kUnary, [&](const Rpc& rpc) -> absl::Status {
      absl::StatusOr<Response> answer = std::forward<Handler>(handler)(rpc);
      if (!answer.ok()) return answer.status();
      *response = *std::move(answer);
      return absl::OkStatus();
    });
  }

  // For a call that may have to wait, and holds no thread meanwhile. `look(const Rpc&)` returns
  // absl::StatusOr<std::optional<Response>>: nothing as long as there is nothing to answer. It is asked again
  // and again (WaitingCalls), by one thread at a time, and says itself what the answer is when the call is
  // cancelled or draining, or the time is over.
  template <typename Request, typename Response, typename Look>
  grpc::ServerUnaryReactor* Waiting(WaitingCalls& calls, const std::string& key,
                                    grpc::CallbackServerContext& context, const Request& request,
                                    Response* response, Look look) {
    return Wait(calls, key, context, *Request::descriptor(), request,
                [response, look = std::move(look)](const Rpc& rpc) mutable -> absl::StatusOr<bool> {
                  absl::StatusOr<std::optional<Response>> answer = look(rpc);
                  if (!answer.ok()) return answer.status();
                  if (!answer->has_value()) return false;
                  *response = **std::move(answer);
                  return true;
                });
  }

  // `handler(const Rpc&, Sink<Response>&)` returns absl::Status.
  template <typename Request, typename Response, typename Handler>
  grpc::Status ServerStream(grpc::ServerContext& context, const Request& request,
                            grpc::ServerWriter<Response>* writer, Handler&& handler) {
    return Run(context, *Request::descriptor(), &request, Kind::kStream, [&](const Rpc& rpc) -> absl::Status {
      StreamSink<Response, grpc::ServerWriter<Response>> sink(writer);
      return std::forward<Handler>(handler)(rpc, sink);
    });
  }

  // `handler(const Rpc&, Source<Request>&)` returns absl::StatusOr<Response>, also before the stream's end.
  // It looks itself whether its messages are for the caller's platform (access::CheckPlatform).
  template <typename Request, typename Response, typename Handler>
  grpc::Status ClientStream(grpc::ServerContext& context, grpc::ServerReader<Request>* reader,
                            Response* response, Handler&& handler) {
    return Run(context, *Request::descriptor(), nullptr, Kind::kStream, [&](const Rpc& rpc) -> absl::Status {
      StreamSource<Request, grpc::ServerReader<Request>> source(reader);
      absl::StatusOr<Response> answer = std::forward<Handler>(handler)(rpc, source);
      if (!answer.ok()) return answer.status();
      *response = *std::move(answer);
      return absl::OkStatus();
    });
  }

  // `handler(const Rpc&, Source<Request>&, Sink<Response>&)` returns absl::Status. It looks itself whether
  // its messages are for the caller's platform (access::CheckPlatform).
  template <typename Request, typename Response, typename Handler>
  grpc::Status BidiStream(grpc::ServerContext& context, grpc::ServerReaderWriter<Response, Request>* stream,
                          Handler&& handler) {
    using Stream = grpc::ServerReaderWriter<Response, Request>;
    return Run(context, *Request::descriptor(), nullptr, Kind::kStream, [&](const Rpc& rpc) -> absl::Status {
      StreamSource<Request, Stream> source(stream);
      StreamSink<Response, Stream> sink(stream);
      return std::forward<Handler>(handler)(rpc, source, sink);
    });
  }

 private:
  enum class Kind { kUnary, kStream };
  struct Method;  // The metrics of one method.
  class WaitingCall;
  // True once the call has its answer.
  using Step = std::function<absl::StatusOr<bool>(const Rpc&)>;
  grpc::ServerUnaryReactor* Wait(WaitingCalls& calls, const std::string& key,
                                 grpc::CallbackServerContext& context,
                                 const google::protobuf::Descriptor& request_type,
                                 const google::protobuf::Message& request, Step step);

  template <typename Message, typename Stream>
  class StreamSink final : public Sink<Message> {
   public:
    explicit StreamSink(Stream* stream) : stream_(stream) {}
    bool Write(const Message& message) override { return stream_->Write(message); }

   private:
    Stream* stream_;
  };
  template <typename Message, typename Stream>
  class StreamSource final : public Source<Message> {
   public:
    explicit StreamSource(Stream* stream) : stream_(stream) {}
    bool Read(Message* message) override { return stream_->Read(message); }

   private:
    Stream* stream_;
  };

  // What is known of a call before its handler is asked.
  struct Call {
    std::string method;
    std::string request_id;
    absl::Time deadline;
    access::Caller caller;
    access::Admission admission;
    bool is_admitted = false;
    trace::Span span;
  };

  template <typename Body>
  grpc::Status Run(grpc::ServerContext& context, const google::protobuf::Descriptor& request_type,
                   const google::protobuf::Message* request, Kind kind, Body&& body) {
    const absl::Time start = clock_.Now();
    Call call = Open(context, request_type, kind);
    const trace::Scope scope(call.span.context(), call.request_id, service_);
    absl::Status status = Late(call, kind);
    if (status.ok()) status = Admit(call, request_type, request);
    const Rpc rpc = MakeRpc(context, call);
    if (status.ok()) status = Guarded(rpc, body);
    SendAnswer(context, scope);
    return End(call, rpc, kind, start, std::move(status));
  }

  // What `body` returns; no exception leaves, but for std::bad_alloc.
  template <typename Body>
  absl::Status Guarded(const Rpc& rpc, Body&& body) const {
    try {
      return body(rpc);
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& exception) {
      return Thrown(rpc, exception.what());
    } catch (...) {
      return Thrown(rpc, "not a std::exception");
    }
  }

  Call Open(grpc::ServerContextBase& context, const google::protobuf::Descriptor& request_type,
            Kind kind) const;
  absl::Status Late(const Call& call, Kind kind) const;
  absl::Status Admit(Call& call, const google::protobuf::Descriptor& request_type,
                     const google::protobuf::Message* request) const;
  Rpc MakeRpc(grpc::ServerContextBase& context, const Call& call) const;
  absl::Status Thrown(const Rpc& rpc, absl::string_view what) const;
  // Where the handler has given out what belongs to another trace, the trailers say to which.
  static void SendAnswer(grpc::ServerContextBase& context, const trace::Scope& scope);
  grpc::Status End(Call& call, const Rpc& rpc, Kind kind, absl::Time start, absl::Status status);
  void Count(const Rpc& rpc, absl::Duration elapsed, const absl::Status& status);
  void Log(const Rpc& rpc, Kind kind, absl::Duration elapsed, const absl::Status& status) const;
  Method& MethodMetrics(const std::string& method);

  struct State;
  const std::string service_;
  const Clock& clock_;
  access::Gate* const gate_;
  const Options options_;
  std::atomic<bool> draining_{false};
  std::unique_ptr<State> state_;
};

}  // namespace cognate::grpc_support
