// A change of rules that would take much away is held: nothing leaves before it was counted, nor before it
// was approved, whatever is killed meanwhile.
#include <cstdio>

#include "absl/strings/match.h"
#include "cognate/v1/rules_service.grpc.pb.h"
#include "tests/end_to_end/rehearse_fixture.h"

namespace cognate {
namespace {

using test_support::IsOk;
using ::testing::HasSubstr;

constexpr char kNew[] = "filter: 'status = \"new\"'";

class GuardTest : public RehearseTest {
 protected:
  // `count` notes, of which 40 in 100 are new.
  void Bring(int count) {
    ASSERT_THAT(Make(Notes("")), IsOk());
    Hub(absl::StrCat(
        "INSERT INTO note (word, status) SELECT 'word ' || i, CASE WHEN i % 5 < 2 THEN 'new' ELSE "
        "'old' END FROM generate_series(1, ",
        count, ") i"));
    ASSERT_TRUE(AwaitInShop(absl::StrCat(count)));
    AwaitAllDone();
  }
  void Approve() {
    const auto rules = v1::RulesService::NewStub(cluster_.ChannelTo("platform-registry"));
    ASSERT_THAT(Do(*rules, &v1::RulesService::Stub::ApproveSync, "name: 'syncs/notes'"), IsOk());
  }
  std::string Say(const std::vector<std::string>& words) {
    const cluster::Cluster::Ran ran = cluster_.Run(words);
    EXPECT_EQ(ran.code, 0) << ran.output;
    return ran.output;
  }
};

TEST_P(GuardTest, HoldsWhatIsMuchUntilItIsApproved) {
  Bring(100);
  const auto changed = Change(Notes(kNew));
  ASSERT_THAT(changed, IsOk());
  EXPECT_EQ(changed->guard().state(), v1::LEAVE_GUARD_STATE_COUNTING) << "in the same commit";
  ASSERT_TRUE(AwaitGuard(v1::LEAVE_GUARD_STATE_HELD));
  EXPECT_EQ(Guard().leaving_count(), 60);
  EXPECT_EQ(Guard().record_count(), 100);

  // What is in scope goes on; what is not stays as it is; what is deleted goes.
  Hub("UPDATE note SET word = 'again' WHERE id = 1; UPDATE note SET word = 'not brought' WHERE id = 2;"
      "DELETE FROM note WHERE id = 3; UPDATE note SET status = 'old' WHERE id = 5");
  AwaitAllDone();
  EXPECT_EQ(InShop(), "99");
  EXPECT_EQ(InShop("word = 'again'"), "1");
  EXPECT_EQ(InShop("word = 'not brought'"), "0");
  const int64_t left_while_held = 99 - std::stoll(InShop());

  const auto preview = Do(*transformer_, &v1::TransformerService::Stub::Preview,
                          "record { platform: 'hub' model: 'public.note' local_id: '2' }");
  ASSERT_THAT(preview, IsOk());
  EXPECT_THAT(preview->ShortDebugString(),
              HasSubstr("would take away 60 of 100 records on shop (60 %), more than 20 %"));
  EXPECT_EQ(preview->records(0).leaves(), v1::LEAVE_ACTION_KEEP);

  if (GetParam() == cluster::Shape::kOneProcess) {
    EXPECT_THAT(Say({"sync", "list"}), HasSubstr("ACTIVE, HELD"));
    EXPECT_THAT(Say({"sync", "describe", "notes"}), HasSubstr("cognate sync approve notes"));
    EXPECT_THAT(Say({"status"}), HasSubstr("cognate sync approve notes"));
    EXPECT_THAT(Say({"explain", "hub", "public.note", "2"}), HasSubstr("cognate sync approve notes"));
    const std::string rehearsed = Say({"sync", "rehearse", "notes"});
    EXPECT_THAT(rehearsed, HasSubstr("leave: delete"));
    EXPECT_THAT(rehearsed, HasSubstr("cognate sync approve notes"));
    EXPECT_THAT(Say({"sync", "export", "notes"}), ::testing::Not(HasSubstr("guard")));
    EXPECT_THAT(Say({"sync", "approve", "notes"}), HasSubstr("60 of 100 records leave shop"));
  } else {
    Approve();
  }
  EXPECT_EQ(Guard().state(), v1::LEAVE_GUARD_STATE_UNSPECIFIED);
  EXPECT_TRUE(AwaitInShop("39"));
  AwaitAllDone();
  EXPECT_EQ(InShop("status = 'old'"), "0");
  std::printf("figure guard.held leaving=60 of=100 left=%lld\n", static_cast<long long>(left_while_held));
}

TEST_P(GuardTest, LetsGoWhatIsLittle) {
  Bring(100);
  ASSERT_THAT(
      Change(Notes("ignore_ids: ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12', '13', "
                   "'14', '15', '16', '17', '18', '19', '20']")),
      IsOk());
  EXPECT_TRUE(AwaitInShop("80"));
  EXPECT_EQ(Guard().state(), v1::LEAVE_GUARD_STATE_UNSPECIFIED);
}

TEST_P(GuardTest, WithdrawnRulesHaveTakenNothingAwayAndMissedNothing) {
  Bring(100);
  ASSERT_THAT(Change(Notes(kNew)), IsOk());
  ASSERT_TRUE(AwaitGuard(v1::LEAVE_GUARD_STATE_HELD));
  Hub("UPDATE note SET word = 'meanwhile' WHERE id IN (2, 3, 5)");
  AwaitAllDone();
  const std::string rows =
      "SELECT string_agg(concat_ws(':', id, xmin), ' ' ORDER BY id) FROM note WHERE "
      "word <> 'meanwhile' AND word NOT IN ('word 2', 'word 3')";
  const std::string before = Ask(*shop_, rows);
  ASSERT_THAT(Change(Notes("")), IsOk());
  EXPECT_TRUE(AwaitInShop("3", "word = 'meanwhile'"));
  EXPECT_TRUE(AwaitGuard(v1::LEAVE_GUARD_STATE_UNSPECIFIED));
  AwaitAllDone();
  EXPECT_EQ(Ask(*shop_, rows), before) << "nothing else was written";

  // Also when that comes before anything was counted.
  ASSERT_THAT(Change(Notes(kNew)), IsOk());
  Hub("UPDATE note SET word = 'in between' WHERE id IN (3, 8)");
  ASSERT_THAT(Change(Notes("")), IsOk());
  EXPECT_TRUE(AwaitInShop("2", "word = 'in between'"));
  EXPECT_EQ(InShop(), "100");
}

TEST_P(GuardTest, AnUnpublishedRecordIsCountedOnce) {
  const std::string unpublish =
      " leave { action: LEAVE_ACTION_UNPUBLISH values { name: 'visible' value { bool_value: false } } }";
  Bring(100);
  ASSERT_THAT(Change(Notes(absl::StrCat(kNew, unpublish))), IsOk());
  ASSERT_TRUE(AwaitGuard(v1::LEAVE_GUARD_STATE_HELD));
  Approve();
  EXPECT_TRUE(AwaitInShop("60", "visible = false"));
  AwaitAllDone();
  ASSERT_THAT(Change(Notes(absl::StrCat("filter: 'status = \"new\" and word != \"word 5\"'", unpublish))),
              IsOk());
  EXPECT_TRUE(AwaitInShop("61", "visible = false")) << "one more, not 61";
  EXPECT_EQ(Guard().state(), v1::LEAVE_GUARD_STATE_UNSPECIFIED);
}

TEST_P(GuardTest, SurvivesKills) {
  Bring(2500);
  ASSERT_THAT(Change(Notes(kNew)), IsOk());
  KillAndStart({"change-capture", "transformer"});
  EXPECT_EQ(InShop(), "2500");
  ASSERT_TRUE(AwaitGuard(v1::LEAVE_GUARD_STATE_HELD));
  EXPECT_EQ(Guard().leaving_count(), 1500);
  KillAndStart({"change-capture", "transformer", "platform-registry"});
  Hub("UPDATE note SET word = 'held'");
  AwaitAllDone();
  EXPECT_EQ(InShop(), "2500");
  EXPECT_EQ(InShop("word = 'held'"), "1000");
  EXPECT_EQ(Guard().state(), v1::LEAVE_GUARD_STATE_HELD);
  Approve();
  KillAndStart({"change-capture", "transformer"});
  EXPECT_TRUE(AwaitInShop("1000"));
  AwaitAllDone();
  EXPECT_EQ(InShop("word = 'held'"), "1000");
  std::printf("figure guard.kills kills=%d leaving=1500 of=2500 left=0\n", kills_);
}

TEST_P(GuardTest, HoldsOneWayOfTwo) {
  Bring(50);
  ASSERT_THAT(Make(Notes("", "shop", "hub")), IsOk());
  ASSERT_THAT(Change(Notes(kNew)), IsOk());
  ASSERT_TRUE(AwaitGuard(v1::LEAVE_GUARD_STATE_HELD));
  EXPECT_EQ(Guard().leaving_count(), 30);
  ASSERT_THAT(shop_->Execute("UPDATE note SET word = 'by the shop' WHERE status = 'old'"), IsOk());
  EXPECT_TRUE(test_support::Eventually(
      [&] { return Ask(*hub_, "SELECT count(*) FROM note WHERE word = 'by the shop'") == "30"; }));
  AwaitAllDone();
  EXPECT_EQ(InShop(), "50");
  Approve();
  EXPECT_TRUE(AwaitInShop("20"));
  AwaitAllDone();
  EXPECT_EQ(Ask(*hub_, "SELECT count(*) FROM note"), "50") << "they left the shop's scope alone";
}

TEST_P(GuardTest, ARecordThatAnotherSyncTakesDoesNotLeave) {
  ASSERT_THAT(
      Make("name: 'syncs/amounts' source_platform: 'hub' source_model: 'public.note' target_platform: "
           "'shop' target_model: 'public.note' fields { source: 'amount' target: 'amount' }"),
      IsOk());
  Bring(50);
  ASSERT_THAT(Change(Notes(kNew)), IsOk());
  EXPECT_TRUE(AwaitGuard(v1::LEAVE_GUARD_STATE_UNSPECIFIED)) << "the other one takes them all";
  AwaitAllDone();
  EXPECT_EQ(InShop(), "50");
}

INSTANTIATE_TEST_SUITE_P(Shapes, GuardTest,
                         ::testing::Values(cluster::Shape::kOneProcess, cluster::Shape::kOneEach),
                         [](const auto& tested) {
                           return tested.param == cluster::Shape::kOneProcess ? "OneProcess" : "OneEach";
                         });

}  // namespace
}  // namespace cognate
