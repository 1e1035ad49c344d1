// A change_capture with real neighbours for its tests: PostgreSQL, Redis, and a platform registry that knows
// an agent's platform `shop` with the model `item`, and the sync `items` from it to `vault`.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cognate/bus/v1/change_batch.pb.h"
#include "cognate/v1/change_capture_service.grpc.pb.h"
#include "cognate/v1/platform_registry_service.grpc.pb.h"
#include "common/bus/streams.h"
#include "common/clock/clock.h"
#include "common/grpc/channel.h"
#include "common/metrics/metrics.h"
#include "common/process/process.h"
#include "common/redis/client.h"
#include "common/service/cluster.h"
#include "common/value/value.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/change_capture/server.h"
#include "services/platform_registry/server.h"
#include "tests/support/environment.h"
#include "tests/support/eventually.h"
#include "tests/support/postgres_server.h"
#include "tests/support/proto_matchers.h"
#include "tests/support/redis_server.h"
#include "tests/support/status_matchers.h"

namespace cognate::change_capture {

using test_support::Eventually;
using test_support::HasReason;
using test_support::IsOk;
using test_support::ParseProto;
using test_support::PostgresServer;
using test_support::RedisServer;
using test_support::ValueOrDie;

constexpr char kItemModel[] = R"pb(
  platform: "platforms/shop"
  models {
    model: "item"
    fields { name: "id" type: FIELD_TYPE_INTEGER size_bits: 64 }
    fields { name: "name" type: FIELD_TYPE_TEXT nullable: true }
    fields { name: "price" type: FIELD_TYPE_DECIMAL nullable: true }
    fields { name: "made" type: FIELD_TYPE_DATE nullable: true }
    fields { name: "photo" type: FIELD_TYPE_BYTES nullable: true }
    fields { name: "colour" type: FIELD_TYPE_TEXT nullable: true }
    fields { name: "maker" type: FIELD_TYPE_TEXT nullable: true }
    fields { name: "place" type: FIELD_TYPE_TEXT nullable: true }
    fields { name: "note" type: FIELD_TYPE_TEXT nullable: true }
    fields { name: "count" type: FIELD_TYPE_INTEGER size_bits: 32 nullable: true }
    key_fields: "id"
  }
)pb";

// One process of a service with its own ports.
class Running {
 public:
  Running() : cluster_(service::ClusterOptions(), Clock::Real(), metrics_) {}
  template <typename Service, typename Config>
  void Start(absl::string_view noun, const Config& config) {
    cluster_.Add(noun, ValueOrDie(Service::Create(config, cluster_.AddEnvironment(noun))));
    ASSERT_OK(cluster_.Start());
  }
  std::string address() const { return cluster_.address(); }
  std::string MetricsText() { return metrics_.Text(); }
  absl::Status Ready() const { return cluster_.Ready(); }

 private:
  metrics::Registry metrics_;
  service::Cluster cluster_;
};

class CaptureFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    static int count = 0;
    prefix_ = absl::StrCat("t", ++count, ":");
    database_ = postgres().CreateDatabase();
    StartRegistry();
    DescribePlatforms();
    ASSERT_OK(Migrate(MakeConfig()));
    StartCapture();
  }
  void TearDown() override {
    stub_.reset();
    capture_.reset();
    registry_stub_.reset();
    registry_.reset();
  }

  // Those of a test that stops them are its own.
  virtual PostgresServer& postgres() { return PostgresServer::Shared(); }
  virtual RedisServer& redis() { return RedisServer::Shared(); }
  virtual void Adjust(Config&) {}

  Config MakeConfig() {
    Config config;
    config.postgres.uri = database_;
    config.redis.address = redis().address();
    config.peers.registry = registry_ != nullptr ? registry_->address() : registry_address_;
    config.stream_prefix = prefix_;
    config.feeder.grace = absl::Milliseconds(300);
    config.feeder.sweep_interval = absl::Milliseconds(50);
    Adjust(config);
    return config;
  }

  void StartRegistry() {
    platform_registry::Config config;
    config.postgres.uri = database_;
    ASSERT_OK(platform_registry::Migrate(config));
    registry_ = std::make_unique<Running>();
    registry_->Start<platform_registry::Server>("platform_registry", config);
    registry_address_ = registry_->address();
    registry_stub_ = v1::PlatformRegistryService::NewStub(grpc_support::MakeChannel(registry_address_));
  }

  void StartCapture() {
    capture_ = std::make_unique<Running>();
    capture_->Start<Server>("change_capture", MakeConfig());
    stub_ = v1::ChangeCaptureService::NewStub(grpc_support::MakeChannel(capture_->address()));
  }

  void DescribePlatforms() {
    using Registry = v1::PlatformRegistryService::Stub;
    const auto ask = [&](auto method, auto request) {
      ASSERT_OK(grpc_support::Call(*registry_stub_, method, request));
    };
    ask(&Registry::CreatePlatform, ParseProto<v1::CreatePlatformRequest>(R"pb(
      platform { name: "platforms/shop" kind: PLATFORM_KIND_AGENT }
    )pb"));
    ask(&Registry::PutModels, ParseProto<v1::PutModelsRequest>(kItemModel));
    ASSERT_OK(ValueOrDie(postgres::Connection::Open(database_))
                  ->Execute("CREATE TABLE public.item (id bigint PRIMARY KEY, name text)"));
    auto vault = ParseProto<v1::CreatePlatformRequest>(R"pb(
      platform { name: "platforms/vault" kind: PLATFORM_KIND_POSTGRES }
    )pb");
    vault.mutable_platform()->mutable_database()->set_uri(database_);
    ask(&Registry::CreatePlatform, vault);
    ask(&Registry::AnalyzeModels, ParseProto<v1::AnalyzeModelsRequest>("platform: 'platforms/vault'"));
    ask(&Registry::CreateSync, ParseProto<v1::CreateSyncRequest>(R"pb(
      sync {
        name: "syncs/items"
        source_platform: "shop"
        source_model: "item"
        target_platform: "vault"
        target_model: "public.item"
        fields { source: "id" target: "id" }
        fields { source: "name" target: "name" }
      }
    )pb"));
  }

  static v1::Change Item(absl::string_view change_id, int64_t id, absl::string_view name) {
    v1::Change change;
    change.set_change_id(std::string(change_id));
    change.set_model("item");
    change.set_local_id(absl::StrCat(id));
    change.set_operation(v1::OPERATION_UPDATE);
    *change.mutable_fields() = value::Fields({{"id", value::Int(id)}, {"name", value::Text(name)}}).fields();
    return change;
  }
  static v1::CaptureRequest Request(std::vector<v1::Change> changes) {
    v1::CaptureRequest request;
    request.set_platform("shop");
    for (v1::Change& change : changes) *request.add_changes() = std::move(change);
    return request;
  }

  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (v1::ChangeCaptureService::Stub::*method)(grpc::ClientContext*,
                                                                                       const Request&,
                                                                                       Response*),
                                const Request& request) {
    return grpc_support::Call(*stub_, method, request);
  }
  absl::StatusOr<v1::CaptureResponse> Capture(const v1::CaptureRequest& request) {
    return Call(&v1::ChangeCaptureService::Stub::Capture, request);
  }
  absl::StatusOr<v1::CaptureResponse> Capture(std::vector<v1::Change> changes) {
    return Capture(Request(std::move(changes)));
  }
  absl::Status Acknowledge(const std::vector<int64_t>& batch_ids) {
    v1::AcknowledgeBatchesRequest request;
    request.mutable_batch_ids()->Add(batch_ids.begin(), batch_ids.end());
    return Call(&v1::ChangeCaptureService::Stub::AcknowledgeBatches, request).status();
  }

  // What the stream holds now, as the transformer would read it.
  std::vector<bus::v1::ChangeBatch> OnStream() {
    auto client = redis::Client::Connect(redis().address());
    std::vector<bus::v1::ChangeBatch> batches;
    if (!client.ok()) return batches;
    auto entries = (*client)->Read(bus::ChangesStream(prefix_), "0", 100'000, absl::ZeroDuration());
    if (!entries.ok()) return batches;
    for (const redis::Entry& entry : *entries)
      EXPECT_TRUE(batches.emplace_back().ParseFromString(entry.payload));
    return batches;
  }
  // How often each batch is on the stream.
  std::map<int64_t, int> BatchesOnStream() {
    std::map<int64_t, int> count;
    for (const bus::v1::ChangeBatch& batch : OnStream()) ++count[batch.batch_id()];
    return count;
  }

  int64_t Number(absl::string_view sql) {
    auto connection = ValueOrDie(postgres::Connection::Open(database_));
    auto rows =
        ValueOrDie(connection->QueryOnce(absl::StrCat("SELECT (", sql, ")::int8"), postgres::Params()));
    return rows.GetInt64(0, 0);
  }

  std::string prefix_;
  std::string database_;
  std::string registry_address_;
  std::unique_ptr<Running> registry_;
  std::unique_ptr<v1::PlatformRegistryService::Stub> registry_stub_;
  std::unique_ptr<Running> capture_;
  std::unique_ptr<v1::ChangeCaptureService::Stub> stub_;
};

// For tests that stop, empty or restart a server under the service.
class FaultFixture : public CaptureFixture {
 protected:
  FaultFixture() : postgres_(ValueOrDie(PostgresServer::Start())), redis_(ValueOrDie(RedisServer::Start())) {}
  PostgresServer& postgres() override { return *postgres_; }
  RedisServer& redis() override { return *redis_; }

 private:
  std::unique_ptr<PostgresServer> postgres_;
  std::unique_ptr<RedisServer> redis_;
};

// For tests of the real program, which can be killed.
class ProgramFixture : public FaultFixture {
 protected:
  process::Process StartProgram(const std::string& socket) {
    process::Command command;
    command.argv = {test_support::Program("change-capture"),
                    "serve",
                    "--postgres-uri=" + database_,
                    "--redis-address=" + redis().address(),
                    "--registry=" + registry_address_,
                    "--listen=unix:" + socket,
                    "--admin=127.0.0.1:0",
                    "--log-level=warn"};
    return ValueOrDie(process::Process::Spawn(command));
  }
};

}  // namespace cognate::change_capture
