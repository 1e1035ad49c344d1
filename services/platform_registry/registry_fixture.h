// The real service on a port of its own, over a private database; for tests.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "cognate/v1/assignment_service.grpc.pb.h"
#include "cognate/v1/key_service.grpc.pb.h"
#include "cognate/v1/ledger_service.grpc.pb.h"
#include "cognate/v1/pipeline_service.grpc.pb.h"
#include "cognate/v1/platform_registry_service.grpc.pb.h"
#include "cognate/v1/rules_service.grpc.pb.h"
#include "common/grpc/channel.h"
#include "common/postgres/connection.h"
#include "common/service/cluster.h"
#include "gtest/gtest.h"
#include "services/platform_registry/server.h"
#include "tests/support/postgres_server.h"
#include "tests/support/proto_matchers.h"
#include "tests/support/status_matchers.h"

namespace cognate::platform_registry {

class Registry {
 public:
  explicit Registry(const std::string& uri) : Registry(uri, 8) {}
  Registry(const std::string& uri, int pool_size) {
    config_.postgres.uri = uri;
    config_.postgres.pool_size = pool_size;
    EXPECT_OK(Migrate(config_));
    cluster_ = std::make_unique<service::Cluster>(service::ClusterOptions(), Clock::Real(), metrics_);
    service::Environment& environment = cluster_->AddEnvironment("platform_registry");
    cluster_->Add("platform_registry", test_support::ValueOrDie(Server::Create(config_, environment)));
    EXPECT_OK(cluster_->Start());
    const auto channel = grpc_support::MakeChannel(cluster_->address());
    registry_ = v1::PlatformRegistryService::NewStub(channel);
    ledger_ = v1::LedgerService::NewStub(channel);
    pipelines_ = v1::PipelineService::NewStub(channel);
    rules_ = v1::RulesService::NewStub(channel);
    assignments_ = v1::AssignmentService::NewStub(channel);
    keys_ = v1::KeyService::NewStub(channel);
  }
  ~Registry() { cluster_->Shutdown(); }

  // registry.Call(&v1::PlatformRegistryService::Stub::GetPlatform, "name: 'platforms/atlas'")
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                const std::string& request) {
    return Call(method, test_support::ParseProto<Request>(request));
  }
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                const Request& request) {
    grpc_support::CallOptions options;
    options.timeout = absl::Seconds(60);
    if constexpr (std::is_same_v<Stub, v1::LedgerService::Stub>) {
      return grpc_support::Call(*ledger_, method, request, options);
    } else if constexpr (std::is_same_v<Stub, v1::PipelineService::Stub>) {
      return grpc_support::Call(*pipelines_, method, request, options);
    } else if constexpr (std::is_same_v<Stub, v1::RulesService::Stub>) {
      return grpc_support::Call(*rules_, method, request, options);
    } else if constexpr (std::is_same_v<Stub, v1::AssignmentService::Stub>) {
      return grpc_support::Call(*assignments_, method, request, options);
    } else if constexpr (std::is_same_v<Stub, v1::KeyService::Stub>) {
      return grpc_support::Call(*keys_, method, request, options);
    } else {
      return grpc_support::Call(*registry_, method, request, options);
    }
  }

  service::Cluster& cluster() { return *cluster_; }

 private:
  Config config_;
  metrics::Registry metrics_;
  std::unique_ptr<service::Cluster> cluster_;
  std::unique_ptr<v1::PlatformRegistryService::Stub> registry_;
  std::unique_ptr<v1::LedgerService::Stub> ledger_;
  std::unique_ptr<v1::PipelineService::Stub> pipelines_;
  std::unique_ptr<v1::RulesService::Stub> rules_;
  std::unique_ptr<v1::AssignmentService::Stub> assignments_;
  std::unique_ptr<v1::KeyService::Stub> keys_;
};

using RegistryStub = v1::PlatformRegistryService::Stub;
using LedgerStub = v1::LedgerService::Stub;
using RulesStub = v1::RulesService::Stub;
using KeyStub = v1::KeyService::Stub;

// A registry with an empty database for each case.
class RegistryTest : public ::testing::Test {
 protected:
  template <typename Method, typename Request>
  auto Call(Method method, const Request& request) {
    return registry_.Call(method, request);
  }
  // An agent's platform, and one of Postgres that nothing connects to.
  void AddAgent(const std::string& id) {
    ASSERT_OK(Call(&RegistryStub::CreatePlatform,
                   "platform { name: 'platforms/" + id + "' kind: PLATFORM_KIND_AGENT }"));
  }
  void AddPostgres(const std::string& id, const std::string& uri = "postgresql://nobody@localhost:1/none",
                   const std::string& more = "") {
    ASSERT_OK(Call(&RegistryStub::CreatePlatform, "platform { name: 'platforms/" + id +
                                                      "' kind: PLATFORM_KIND_POSTGRES database { uri: '" +
                                                      uri + "' } " + more + " }"));
  }

  const std::string uri_ = test_support::PostgresServer::Shared().CreateDatabase();
  Registry registry_{uri_};
};

}  // namespace cognate::platform_registry
