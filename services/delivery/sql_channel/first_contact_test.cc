// Records that are new to a target which has some with the same natural key.
#include "gmock/gmock.h"
#include "services/delivery/sql_channel/sql_channel_fixture.h"

namespace cognate::delivery {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using value::Int;
using value::Null;
using value::Text;

class FirstContactTest : public SqlChannelTest {
 protected:
  void SetUp() override {
    SqlChannelTest::SetUp();
    Execute("CREATE TABLE posts (id serial PRIMARY KEY, slug text, mail text, title text)");
    Execute("CREATE INDEX ON posts (slug); CREATE INDEX ON posts (mail)");
    ASSERT_OK(channel_->Open());
  }
  static bus::v1::DeliveryGroup Posts(v1::ExistsAction action) {
    auto group = Group("public.posts", {"slug", "mail", "title"});
    group.set_source_model("public.article");
    group.add_natural_keys()->add_places(0);
    group.add_natural_keys()->add_places(1);
    group.set_if_exists(action);
    return group;
  }
  static void AddPost(bus::v1::DeliveryGroup& group, int entity, const v1::Value& slug, const v1::Value& mail,
                      int64_t version = 1) {
    Add(group, entity, version, {slug, mail, Text("new")}).set_source_local_id(absl::StrCat(entity));
  }
  std::string All() { return Ask("SELECT concat_ws(' ', id, slug, mail, title) FROM posts ORDER BY id"); }
};

TEST_F(FirstContactTest, ARecordIsUpdatedByTheFirstKeyThatMatches) {
  Execute(
      "INSERT INTO posts (slug, mail, title) VALUES ('a', 'x', 'old'), ('b', 'y', 'old'), (NULL, 'z', "
      "'old')");
  auto group = Posts(v1::EXISTS_ACTION_UPDATE);
  AddPost(group, 1, Text("a"), Text("y"));
  AddPost(group, 2, Null(), Text("z"));
  AddPost(group, 3, Text("c"), Null());
  const auto outcomes = Apply(group);
  EXPECT_EQ(outcomes[0].local_id(), "1");
  EXPECT_EQ(outcomes[1].local_id(), "3");
  EXPECT_EQ(outcomes[2].local_id(), "4");
  EXPECT_FALSE(outcomes[0].fingerprint().empty());
  EXPECT_EQ(All(), "1 a y new|2 b y old|3 z new|4 c new");
  Apply(group);
  EXPECT_EQ(Ask("SELECT count(*) FROM posts"), "4");
}

TEST_F(FirstContactTest, AnAdoptedRecordStaysAsItIsUntilTheNextChange) {
  Execute("INSERT INTO posts (slug, title) VALUES ('a', 'old')");
  auto group = Posts(v1::EXISTS_ACTION_ADOPT);
  AddPost(group, 1, Text("a"), Null());
  v1::Outcome outcome = ApplyOne(group);
  EXPECT_EQ(outcome.status(), v1::OUTCOME_STATUS_APPLIED);
  EXPECT_EQ(outcome.local_id(), "1");
  EXPECT_TRUE(outcome.fingerprint().empty());
  EXPECT_EQ(All(), "1 a old");
  EXPECT_TRUE(ApplyOne(group).fingerprint().empty()) << "as the inbox tells it";
  group.mutable_deliveries(0)->set_version(2);
  EXPECT_FALSE(ApplyOne(group).fingerprint().empty());
  EXPECT_EQ(All(), "1 a new");
}

TEST_F(FirstContactTest, ASkippedRecordStaysOutUntilTheOtherIsGone) {
  Execute("INSERT INTO posts (slug, title) VALUES ('a', 'old')");
  auto group = Posts(v1::EXISTS_ACTION_SKIP);
  AddPost(group, 1, Text("a"), Null());
  for (int version = 1; version < 4; ++version) {
    group.mutable_deliveries(0)->set_version(version);
    const v1::Outcome outcome = ApplyOne(group);
    EXPECT_EQ(outcome.status(), v1::OUTCOME_STATUS_SKIPPED);
    EXPECT_EQ(outcome.error().reason(), "RECORD_EXISTS");
    EXPECT_TRUE(outcome.local_id().empty());
  }
  EXPECT_EQ(All(), "1 a old");
  EXPECT_EQ(Ask("SELECT count(*) FROM cognate.inbox"), "0");
  Execute("DELETE FROM posts");
  group.mutable_deliveries(0)->set_version(4);
  EXPECT_EQ(ApplyOne(group).status(), v1::OUTCOME_STATUS_APPLIED);
  EXPECT_EQ(All(), "2 a new");
}

TEST_F(FirstContactTest, AnErrorNamesTheKeyAndTheRecord) {
  Execute("INSERT INTO posts (slug, title) VALUES ('a', 'old')");
  auto group = Posts(v1::EXISTS_ACTION_ERROR);
  AddPost(group, 1, Text("a"), Null());
  AddPost(group, 2, Text("b"), Null());
  const auto outcomes = Apply(group);
  EXPECT_EQ(outcomes[0].status(), v1::OUTCOME_STATUS_REJECTED);
  EXPECT_THAT(outcomes[0].error().message(), AllOf(HasSubstr("public.posts 1"), HasSubstr("same slug")));
  EXPECT_EQ(outcomes[1].status(), v1::OUTCOME_STATUS_APPLIED);
}

TEST_F(FirstContactTest, ARenamedRecordGetsASuffixAndKeepsIt) {
  Execute("INSERT INTO posts (slug, title) VALUES ('a', 'old'), ('a-2', 'old')");
  auto group = Posts(v1::EXISTS_ACTION_RENAME);
  AddPost(group, 1, Text("a"), Null());
  AddPost(group, 2, Text("b"), Null());
  Apply(group);
  EXPECT_EQ(All(), "1 a old|2 a-2 old|3 a-3 new|4 b new");
  group.mutable_deliveries(0)->set_version(2);
  Apply(group);
  EXPECT_EQ(All(), "1 a old|2 a-2 old|3 a-3 new|4 b new");
}

TEST_F(FirstContactTest, TwoCandidatesAreForAPerson) {
  Execute("INSERT INTO posts (slug, title) VALUES ('a', 'old'), ('a', 'other')");
  auto group = Posts(v1::EXISTS_ACTION_UPDATE);
  AddPost(group, 1, Text("a"), Null());
  AddPost(group, 2, Text("b"), Null());
  const auto outcomes = Apply(group);
  EXPECT_EQ(outcomes[0].status(), v1::OUTCOME_STATUS_CONFLICT);
  EXPECT_EQ(outcomes[0].error().reason(), "AMBIGUOUS_MATCH");
  EXPECT_THAT(outcomes[0].error().message(), HasSubstr("public.posts 1 and 2"));
  EXPECT_EQ(outcomes[1].status(), v1::OUTCOME_STATUS_APPLIED);
  Execute("DELETE FROM posts WHERE id = 2");
  EXPECT_EQ(Apply(group)[0].local_id(), "1");
}

TEST_F(FirstContactTest, TwoNewRecordsThatMatchOneAreForAPerson) {
  Execute("INSERT INTO posts (slug, title) VALUES ('a', 'old')");
  auto group = Posts(v1::EXISTS_ACTION_UPDATE);
  AddPost(group, 1, Text("a"), Null());
  AddPost(group, 2, Text("a"), Null());
  for (const v1::Outcome& outcome : Apply(group)) {
    EXPECT_EQ(outcome.status(), v1::OUTCOME_STATUS_CONFLICT);
    EXPECT_THAT(outcome.error().message(),
                AllOf(HasSubstr("records 1, 2 of public.article"), HasSubstr("posts 1")));
  }
  EXPECT_EQ(All(), "1 a old");
}

TEST_F(FirstContactTest, ARecordOfAnotherEntityDoesNotMatch) {
  auto group = Posts(v1::EXISTS_ACTION_UPDATE);
  AddPost(group, 1, Text("a"), Null());
  Apply(group);
  auto next = Posts(v1::EXISTS_ACTION_UPDATE);
  AddPost(next, 2, Text("a"), Null());
  EXPECT_EQ(ApplyOne(next).local_id(), "2");
}

TEST_F(FirstContactTest, WithoutAnIndexTheTableIsReadOnceForABatch) {
  Execute("CREATE TABLE plain (id text, part text, name text, PRIMARY KEY (id, part))");
  Execute("INSERT INTO plain SELECT i, 'a,b', 'name ' || i FROM generate_series(1, 3000) i");
  auto group = Group("public.plain", {"id", "part", "name"}, {"id", "part"});
  group.add_natural_keys()->add_places(2);
  group.set_if_exists(v1::EXISTS_ACTION_ADOPT);
  for (int i = 1; i <= 1000; ++i) Add(group, i, i, {Text("x"), Text("y"), Text(absl::StrCat("name ", i))});
  const auto outcomes = Apply(group);
  EXPECT_EQ(outcomes[0].local_id(), "1,a\\,b");
  EXPECT_EQ(outcomes[999].local_id(), "1000,a\\,b");
  EXPECT_EQ(Ask("SELECT count(*) FROM plain"), "3000");
}

// A writer of the target that inserts the same slug once nothing was found.
TEST_F(FirstContactTest, ARecordThatIsMadeAtThisVeryMomentIsMet) {
  Execute("CREATE UNIQUE INDEX ON posts (slug)");
  LetPostsWait();
  auto other = test_support::ValueOrDie(postgres::Connection::Open(uri_));
  ASSERT_OK(other->Execute("BEGIN"));
  ASSERT_OK(other->Execute("INSERT INTO posts (slug, title) VALUES ('a', 'theirs')"));
  const auto committer = CommitOnceDeliveryWaits(*other);
  auto group = Posts(v1::EXISTS_ACTION_UPDATE);
  AddPost(group, 1, Text("a"), Null());
  EXPECT_EQ(ApplyOne(group).local_id(), "1");
  committer->Stop();
  EXPECT_EQ(All(), "1 a new");
}

TEST_F(FirstContactTest, WhatTheLedgerSaysIsFollowed) {
  Execute("INSERT INTO posts (slug, title) VALUES ('a', 'old'), ('b', 'old'), ('c', 'old')");
  v1::AdoptRequest asked;
  channel_ = MakeChannel("postgres", [&](v1::AdoptRequest request) -> absl::StatusOr<v1::AdoptResponse> {
    asked = request;
    v1::AdoptResponse response;
    response.add_decisions(v1::ADOPT_DECISION_GRANTED);
    response.add_decisions(v1::ADOPT_DECISION_TAKEN);
    response.add_decisions(v1::ADOPT_DECISION_ENDED);
    response.add_decisions(v1::ADOPT_DECISION_ENDED);
    return response;
  });
  ASSERT_OK(channel_->Open());
  auto group = Posts(v1::EXISTS_ACTION_UPDATE);
  AddPost(group, 1, Text("a"), Null());
  AddPost(group, 2, Text("b"), Null());
  AddPost(group, 3, Text("c"), Null());
  AddPost(group, 4, Text("d"), Null());
  const auto outcomes = Apply(group);
  EXPECT_EQ(asked.local_ids(0), "1");
  EXPECT_EQ(asked.local_ids(3), "");
  EXPECT_EQ(outcomes[0].local_id(), "1");
  EXPECT_EQ(outcomes[1].local_id(), "4");
  EXPECT_EQ(outcomes[2].operation(), v1::OPERATION_DELETE);
  EXPECT_EQ(outcomes[3].local_id(), "");
  EXPECT_EQ(All(), "1 a new|2 b old|3 c old|4 b new");
}

TEST_F(FirstContactTest, ALedgerThatDoesNotAnswerHoldsUpOnlyWhatIsNew) {
  Execute("INSERT INTO posts (slug, title) VALUES ('a', 'old')");
  bool is_away = false;
  channel_ = MakeChannel("postgres", [&](const v1::AdoptRequest&) -> absl::StatusOr<v1::AdoptResponse> {
    if (is_away) return absl::UnavailableError("no registry");
    v1::AdoptResponse response;
    response.add_decisions(v1::ADOPT_DECISION_GRANTED);
    return response;
  });
  ASSERT_OK(channel_->Open());
  auto group = Posts(v1::EXISTS_ACTION_UPDATE);
  AddPost(group, 1, Text("a"), Null());
  Apply(group);
  is_away = true;
  group.mutable_deliveries(0)->set_version(2);
  AddPost(group, 2, Text("b"), Null());
  const auto outcomes = Apply(group);
  EXPECT_EQ(outcomes[0].status(), v1::OUTCOME_STATUS_APPLIED);
  EXPECT_EQ(outcomes[1].status(), v1::OUTCOME_STATUS_FAILED);
  EXPECT_EQ(outcomes[1].error().reason(), "REGISTRY_UNAVAILABLE");
}

}  // namespace
}  // namespace cognate::delivery
