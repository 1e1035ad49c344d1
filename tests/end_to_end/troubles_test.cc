// What a person does with what is held and with what is dead, on a target whose own agent answers.
#include "cognate/v1/change_capture_service.grpc.pb.h"
#include "cognate/v1/delivery_service.grpc.pb.h"
#include "tests/end_to_end/two_databases.h"

namespace cognate {
namespace {

using test_support::Eventually;
using test_support::IsOk;
using ::testing::HasSubstr;
using ::testing::Not;
using Stub = v1::DeliveryService::Stub;

constexpr char kTables[] = "CREATE TABLE note (id serial PRIMARY KEY, title text NOT NULL, owner text);";
constexpr char kModels[] = R"pb(
  platform: 'platforms/till'
  models {
    name: 'platforms/till/models/memo'
    model: 'memo'
    key_fields: 'id'
    fields { name: 'id' type: FIELD_TYPE_INTEGER has_default: true }
    fields { name: 'title' type: FIELD_TYPE_TEXT }
  }
)pb";
constexpr char kSync[] = R"pb(
  sync {
    name: 'syncs/notes'
    source_platform: 'magazine'
    source_model: 'public.note'
    target_platform: 'till'
    target_model: 'memo'
    fields { source: 'title' target: 'title' }
    acting_identity: 'owner'
  }
)pb";

class TroublesTest : public TwoDatabases {
 protected:
  void SetUp() override {
    ASSERT_TRUE(cluster_.WaitUntilServing());
    registry_ = v1::PlatformRegistryService::NewStub(cluster_.ChannelTo("platform-registry"));
    feedback_ = v1::FeedbackService::NewStub(cluster_.ChannelTo("feedback"));
    capture_ = v1::ChangeCaptureService::NewStub(cluster_.ChannelTo("change-capture"));
    delivery_ = v1::DeliveryService::NewStub(cluster_.ChannelTo("delivery"));
    source_ = AddPlatform("magazine", kTables, "capture_mode: CAPTURE_MODE_REPLICATION");
    const cluster::Cluster::Ran ran = cluster_.Run({"platform", "create", "till", "--agent", "--pull"});
    ASSERT_EQ(ran.code, 0) << ran.output;
    ASSERT_THAT(Do(*registry_, &RegistryStub::PutModels, kModels), IsOk());
    ASSERT_THAT(Do(*registry_, &RegistryStub::CreateSync, kSync), IsOk());
  }

  // Until so many have come, or the time is over.
  std::vector<v1::Delivery> Pull(size_t count, absl::Duration patience = test_support::kPatience) {
    std::vector<v1::Delivery> deliveries;
    const absl::Time until = absl::Now() + patience;
    while (deliveries.size() < count && absl::Now() < until) {
      const auto pulled = Do(*delivery_, &Stub::Pull, "platform: 'till' wait { seconds: 1 }");
      if (pulled.ok())
        deliveries.insert(deliveries.end(), pulled->deliveries().begin(), pulled->deliveries().end());
    }
    return deliveries;
  }
  void Answer(const std::vector<v1::Delivery>& deliveries, v1::OutcomeStatus status,
              const std::string& local_id = "") {
    v1::DeliveryServiceReportRequest request;
    request.set_platform("till");
    for (const v1::Delivery& delivery : deliveries) {
      v1::DeliveryResult* const result = request.add_results();
      result->set_entity_id(delivery.entity_id());
      result->set_model(delivery.model());
      result->set_version(delivery.version());
      result->set_operation(delivery.operation());
      result->set_status(status);
      if (status == v1::OUTCOME_STATUS_APPLIED) {
        result->set_local_id(local_id);
      } else {
        result->mutable_error()->set_reason("TEST");
        result->mutable_error()->set_message("because of the test");
      }
    }
    EXPECT_THAT(
        grpc_support::Call(*delivery_, &Stub::Report, request, {.timeout = test_support::kPatience}).status(),
        IsOk());
  }
  std::string Cli(const std::vector<std::string>& words) { return cluster_.Run(words).output; }
  // The latest state of note 1, once more.
  void Replay() {
    EXPECT_THAT(
        Do(*capture_, &v1::ChangeCaptureService::Stub::Replay,
           "records { platform: 'magazine' model: 'public.note' local_id: '1' } target_platform: 'till'"),
        IsOk());
  }

  std::unique_ptr<Stub> delivery_;
  std::unique_ptr<v1::ChangeCaptureService::Stub> capture_;
};

TEST_F(TroublesTest, WhatIsHeldIsReleasedByIdentityAndADeleteEndsIt) {
  Run("INSERT INTO note (title, owner) VALUES ('a', 'ada'), ('b', 'bob')");
  Answer(Pull(2), v1::OUTCOME_STATUS_UNAUTHENTICATED);
  const std::string held = Cli({"troubles", "--state", "HELD", "--identity", "ada"});
  EXPECT_THAT(held, HasSubstr("magazine public.note 1"));
  EXPECT_THAT(held, Not(HasSubstr("magazine public.note 2")));
  EXPECT_THAT(Cli({"explain", "magazine", "public.note", "1"}), HasSubstr("the login of ada"));

  EXPECT_THAT(Cli({"troubles", "retry-held", "ada"}),
              HasSubstr("1 were held in the name of ada: 1 are on their way again, 0 could not be sent."));
  const std::vector<v1::Delivery> released = Pull(1);
  ASSERT_EQ(released.size(), 1u);
  EXPECT_EQ(released[0].acting_identity(), "ada");
  Answer(released, v1::OUTCOME_STATUS_APPLIED, "71");
  EXPECT_TRUE(Pull(1, absl::Seconds(3)).empty()) << "bob's login is not ada's";
  EXPECT_THAT(Cli({"troubles"}), Not(HasSubstr("magazine public.note 1")));

  Run("DELETE FROM note WHERE id = 2");
  const std::vector<v1::Delivery> deleted = Pull(1);
  ASSERT_EQ(deleted.size(), 1u);
  EXPECT_EQ(deleted[0].operation(), v1::OPERATION_DELETE);
  Answer(deleted, v1::OUTCOME_STATUS_APPLIED);
  EXPECT_EQ(Cli({"troubles"}), "No troubles.\n");
}

TEST_F(TroublesTest, WhatIsDeadIsDiscardedAndOnlyANewerChangeComes) {
  Run("INSERT INTO note (title, owner) VALUES ('a', 'ada')");
  Answer(Pull(1), v1::OUTCOME_STATUS_REJECTED);
  EXPECT_THAT(Cli({"troubles", "group"}), HasSubstr("because of the test"));
  const std::string shown = Cli({"troubles", "show", "magazine", "public.note", "1"});
  EXPECT_THAT(shown, HasSubstr("TEST: because of the test"));
  EXPECT_THAT(shown, HasSubstr("title"));

  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"troubles", "--platform", "other", "redrive"},
        {"troubles", "redrive", "--platform", "other"}}) {
    EXPECT_THAT(Cli(words), HasSubstr("0 records"));
  }
  EXPECT_THAT(Cli({"troubles", "discard", "--platform", "till"}), HasSubstr("nothing is written yet"));
  EXPECT_THAT(Cli({"troubles", "discard", "--platform", "till", "--force", "--expect", "1"}),
              HasSubstr("1 are discarded"));
  EXPECT_EQ(Cli({"troubles"}), "No troubles.\n");
  Replay();
  EXPECT_TRUE(Pull(1, absl::Seconds(3)).empty());
  const auto stats = Do(*feedback_, &v1::FeedbackService::Stub::GetStats, "");
  ASSERT_THAT(stats, IsOk());
  ASSERT_EQ(stats->syncs_size(), 1);
  EXPECT_EQ(stats->syncs(0).pending_count() + stats->syncs(0).dead_count(), 0);
  EXPECT_EQ(stats->syncs(0).converged_count(), 1);

  Run("UPDATE note SET title = 'a2'");
  const std::vector<v1::Delivery> newer = Pull(1);
  ASSERT_EQ(newer.size(), 1u);
  EXPECT_EQ(newer[0].fields(0).value().text_value(), "a2");
  Answer(newer, v1::OUTCOME_STATUS_APPLIED, "71");

  // A delete that is given up leaves the record its identity.
  Run("DELETE FROM note");
  Answer(Pull(1), v1::OUTCOME_STATUS_REJECTED);
  EXPECT_THAT(Cli({"troubles", "discard", "--reason", "TEST", "--force"}), HasSubstr("1 are discarded"));
  Replay();
  EXPECT_TRUE(Pull(1, absl::Seconds(3)).empty());
  EXPECT_THAT(Cli({"explain", "till", "memo", "71"}), HasSubstr("DETACHED"));
  Run("INSERT INTO note VALUES (1, 'a3', 'ada')");
  const std::vector<v1::Delivery> back = Pull(1);
  ASSERT_EQ(back.size(), 1u);
  EXPECT_EQ(back[0].local_id(), "71");
  Answer(back, v1::OUTCOME_STATUS_APPLIED, "71");
}

}  // namespace
}  // namespace cognate
