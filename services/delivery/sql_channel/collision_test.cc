// Unique values that another record of the target has.
#include "gmock/gmock.h"
#include "services/delivery/sql_channel/sql_channel_fixture.h"

namespace cognate::delivery {
namespace {

using value::Int;
using value::Null;
using value::Text;

class CollisionTest : public SqlChannelTest {
 protected:
  void SetUp() override {
    SqlChannelTest::SetUp();
    Execute(
        "CREATE TABLE posts (id serial PRIMARY KEY, site int, slug varchar(6), title text, UNIQUE (site, "
        "slug))");
    ASSERT_OK(channel_->Open());
  }
  static bus::v1::DeliveryGroup Posts(v1::CollisionAction action) {
    auto group = Group("public.posts", {"site", "slug", "title"});
    group.add_on_collision(v1::COLLISION_ACTION_ERROR);
    group.add_on_collision(action);
    group.add_on_collision(v1::COLLISION_ACTION_ERROR);
    return group;
  }
  static void AddPost(bus::v1::DeliveryGroup& group, int entity, const v1::Value& slug, int64_t version = 1,
                      absl::string_view title = "new") {
    Add(group, entity, version, {Int(1), slug, Text(title)});
  }
  std::string All() { return Ask("SELECT concat_ws(' ', id, slug, title) FROM posts ORDER BY id"); }
};

TEST_F(CollisionTest, ATakenValueGetsTheNextFreeSuffix) {
  Execute(
      "INSERT INTO posts (site, slug, title) VALUES (1, 'a', 'old'), (1, 'a-2', 'old'), (2, 'b', 'old'), "
      "(1, 'longer', 'old')");
  auto group = Posts(v1::COLLISION_ACTION_SUFFIX);
  AddPost(group, 1, Text("a"));
  AddPost(group, 2, Text("a"));
  AddPost(group, 3, Text("b"));
  AddPost(group, 4, Text("longer"));
  AddPost(group, 5, Null());
  AddPost(group, 6, Null());
  for (const v1::Outcome& outcome : Apply(group))
    EXPECT_EQ(outcome.status(), v1::OUTCOME_STATUS_APPLIED) << outcome.ShortDebugString();
  EXPECT_EQ(All(),
            "1 a old|2 a-2 old|3 b old|4 longer old|5 a-3 new|6 a-4 new|7 b new|8 long-2 new|9 new|10 new");
}

TEST_F(CollisionTest, TheSuffixStaysUntilTheValueChanges) {
  Execute("INSERT INTO posts (site, slug, title) VALUES (1, 'a', 'old')");
  auto group = Posts(v1::COLLISION_ACTION_SUFFIX);
  AddPost(group, 1, Text("a"));
  const std::string fingerprint = ApplyOne(group).fingerprint();
  EXPECT_EQ(
      fingerprint,
      value::Fingerprint(value::Fields({{"site", Int(1)}, {"slug", Text("a-2")}, {"title", Text("new")}})));
  EXPECT_EQ(ApplyOne(group).fingerprint(), "") << "the inbox does not know";
  Execute("UPDATE posts SET slug = 'free' WHERE id = 1");
  auto edited = Posts(v1::COLLISION_ACTION_SUFFIX);
  AddPost(edited, 1, Text("a"), 2, "edited");
  Apply(edited);
  EXPECT_EQ(All(), "1 free old|2 a-2 edited") << "although the plain value is free now";
  auto changed = Posts(v1::COLLISION_ACTION_SUFFIX);
  AddPost(changed, 1, Text("c"), 3);
  Apply(changed);
  EXPECT_EQ(All(), "1 free old|2 c new");
  auto back = Posts(v1::COLLISION_ACTION_SUFFIX);
  AddPost(back, 1, Text("a"), 4);
  Apply(back);
  EXPECT_EQ(All(), "1 free old|2 a new");
  EXPECT_EQ(Ask("SELECT count(written) FROM cognate.kept_values"), "0");
}

TEST_F(CollisionTest, AnUpdateIntoATakenValueGetsASuffix) {
  Execute("INSERT INTO posts (site, slug, title) VALUES (1, 'a', 'old')");
  auto group = Posts(v1::COLLISION_ACTION_SUFFIX);
  AddPost(group, 1, Text("b"));
  AddPost(group, 2, Text("c"));
  Apply(group);
  auto changed = Posts(v1::COLLISION_ACTION_SUFFIX);
  AddPost(changed, 1, Text("a"), 2);
  AddPost(changed, 2, Text("a"), 2);
  Apply(changed);
  EXPECT_EQ(All(), "1 a old|2 a-2 new|3 a-3 new");
}

TEST_F(CollisionTest, ARecordThatTakesADeletedOnesPlaceGetsNoSuffix) {
  auto group = Posts(v1::COLLISION_ACTION_SUFFIX);
  AddPost(group, 1, Text("a"));
  Apply(group);
  auto gone = Group("public.posts", {});
  AddDelete(gone, 1, 2);
  auto next = Posts(v1::COLLISION_ACTION_SUFFIX);
  AddPost(next, 2, Text("a"), 3);
  Apply({&next, &gone});
  EXPECT_EQ(All(), "2 a new");
}

TEST_F(CollisionTest, TheRecordThatHasItIsAdopted) {
  Execute("INSERT INTO posts (site, slug, title) VALUES (1, 'a', 'old'), (1, 'b', 'old')");
  auto group = Posts(v1::COLLISION_ACTION_ADOPT);
  AddPost(group, 1, Text("a"));
  EXPECT_EQ(ApplyOne(group).local_id(), "1");
  auto again = Posts(v1::COLLISION_ACTION_ADOPT);
  AddPost(again, 2, Text("a"));
  const v1::Outcome taken = ApplyOne(again);
  EXPECT_EQ(taken.status(), v1::OUTCOME_STATUS_REJECTED);
  EXPECT_EQ(taken.error().reason(), "UNIQUE_VIOLATION");
  EXPECT_EQ(All(), "1 a new|2 b old");
}

TEST_F(CollisionTest, AThousandCollisionsAreOneBatch) {
  Execute("ALTER TABLE posts ALTER slug TYPE text");
  Execute("INSERT INTO posts (site, slug, title) SELECT 1, 's' || i, 'old' FROM generate_series(1, 1000) i");
  auto group = Posts(v1::COLLISION_ACTION_SUFFIX);
  for (int i = 1; i <= 1000; ++i) AddPost(group, i, Text(absl::StrCat("s", i)), i);
  Apply(group);
  EXPECT_EQ(Ask("SELECT count(*) FROM posts"), "2000");
  EXPECT_EQ(Ask("SELECT count(*) FROM posts WHERE slug LIKE 's%-2' AND title = 'new'"), "1000");
}

// A writer of the target that inserts the same slug once it has been found free.
TEST_F(CollisionTest, AValueThatIsTakenAtThisVeryMomentGetsASuffixAllTheSame) {
  LetPostsWait();
  auto other = test_support::ValueOrDie(postgres::Connection::Open(uri_));
  ASSERT_OK(other->Execute("BEGIN"));
  ASSERT_OK(other->Execute("SELECT pg_advisory_xact_lock(77)"));
  ASSERT_OK(other->Execute("INSERT INTO posts (site, slug, title) VALUES (1, 'a', 'theirs')"));
  const auto committer = CommitOnceDeliveryWaits(*other);
  auto group = Posts(v1::COLLISION_ACTION_SUFFIX);
  AddPost(group, 1, Text("a"));
  const v1::Outcome outcome = ApplyOne(group);
  committer->Stop();
  EXPECT_EQ(outcome.status(), v1::OUTCOME_STATUS_APPLIED) << outcome.ShortDebugString();
  EXPECT_EQ(Ask("SELECT slug || ' ' || title FROM posts ORDER BY slug"), "a theirs|a-2 new");
}

}  // namespace
}  // namespace cognate::delivery
