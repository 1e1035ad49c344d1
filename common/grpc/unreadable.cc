#include "common/grpc/unreadable.h"

#include "absl/strings/str_cat.h"
#include "common/grpc/status.h"
#include "common/status/error.h"
#include "common/sync/thread_sanitizer.h"

namespace cognate::grpc_support {
namespace {

namespace experimental = grpc::experimental;

class Explainer final : public experimental::Interceptor {
 public:
  Explainer(const char* method, void* calls) : method_(method), calls_(calls) {}
  ~Explainer() override { tsan::Release(calls_); }

  void Intercept(experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(experimental::InterceptionHookPoints::PRE_SEND_STATUS)) {
      const grpc::Status status = methods->GetSendStatus();
      // Errors of ours have words.
      if (status.error_code() == grpc::StatusCode::INTERNAL && status.error_message().empty()) {
        methods->ModifySendStatus(ToGrpcStatus(
            Error(absl::StatusCode::kInvalidArgument, "BAD_ENCODING",
                  absl::StrCat(
                      "the request is not the message that ", method_,
                      " wants: its bytes are cut short or mixed up, or a text in it is not UTF-8; send "
                      "such a value as bytes, or as UTF-8"))
                .Violation("request", "cannot be read")));
      }
    }
    methods->Proceed();
  }

 private:
  const char* const method_;
  void* const calls_;
};

class Factory final : public experimental::ServerInterceptorFactoryInterface {
 public:
  explicit Factory(void* calls) : calls_(calls) {}
  experimental::Interceptor* CreateServerInterceptor(experimental::ServerRpcInfo* info) override {
    return new Explainer(info->method(), calls_);
  }

 private:
  void* const calls_;
};

}  // namespace

std::vector<std::unique_ptr<experimental::ServerInterceptorFactoryInterface>> ExplainUnreadableRequests(
    void* calls) {
  std::vector<std::unique_ptr<experimental::ServerInterceptorFactoryInterface>> factories;
  factories.push_back(std::make_unique<Factory>(calls));
  return factories;
}

}  // namespace cognate::grpc_support
