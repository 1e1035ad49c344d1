// The real service with a database of its own, real targets, a real Redis, and fakes for what it calls.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cognate/bus/v1/lane_batch.pb.h"
#include "cognate/v1/delivery_service.grpc.pb.h"
#include "common/bus/streams.h"
#include "common/clock/clock.h"
#include "common/grpc/channel.h"
#include "common/ids/uuid.h"
#include "common/postgres/connection.h"
#include "common/redis/client.h"
#include "common/service/cluster.h"
#include "common/value/value.h"
#include "gmock/gmock.h"
#include "services/delivery/server.h"
#include "services/delivery/testing/fake_peers.h"
#include "tests/support/eventually.h"
#include "tests/support/postgres_server.h"
#include "tests/support/redis_server.h"
#include "tests/support/status_matchers.h"

namespace cognate::delivery {

// One running delivery service.
class RunningDelivery {
 public:
  explicit RunningDelivery(const Config& config) {
    service::ClusterOptions options;
    options.drain_timeout = absl::Seconds(2);
    cluster_ = std::make_unique<service::Cluster>(options, Clock::Real(), metrics_);
    cluster_->Add("delivery",
                  test_support::ValueOrDie(Server::Create(config, cluster_->AddEnvironment("delivery"))));
    EXPECT_OK(cluster_->Start());
    channel_ = grpc_support::MakeChannel(cluster_->address());
  }
  ~RunningDelivery() { cluster_->Shutdown(); }

  v1::Lane LaneTo(const std::string& platform) {
    const auto stub = v1::DeliveryService::NewStub(channel_);
    v1::ListLanesRequest request;
    request.set_platform(platform);
    const auto response = grpc_support::Call(*stub, &v1::DeliveryService::Stub::ListLanes, request);
    return response.ok() && response->lanes_size() == 1 ? response->lanes(0) : v1::Lane();
  }
  absl::Status Ready() const { return cluster_->Ready(); }
  std::string Metrics() { return metrics_.Text(); }

 private:
  metrics::Registry metrics_;
  std::unique_ptr<service::Cluster> cluster_;
  std::shared_ptr<grpc::Channel> channel_;
};

class DeliveryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    config_.postgres.uri = test_support::PostgresServer::Shared().CreateDatabase();
    config_.redis.address = test_support::RedisServer::Shared().address();
    config_.peers.registry = peers_.address();
    config_.peers.feedback = peers_.address();
    config_.lease_duration = absl::Seconds(2);
    config_.lanes.stream_prefix = RandomHex(4) + ":";
    config_.lanes.refill_interval = absl::Milliseconds(100);
    config_.lanes.probe = {absl::Milliseconds(20), 2.0, absl::Milliseconds(200)};
    config_.lanes.platform_interval = absl::Milliseconds(200);
    ASSERT_OK(Migrate(config_));
    redis_ = test_support::ValueOrDie(redis::Client::Connect(config_.redis.address));
  }

  // A target with the table public.nodes, whose `parent_id` refers to the table itself.
  std::unique_ptr<postgres::Connection> MakeTarget(const std::string& id,
                                                   test_support::PostgresServer& server) {
    const std::string uri = server.CreateDatabase();
    auto connection = test_support::ValueOrDie(postgres::Connection::Open(uri));
    EXPECT_OK(connection->Execute(
        "CREATE TABLE nodes (id serial PRIMARY KEY, code text UNIQUE, parent_id int REFERENCES nodes)"));
    peers_.SetTarget(id, uri);
    return connection;
  }
  std::unique_ptr<postgres::Connection> MakeTarget(const std::string& id) {
    return MakeTarget(id, test_support::PostgresServer::Shared());
  }

  static std::string Entity(int number) {
    std::string bytes(16, '\0');
    for (int i = 0; i < 4; ++i) bytes[static_cast<size_t>(15 - i)] = static_cast<char>(number >> (8 * i));
    bytes[0] = 1;
    return bytes;
  }

  // A batch of nodes; `parent` 0 is none.
  struct Node {
    int entity;
    int64_t version;
    std::string code;
    int parent = 0;
    bool optional = true;
    bool allow_incomplete = false;
    bool deleted = false;
  };
  static bus::v1::LaneBatch Batch(const std::vector<Node>& nodes) {
    bus::v1::LaneBatch batch;
    bus::v1::DeliveryGroup& group = *batch.add_groups();
    group.set_model("public.nodes");
    group.set_source_platform("source");
    group.set_source_model("node");
    for (const char* const field : {"code", "parent_id"}) group.add_field_names(field);
    group.add_key_fields("id");
    for (const Node& node : nodes) {
      bus::v1::Delivery& delivery = *group.add_deliveries();
      delivery.set_entity_id(Entity(node.entity));
      delivery.set_version(node.version);
      delivery.set_operation(node.deleted ? v1::OPERATION_DELETE : v1::OPERATION_UPDATE);
      delivery.set_source_local_id(absl::StrCat("s", node.entity));
      delivery.set_capture_time_us(absl::ToUnixMicros(absl::Now()));
      delivery.set_allow_incomplete(node.allow_incomplete);
      if (node.deleted) continue;
      *delivery.add_values() = value::Text(node.code);
      v1::Value& parent = *delivery.add_values();
      if (node.parent == 0) {
        parent = value::Null();
        continue;
      }
      v1::Reference& reference = *parent.mutable_reference_value();
      reference.set_entity_id(Entity(node.parent));
      reference.set_model("public.nodes");
      reference.set_optional(node.optional);
      reference.set_source_model("node");
      reference.set_source_local_id(absl::StrCat("s", node.parent));
    }
    return batch;
  }
  void Put(const std::string& platform, const std::vector<Node>& nodes) {
    EXPECT_OK(redis_->Add(bus::LaneStream(platform, config_.lanes.stream_prefix),
                          Batch(nodes).SerializeAsString()));
  }

  int64_t Length(const std::string& platform) {
    return redis_->Length(bus::LaneStream(platform, config_.lanes.stream_prefix)).value_or(-1);
  }
  bool MarkedClosed(const std::string& platform) {
    const auto mark = redis_->Get(bus::LaneClosedKey(platform, config_.lanes.stream_prefix));
    return mark.ok() && mark->has_value();
  }
  static bool Reported(FakePeers& peers, int entity, v1::OutcomeStatus status) {
    return test_support::Eventually([&] { return peers.OutcomeOf(Entity(entity)).status() == status; });
  }
  bool Applied(int entity) { return Reported(peers_, entity, v1::OUTCOME_STATUS_APPLIED); }

  // All values of the first column, joined by "|"; NULL is "-".
  static std::string Ask(postgres::Connection& connection, absl::string_view sql) {
    const auto rows = connection.QueryText(sql);
    if (!rows.ok()) return rows.status().ToString();
    std::string out;
    for (int i = 0; i < rows->size(); ++i) {
      absl::StrAppend(&out, i == 0 ? "" : "|", rows->IsNull(i, 0) ? "-" : rows->GetText(i, 0));
    }
    return out;
  }

  FakePeers peers_;
  Config config_;
  std::unique_ptr<redis::Client> redis_;
};

}  // namespace cognate::delivery
