#include "services/change_capture/test_capture.h"

namespace cognate::change_capture {
namespace {

using Stub = v1::ChangeCaptureService::Stub;

class ReplayTest : public CaptureFixture {
 protected:
  static v1::ReplayRequest Records(std::vector<std::string> local_ids) {
    v1::ReplayRequest request;
    for (const std::string& local_id : local_ids) {
      v1::RecordKey& key = *request.add_records();
      key.set_platform("shop");
      key.set_model("item");
      key.set_local_id(local_id);
    }
    return request;
  }
};

TEST_F(ReplayTest, PutsTheLatestStateOnItsWayAgainAndCountsWhatItDoesNotKnow) {
  ASSERT_OK(Capture({Item("a", 1, "old"), Item("b", 2, "two"), Item("c", 1, "new")}));
  v1::ReplayRequest request = Records({"2", "1", "1", "9"});
  request.mutable_records(3)->set_model("ghost");
  request.set_target_platform("vault");
  request.set_allow_incomplete(true);
  ASSERT_OK_AND_ASSIGN(const v1::ReplayResponse response, Call(&Stub::Replay, request));
  EXPECT_EQ(response.replayed_count(), 2);
  EXPECT_EQ(response.unknown_count(), 1);
  ASSERT_TRUE(Eventually([&] { return OnStream().size() == 2; }));
  const bus::v1::ChangeBatch batch = OnStream().back();
  EXPECT_EQ(batch.target_platform(), "vault");
  EXPECT_TRUE(batch.allow_incomplete());
  EXPECT_GT(batch.rules_revision(), 0);
  ASSERT_EQ(batch.changes_size(), 2);
  EXPECT_EQ(batch.changes(0).version(), 2);
  EXPECT_EQ(batch.changes(1).version(), 3);
  EXPECT_GT(batch.changes(1).fields().size(), 0u);
}

TEST_F(ReplayTest, AReplayIsNotLostWithRedisEither) {
  ASSERT_OK(Capture({Item("a", 1, "one")}));
  ASSERT_OK(Call(&Stub::Replay, Records({"1"})));
  ASSERT_TRUE(Eventually([&] { return OnStream().size() == 2; }));
  ASSERT_OK(Acknowledge({OnStream().front().batch_id()}));
  const bus::v1::ChangeBatch replay = OnStream().back();
  auto client = ValueOrDie(redis::Client::Connect(redis().address()));
  ASSERT_OK(client->Del(bus::ChangesStream(prefix_)));
  ASSERT_TRUE(Eventually([&] { return OnStream().size() == 1; }));
  EXPECT_THAT(OnStream().front(), test_support::EqualsProto(replay));
}

TEST_F(ReplayTest, ADeleteIsWrittenOnceMoreWhereSomethingNewerCameInVain) {
  v1::Change gone = Item("b", 1, "one");
  gone.set_operation(v1::OPERATION_DELETE);
  ASSERT_OK(Capture({Item("a", 1, "one"), gone, Item("c", 2, "two"), Item("d", 3, "three")}));
  v1::ReplayRequest request = Records({"1", "2", "1", "9"});
  for (const int64_t version : {2, 4, 3, 4}) request.add_deleted_before(version);
  ASSERT_OK_AND_ASSIGN(const v1::ReplayResponse response, Call(&Stub::Replay, request));
  EXPECT_EQ(response.replayed_count(), 1) << "2 is there, 9 was never";
  ASSERT_TRUE(Eventually([&] { return OnStream().size() == 2; }));
  const bus::v1::ChangeBatch batch = OnStream().back();
  ASSERT_EQ(batch.changes_size(), 1);
  EXPECT_EQ(batch.changes(0).version(), 5);
  EXPECT_EQ(batch.changes(0).operation(), v1::OPERATION_DELETE);
  EXPECT_EQ(batch.changes(0).origin_version(), 0);
  // The delete has the last word already.
  ASSERT_OK_AND_ASSIGN(const v1::ReplayResponse again, Call(&Stub::Replay, request));
  EXPECT_EQ(again.replayed_count(), 0);
  request.mutable_deleted_before()->RemoveLast();
  EXPECT_THAT(Call(&Stub::Replay, request), HasReason("INVALID_FIELD"));
}

TEST_F(ReplayTest, RefusesTooManyRecords) {
  EXPECT_THAT(Call(&Stub::Replay, Records(std::vector<std::string>(10'001, "1"))),
              HasReason("INVALID_FIELD"));
}

}  // namespace
}  // namespace cognate::change_capture
