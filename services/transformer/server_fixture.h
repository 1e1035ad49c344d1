// The transformer as a process runs it, for tests: real Redis, the other services as gRPC servers, and a sync
// of notes.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cognate/bus/v1/change_batch.pb.h"
#include "cognate/bus/v1/lane_batch.pb.h"
#include "common/bus/streams.h"
#include "common/grpc/channel.h"
#include "common/redis/client.h"
#include "common/service/cluster.h"
#include "common/value/value.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/transformer/fake_services.h"
#include "services/transformer/server.h"
#include "tests/support/eventually.h"
#include "tests/support/proto_matchers.h"
#include "tests/support/redis_server.h"
#include "tests/support/status_matchers.h"

namespace cognate::transformer {

using ::cognate::test_support::Eventually;
using ::cognate::test_support::HasReason;
using ::cognate::test_support::ParseProto;
using ::cognate::test_support::RedisServer;
using ::cognate::test_support::StatusIs;
using ::cognate::test_support::ValueOrDie;

inline v1::Rules RulesOf(int64_t revision, const std::string& target_field = "title") {
  auto rules = ParseProto<v1::Rules>(R"(
      syncs { sync { name: "syncs/notes" status: SYNC_STATUS_ACTIVE source_platform: "a" source_model: "public.note"
                     target_platform: "b" target_model: "public.memo" } target_key_fields: "id"
        fields { source: "text" target_field { type: FIELD_TYPE_TEXT max_length: 10 } } })");
  rules.set_revision(revision);
  rules.mutable_syncs(0)->mutable_fields(0)->set_target(target_field);
  rules.mutable_syncs(0)->mutable_fields(0)->mutable_target_field()->set_name(target_field);
  return rules;
}

inline bus::v1::ChangeBatch BatchOf(int64_t batch_id, std::vector<std::pair<std::string, std::string>> notes,
                                    int64_t rules_revision = 1) {
  bus::v1::ChangeBatch batch;
  batch.set_batch_id(batch_id);
  batch.set_rules_revision(rules_revision);
  batch.add_models()->set_platform("a");
  batch.mutable_models(0)->set_model("public.note");
  for (const auto& [local_id, text] : notes) {
    bus::v1::LoggedChange* const change = batch.add_changes();
    change->set_version(batch_id * 1000 + batch.changes_size());
    change->set_local_id(local_id);
    change->set_operation(v1::OPERATION_UPDATE);
    change->set_fields(value::Fields({{"text", value::Text(text)}}).SerializeAsString());
  }
  return batch;
}

// One replica of the service with ports of its own.
class Replica {
 public:
  Replica(const FakeServices& fakes, const std::string& instance,
          absl::Duration rules_interval = absl::Milliseconds(50),
          absl::Duration claim_after = absl::Seconds(1))
      : cluster_({}, Clock::Real(), metrics_) {
    Config config;
    config.redis.address = RedisServer::Shared().address();
    config.peers.registry = config.peers.change_capture = config.peers.feedback = fakes.address();
    config.instance = instance;
    config.round_changes = 10;
    config.lane_batches = 5;
    config.lane_hold = absl::ZeroDuration();
    config.claim_after = claim_after;
    config.rules_interval = rules_interval;
    config.progress_limit = absl::Milliseconds(300);
    auto server = ValueOrDie(Server::Create(config, cluster_.AddEnvironment("transformer")));
    cluster_.Add("transformer", std::move(server));
    EXPECT_OK(cluster_.Start());
  }
  ~Replica() { cluster_.Shutdown(); }

  absl::Status Ready() const { return cluster_.Ready(); }
  std::string address() const { return cluster_.address(); }
  std::string Metrics() { return metrics_.Text(); }

 private:
  metrics::Registry metrics_;
  service::Cluster cluster_;
};

class ServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    RedisServer::Shared().FlushAll();
    fakes_.SetRules(RulesOf(1));
  }

  void Send(const bus::v1::ChangeBatch& batch) {
    ASSERT_OK(redis_->Add(bus::ChangesStream(), batch.SerializeAsString()));
  }

  std::vector<bus::v1::DeliveryGroup> OnLane() {
    std::vector<bus::v1::DeliveryGroup> groups;
    for (const redis::Entry& entry :
         ValueOrDie(redis_->Read(bus::LaneStream("b"), "0", 1000, absl::ZeroDuration()))) {
      bus::v1::LaneBatch batch;
      EXPECT_TRUE(batch.ParseFromString(entry.payload));
      groups.insert(groups.end(), batch.groups().begin(), batch.groups().end());
    }
    return groups;
  }
  std::set<std::string> Delivered() {
    std::set<std::string> ids;
    for (const bus::v1::DeliveryGroup& group : OnLane()) {
      for (const bus::v1::Delivery& delivery : group.deliveries()) ids.insert(delivery.source_local_id());
    }
    return ids;
  }
  bool IsDone(int64_t batch_id) {
    return Eventually([&] { return fakes_.acknowledged().count(batch_id) > 0; }) &&
           Eventually([&] { return ValueOrDie(redis_->Length(bus::ChangesStream())) == 0; });
  }

  FakeServices fakes_;
  std::unique_ptr<redis::Client> redis_ = ValueOrDie(redis::Client::Connect(RedisServer::Shared().address()));
};

}  // namespace cognate::transformer
