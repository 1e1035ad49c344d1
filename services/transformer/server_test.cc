// The transformer as a process runs it: real Redis, the other services as gRPC servers.
#include <algorithm>

#include "absl/strings/match.h"
#include "cognate/v1/transformer_service.grpc.pb.h"
#include "services/transformer/server_fixture.h"

namespace cognate::transformer {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(ServerTest, ChangesReachTheirLanesAndAreAcknowledged) {
  Replica replica(fakes_, "one");
  Send(BatchOf(1, {{"1", "first"}, {"2", "second"}}));
  ASSERT_TRUE(IsDone(1));
  const std::vector<bus::v1::DeliveryGroup> groups = OnLane();
  ASSERT_THAT(groups, SizeIs(1));
  EXPECT_THAT(groups[0].field_names(), ElementsAre("title"));
  ASSERT_THAT(groups[0].deliveries(), SizeIs(2));
  EXPECT_EQ(groups[0].deliveries(1).values(0).text_value(), "second");
  EXPECT_EQ(groups[0].deliveries(1).version(), 1002);
  EXPECT_TRUE(Eventually([&] { return replica.Ready().ok(); }));
}

TEST_F(ServerTest, OneBadRecordIsRefusedAndTheOthersGoOn) {
  Replica replica(fakes_, "one");
  Send(BatchOf(1, {{"1", "fits"}, {"2", "is much too long"}, {"3", "fits, too"}}));
  ASSERT_TRUE(IsDone(1));
  EXPECT_THAT(Delivered(), ElementsAre("1", "3"));
  ASSERT_THAT(fakes_.outcomes(), SizeIs(1));
  EXPECT_EQ(fakes_.outcomes()[0].error().reason(), "VALUE_TOO_LONG");
  EXPECT_EQ(fakes_.desired()["b " + FakeServices::EntityOf("2")], 1002);
}

TEST_F(ServerTest, StaleRulesAreNeverUsed) {
  Replica replica(fakes_, "one", absl::Hours(1));
  Send(BatchOf(1, {{"1", "old"}}));
  ASSERT_TRUE(IsDone(1));
  // The registry has newer rules, cannot be asked at first, and nobody has polled it: the changes were
  // captured under them.
  fakes_.SetRules(RulesOf(2, "heading"));
  fakes_.Fail("GetRules", grpc::StatusCode::UNAVAILABLE, 3);
  Send(BatchOf(2, {{"2", "new"}}, 2));
  ASSERT_TRUE(IsDone(2));
  const std::vector<bus::v1::DeliveryGroup> groups = OnLane();
  ASSERT_THAT(groups, SizeIs(2));
  EXPECT_THAT(groups[1].field_names(), ElementsAre("heading"));
  EXPECT_EQ(groups[1].rules_revision(), 2);
}

TEST_F(ServerTest, ASyncActsOnWhatIsCapturedAfterItWasMade) {
  Replica replica(fakes_, "one", absl::Hours(1));
  ASSERT_TRUE(Eventually([&] { return replica.Ready().ok(); }));
  // Captured after the rules have changed, by a change_capture that had not heard of it.
  fakes_.SetRules(RulesOf(2, "heading"));
  Send(BatchOf(1, {{"1", "new"}}, 1));
  ASSERT_TRUE(IsDone(1));
  EXPECT_EQ(OnLane().at(0).rules_revision(), 2);
}

TEST_F(ServerTest, NewRulesArriveByThemselves) {
  Replica replica(fakes_, "one");
  fakes_.SetRules(RulesOf(2, "heading"));
  EXPECT_TRUE(Eventually([&] {
    Send(BatchOf(2, {{"2", "new"}}));
    EXPECT_TRUE(IsDone(2));
    return OnLane().back().rules_revision() == 2;
  }));
}

TEST_F(ServerTest, NothingIsLostWhilePeersAreAway) {
  for (const char* method : {"Resolve", "Plan", "Report", "AcknowledgeBatches"}) {
    fakes_.Fail(method, grpc::StatusCode::UNAVAILABLE, 3);
  }
  Replica replica(fakes_, "one");
  Send(BatchOf(1, {{"1", "fits"}, {"2", "is much too long"}}));
  ASSERT_TRUE(IsDone(1));
  EXPECT_THAT(Delivered(), ElementsAre("1"));
  EXPECT_THAT(fakes_.outcomes(), SizeIs(1));
}

TEST_F(ServerTest, AChangeThatTheLedgerRefusesBlocksNoOther) {
  fakes_.Refuse("2");
  Replica replica(fakes_, "one");
  Send(BatchOf(1, {{"1", "one"}, {"2", "two"}, {"3", "three"}}));
  Send(BatchOf(2, {{"4", "four"}}));
  ASSERT_TRUE(IsDone(1));
  ASSERT_TRUE(IsDone(2));
  EXPECT_THAT(Delivered(), ElementsAre("1", "3", "4"));
  ASSERT_THAT(fakes_.outcomes(), SizeIs(1));
  EXPECT_EQ(fakes_.outcomes()[0].error().reason(), "TRANSFORM_FAILED");
  EXPECT_EQ(fakes_.outcomes()[0].entity_id(), FakeServices::EntityOf("2"));
}

TEST_F(ServerTest, AFailureOfTheLedgerItselfIsWaitedFor) {
  fakes_.Fail("Plan", grpc::StatusCode::INTERNAL, 4);
  fakes_.Fail("Resolve", grpc::StatusCode::INTERNAL, 4);
  Replica replica(fakes_, "one");
  Send(BatchOf(1, {{"1", "one"}}));
  ASSERT_TRUE(IsDone(1));
  EXPECT_EQ(fakes_.desired().size(), 1u);
}

TEST_F(ServerTest, AnEntryThatIsNoBatchIsPassedOver) {
  Replica replica(fakes_, "one");
  ASSERT_OK(redis_->Add(bus::ChangesStream(), "\xff\xff no batch"));
  Send(BatchOf(1, {{"1", "one"}}));
  ASSERT_TRUE(IsDone(1));
  EXPECT_THAT(Delivered(), ElementsAre("1"));
}

TEST_F(ServerTest, ClosedAndFullLanesGetNothing) {
  ASSERT_OK(redis_->Set(bus::LaneClosedKey("b"), "down"));
  Replica replica(fakes_, "one");
  Send(BatchOf(1, {{"1", "one"}}));
  ASSERT_TRUE(IsDone(1));
  EXPECT_THAT(Delivered(), IsEmpty());
  EXPECT_EQ(fakes_.desired().size(), 1u);
  ASSERT_OK(redis_->Del(bus::LaneClosedKey("b")));
  for (int64_t batch = 2; batch < 12; ++batch) {
    Send(BatchOf(batch, {{absl::StrCat(batch), "x"}}));
    ASSERT_TRUE(IsDone(batch));
  }
  EXPECT_EQ(ValueOrDie(redis_->Length(bus::LaneStream("b"))), 5);
  EXPECT_EQ(fakes_.desired().size(), 11u);
}

TEST_F(ServerTest, ReplicasShareTheWork) {
  Replica one(fakes_, "one");
  Replica two(fakes_, "two");
  for (int64_t batch = 1; batch <= 200; ++batch) Send(BatchOf(batch, {{absl::StrCat(batch), "x"}}));
  EXPECT_TRUE(Eventually([&] { return fakes_.acknowledged().size() == 200; }));
  EXPECT_EQ(fakes_.desired().size(), 200u);
  for (Replica* replica : {&one, &two}) {
    EXPECT_TRUE(Eventually([&] {
      const std::string text = replica->Metrics();
      return absl::StrContains(text, "cognate_transformer_changes_total") &&
             !absl::StrContains(text, "cognate_transformer_changes_total 0\n");
    }));
  }
}

TEST_F(ServerTest, TheWorkOfADeadReplicaIsTakenOver) {
  Send(BatchOf(1, {{"1", "one"}}));
  Send(BatchOf(2, {{"2", "two"}}));
  ASSERT_THAT(ValueOrDie(redis_->ReadGroup(bus::ChangesStream(), bus::kTransformerGroup, "dead-1", 2,
                                           absl::ZeroDuration())),
              SizeIs(2));
  Replica replica(fakes_, "one");
  Send(BatchOf(3, {{"3", "three"}}));
  ASSERT_TRUE(IsDone(3));
  ASSERT_TRUE(IsDone(1));
  ASSERT_TRUE(IsDone(2));
  EXPECT_THAT(Delivered(), ElementsAre("1", "2", "3"));
}

TEST_F(ServerTest, ARestartedReplicaBeginsWithWhatItHadInHand) {
  Send(BatchOf(1, {{"1", "one"}}));
  ASSERT_THAT(ValueOrDie(redis_->ReadGroup(bus::ChangesStream(), bus::kTransformerGroup, "one-1", 1,
                                           absl::ZeroDuration())),
              SizeIs(1));
  // Without waiting until it could claim its own entries.
  Replica replica(fakes_, "one", absl::Milliseconds(50), /*claim_after=*/absl::Hours(1));
  ASSERT_TRUE(IsDone(1));
}

TEST_F(ServerTest, AnEmptiedRedisIsNoEnd) {
  Replica replica(fakes_, "one");
  Send(BatchOf(1, {{"1", "one"}}));
  ASSERT_TRUE(IsDone(1));
  RedisServer::Shared().FlushAll();
  Send(BatchOf(2, {{"2", "two"}}));
  ASSERT_TRUE(IsDone(2));
  EXPECT_THAT(Delivered(), ElementsAre("2"));
}

TEST_F(ServerTest, IsNotReadyWhileChangesWaitAndNothingMoves) {
  Replica replica(fakes_, "one");
  ASSERT_TRUE(Eventually([&] { return replica.Ready().ok(); }));
  fakes_.Fail("Plan", grpc::StatusCode::UNAVAILABLE, 1'000'000);
  Send(BatchOf(1, {{"1", "one"}}));
  EXPECT_TRUE(Eventually([&] { return !replica.Ready().ok(); }));
  fakes_.Fail("Plan", grpc::StatusCode::UNAVAILABLE, 0);
  ASSERT_TRUE(IsDone(1));
  EXPECT_TRUE(Eventually([&] { return replica.Ready().ok(); }));
}

class PreviewTest : public ServerTest {
 protected:
  absl::StatusOr<v1::PreviewResponse> Preview(const std::string& request) {
    const auto stub = v1::TransformerService::NewStub(grpc_support::MakeChannel(replica_.address()));
    return grpc_support::Call(*stub, &v1::TransformerService::Stub::Preview,
                              ParseProto<v1::PreviewRequest>(request));
  }
  static std::vector<std::string> Sentences(const v1::PreviewResponse& response) {
    std::vector<std::string> sentences;
    for (const v1::ExplanationStep& step : response.steps()) sentences.push_back(step.sentence());
    return sentences;
  }

  Replica replica_{fakes_, "one"};
};

TEST_F(PreviewTest, ShowsWhatARecordBecomesAndWritesNothing) {
  fakes_.SetLatest(ParseProto<v1::Change>(
      "version: 7 operation: OPERATION_UPDATE fields { name: 'text' value { text_value: 'hello' } }"));
  ASSERT_OK_AND_ASSIGN(const v1::PreviewResponse response,
                       Preview("record { platform: 'a' model: 'public.note' local_id: '1' }"));
  ASSERT_THAT(response.records(), SizeIs(1));
  EXPECT_THAT(response.records(0), test_support::EqualsProto(R"pb(
                syncs: "syncs/notes"
                platform: "b"
                model: "public.memo"
                operation: OPERATION_UPDATE
                fields {
                  name: "title"
                  value { text_value: "hello" }
                })pb"));
  EXPECT_THAT(Sentences(response), ElementsAre("The change log has public.note 1 on a in version 7.",
                                               "syncs/notes takes public.note to public.memo on b.",
                                               HasSubstr("It is entity "), "1 fields fit public.memo on b."));
  EXPECT_THAT(fakes_.desired(), IsEmpty());
}

TEST_F(PreviewTest, SaysWhatWouldBeRefused) {
  fakes_.SetLatest(
      ParseProto<v1::Change>("version: 7 fields { name: 'text' value { text_value: 'hello, hello' } }"));
  ASSERT_OK_AND_ASSIGN(const v1::PreviewResponse response,
                       Preview("record { platform: 'a' model: 'public.note' local_id: '1' }"));
  EXPECT_EQ(response.records(0).error().reason(), "VALUE_TOO_LONG");
  EXPECT_THAT(Sentences(response), Contains(HasSubstr("want at most 10 characters")));
  EXPECT_THAT(fakes_.outcomes(), IsEmpty());
}

TEST_F(PreviewTest, SaysThatNoSyncTakesARecord) {
  ASSERT_OK_AND_ASSIGN(const v1::PreviewResponse response,
                       Preview("record { platform: 'a' model: 'public.other' local_id: '1' }"));
  EXPECT_THAT(response.records(), IsEmpty());
  EXPECT_THAT(Sentences(response), Contains("No sync takes public.other on a: create one."));
}

TEST_F(PreviewTest, RefusesARequestWithoutARecord) {
  EXPECT_THAT(Preview(""), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Preview("record { platform: 'a' model: 'm' }"), HasReason("INVALID_FIELD"));
  fakes_.Fail("GetLatestChange", grpc::StatusCode::NOT_FOUND, 1);
  EXPECT_THAT(Preview("record { platform: 'a' model: 'm' local_id: '1' }"),
              StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace cognate::transformer
