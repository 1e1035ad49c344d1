// The real service behind a real port, with a database of its own, and fakes for what it calls.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cognate/v1/event_service.grpc.pb.h"
#include "cognate/v1/feedback_service.grpc.pb.h"
#include "common/clock/fake_clock.h"
#include "common/grpc/channel.h"
#include "common/postgres/connection.h"
#include "common/service/cluster.h"
#include "gmock/gmock.h"
#include "services/feedback/server.h"
#include "services/feedback/testing/fake_peers.h"
#include "tests/support/eventually.h"
#include "tests/support/postgres_server.h"
#include "tests/support/proto_matchers.h"
#include "tests/support/redis_server.h"
#include "tests/support/status_matchers.h"

namespace cognate::feedback {

// One running feedback.
class RunningFeedback {
 public:
  RunningFeedback(const Config& config, const Clock& clock) {
    service::ClusterOptions options;
    options.drain_timeout = absl::Seconds(2);
    cluster_ = std::make_unique<service::Cluster>(options, clock, metrics_);
    cluster_->Add("feedback",
                  test_support::ValueOrDie(Server::Create(config, cluster_->AddEnvironment("feedback"))));
    EXPECT_OK(cluster_->Start());
    address_ = cluster_->address();
    channel_ = grpc_support::MakeChannel(address_);
    stub_ = v1::FeedbackService::NewStub(channel_);
    events_ = v1::EventService::NewStub(channel_);
  }
  ~RunningFeedback() { cluster_->Shutdown(); }

  v1::FeedbackService::Stub& stub() { return *stub_; }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  const std::string& address() const { return address_; }

  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (v1::FeedbackService::Stub::*method)(grpc::ClientContext*,
                                                                                  const Request&, Response*),
                                const Request& request) {
    FakePeers::BeforeCall();
    return grpc_support::Call(*stub_, method, request, {.timeout = absl::Seconds(30)});
  }
  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (v1::EventService::Stub::*method)(grpc::ClientContext*,
                                                                               const Request&, Response*),
                                const Request& request) {
    FakePeers::BeforeCall();
    return grpc_support::Call(*events_, method, request, {.timeout = absl::Seconds(30)});
  }

 private:
  metrics::Registry metrics_;
  std::unique_ptr<service::Cluster> cluster_;
  std::string address_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::FeedbackService::Stub> stub_;
  std::unique_ptr<v1::EventService::Stub> events_;
};

class FeedbackTest : public ::testing::Test {
 protected:
  using Stub = v1::FeedbackService::Stub;

  FeedbackTest() {
    config_.postgres.uri = test_support::PostgresServer::Shared().CreateDatabase();
    config_.redis.address = test_support::RedisServer::Shared().address();
    config_.peers = peers_.addresses();
    config_.stream_prefix = RandomHex(4) + ":";
    EXPECT_OK(Migrate(config_));
  }

  void Start() { feedback_ = std::make_unique<RunningFeedback>(config_, clock_); }
  void Stop() { feedback_.reset(); }

  static v1::RecordKey Record(const std::string& local_id, const std::string& model = "public.country") {
    v1::RecordKey record;
    record.set_platform("atlas");
    record.set_model(model);
    record.set_local_id(local_id);
    return record;
  }

  // A record of atlas that is planned for shop's public.nations.
  Uuid Plan(const std::string& local_id, int64_t version) {
    const Uuid entity = Uuid::V7(clock_);
    peers_.AddSource(entity, Record(local_id), version);
    peers_.AddPlan(entity, "shop", "public.nations", version);
    sources_[entity] = Record(local_id);
    return entity;
  }

  v1::Outcome Outcome(const Uuid& entity, int64_t version, v1::OutcomeStatus status,
                      const std::string& reason = "") {
    v1::Outcome outcome;
    outcome.set_entity_id(std::string(entity.AsBytes()));
    outcome.set_model("public.nations");
    outcome.set_version(version);
    outcome.set_status(status);
    outcome.set_operation(v1::OPERATION_UPDATE);
    *outcome.mutable_source() = sources_[entity];
    if (status == v1::OUTCOME_STATUS_APPLIED || status == v1::OUTCOME_STATUS_INCOMPLETE) {
      outcome.set_local_id("l" + sources_[entity].local_id());
      outcome.set_fingerprint("f");
    } else {
      outcome.mutable_error()->set_reason(reason);
      outcome.mutable_error()->set_message(reason.empty() ? "" : "the message of " + reason);
    }
    return outcome;
  }
  v1::Outcome Applied(const Uuid& entity, int64_t version) {
    return Outcome(entity, version, v1::OUTCOME_STATUS_APPLIED);
  }
  v1::Outcome Failed(const Uuid& entity, int64_t version) {
    return Outcome(entity, version, v1::OUTCOME_STATUS_FAILED, "BUSY");
  }
  v1::Outcome Waits(const Uuid& entity, int64_t version, const Uuid& awaited, bool optional = false,
                    v1::OutcomeStatus status = v1::OUTCOME_STATUS_WAITING) {
    v1::Outcome outcome = Outcome(entity, version, status);
    outcome.set_waits_for_entity_id(std::string(awaited.AsBytes()));
    outcome.set_waits_for_model("public.nations");
    *outcome.mutable_waits_for_source() = sources_[awaited];
    outcome.set_may_be_incomplete(optional);
    return outcome;
  }

  absl::Status Report(const std::vector<v1::Outcome>& outcomes) {
    v1::ReportRequest request;
    request.set_platform("shop");
    for (const v1::Outcome& outcome : outcomes) *request.add_outcomes() = outcome;
    return feedback_->Call(&Stub::Report, request).status();
  }

  std::vector<v1::Trouble> Troubles() {
    const auto response = feedback_->Call(&Stub::ListTroubles, v1::ListTroublesRequest());
    EXPECT_OK(response);
    if (!response.ok()) return {};
    return {response->troubles().begin(), response->troubles().end()};
  }
  v1::Trouble TroubleOf(const Uuid& entity) {
    for (const v1::Trouble& trouble : Troubles()) {
      if (trouble.entity_id() == entity.ToString()) return trouble;
    }
    return {};
  }
  // How often this record was replayed so far.
  int ReplaysOf(const Uuid& entity, bool allow_incomplete = false) {
    int count = 0;
    for (const v1::ReplayRequest& replay : peers_.replays()) {
      if (replay.allow_incomplete() != allow_incomplete) continue;
      for (const v1::RecordKey& record : replay.records())
        count += record.local_id() == sources_[entity].local_id();
    }
    return count;
  }

  FakeClock clock_;
  FakePeers peers_;
  Config config_;
  std::map<Uuid, v1::RecordKey> sources_;
  std::unique_ptr<RunningFeedback> feedback_;
};

}  // namespace cognate::feedback
