#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cognate/v1/platform_registry_service.grpc.pb.h"
#include "common/grpc/unary.h"
#include "common/health/progress_monitor.h"
#include "common/service/service.h"
#include "common/worker/worker.h"

// A small service for the tests of this folder, with all that a real one has: an RPC, a worker, a readiness
// check.
namespace cognate::service {

class FixtureService final : public Service, public v1::PlatformRegistryService::Service {
 public:
  static absl::StatusOr<std::unique_ptr<FixtureService>> Create(const std::string& greeting,
                                                                const Environment& environment) {
    if (greeting.empty()) return absl::InvalidArgumentError("greeting: got nothing, want a word");
    return std::make_unique<FixtureService>(greeting, environment);
  }

  FixtureService(std::string greeting, const Environment& environment)
      : greeting_(std::move(greeting)),
        rpcs_("fixture", environment.clock, environment.metrics, environment.gate),
        monitor_("fixture_loop", environment.clock, environment.metrics) {
    environment.readiness.AddCheck("fixture_loop", [this] { return monitor_.Check(); });
  }

  std::vector<grpc::Service*> grpc_services() override { return {this}; }
  std::vector<std::string> service_names() const override { return {"cognate.v1.PlatformRegistryService"}; }
  absl::Status Start() override {
    worker_ = std::make_unique<Worker>("fixture", [this](StopToken& stop) {
      do monitor_.Progress();
      while (!stop.WaitFor(absl::Milliseconds(10)));
    });
    return absl::OkStatus();
  }
  void Drain() override { rpcs_.Drain(); }
  void Shutdown() override { worker_.reset(); }

  grpc::Status GetPlatform(grpc::ServerContext* context, const v1::GetPlatformRequest* request,
                           v1::GetPlatformResponse* response) override {
    return rpcs_.Unary(*context, *request, response,
                       [&](const grpc_support::Rpc&) -> absl::StatusOr<v1::GetPlatformResponse> {
                         v1::GetPlatformResponse answer;
                         answer.mutable_platform()->set_name(greeting_ + request->name());
                         return answer;
                       });
  }

 private:
  const std::string greeting_;
  grpc_support::RpcBoundary rpcs_;
  health::ProgressMonitor monitor_;
  std::unique_ptr<Worker> worker_;
};

}  // namespace cognate::service
