// Values that are only written where the target has none.
#include "gmock/gmock.h"
#include "services/delivery/sql_channel/sql_channel_fixture.h"

namespace cognate::delivery {
namespace {

using value::Int;
using value::Null;
using value::Text;

class MissingOnlyTest : public SqlChannelTest {
 protected:
  void SetUp() override {
    SqlChannelTest::SetUp();
    Execute(
        "CREATE TABLE posts (id serial PRIMARY KEY, slug text UNIQUE, body varchar(40), visits int, words "
        "jsonb, "
        "raw json)");
    ASSERT_OK(channel_->Open());
  }
  // A delivery of entity 1.
  v1::Outcome Bring(const v1::Value& body, const v1::Value& visits, const v1::Value& words,
                    const v1::Value& raw = Null()) {
    auto group = Group("public.posts", {"slug", "body", "visits", "words", "raw"});
    for (const bool missing : {false, true, true, true, true}) group.add_missing_only(missing);
    group.add_natural_keys()->add_places(0);
    Add(group, 1, ++version_, {Text("a"), body, visits, words, raw});
    return ApplyOne(group);
  }
  std::string Row() { return Ask("SELECT concat_ws(' ', id, body, visits, words, raw) FROM posts"); }

  int64_t version_ = 0;
};

TEST_F(MissingOnlyTest, WhatTheTargetHasIsKeptAndWhatItLacksIsWritten) {
  Execute(
      "INSERT INTO posts (slug, body, words, raw) VALUES ('a', 'own', "
      "'{\"en\": {\"title\": \"Own\", \"text\": \"\"}, \"list\": [1]}', '{\"x\": 1}')");
  const v1::Outcome outcome =
      Bring(Text("theirs"), Int(7),
            Text(R"({"en": {"title": "Theirs", "text": "T", "more": 1}, "de": {"title": "D"}, "list": [2]})"),
            Text(R"({"y": 2})"));
  EXPECT_EQ(outcome.local_id(), "1");
  EXPECT_TRUE(outcome.fingerprint().empty());
  EXPECT_EQ(Row(),
            R"(1 own 7 {"de": {"title": "D"}, "en": {"more": 1, "text": "T", "title": "Own"}, "list": [1]} )"
            R"({"x": 1, "y": 2})");
}

TEST_F(MissingOnlyTest, WhatWasTakenOutOnPurposeStaysOut) {
  Bring(Text("theirs"), Int(7), Text(R"({"en": {"title": "T", "text": "x"}, "de": {"title": "D"}})"));
  EXPECT_EQ(Row(), R"(1 theirs 7 {"de": {"title": "D"}, "en": {"text": "x", "title": "T"}})");
  Execute(R"(UPDATE posts SET body = NULL, visits = NULL, words = '{"en": {"title": "mine"}}')");
  Bring(Text("again"), Int(8),
        Text(R"({"en": {"title": "T2", "text": "x", "new": 1}, "de": {"title": "D"}, "fr": 1})"));
  EXPECT_EQ(Row(), R"(1 {"en": {"new": 1, "title": "mine"}, "fr": 1})");
  Execute("UPDATE posts SET words = '{}'");
  Bring(Text("again"), Int(8), Text(R"({"en": {"new": 1}, "es": 1})"));
  EXPECT_EQ(Row(), R"(1 {"es": 1})");
}

TEST_F(MissingOnlyTest, NothingWasOfferedByAnEmptyValue) {
  Bring(Text(""), Null(), Text(R"({"en": "", "de": null})"));
  EXPECT_EQ(Row(), R"(1  {"de": null, "en": ""})");
  const v1::Outcome outcome = Bring(Text("text"), Int(7), Text(R"({"en": "E", "de": "D"})"));
  EXPECT_EQ(Row(), R"(1 text 7 {"de": "D", "en": "E"})");
  EXPECT_FALSE(outcome.fingerprint().empty()) << "the target has all that was delivered";
}

TEST_F(MissingOnlyTest, ARecordThatIsMadeAgainGetsEverything) {
  Bring(Text("theirs"), Int(7), Text(R"({"en": 1})"));
  Execute("DELETE FROM posts");
  Bring(Text("theirs"), Int(7), Text(R"({"en": 1})"));
  EXPECT_EQ(Row(), R"(2 theirs 7 {"en": 1})");
}

}  // namespace
}  // namespace cognate::delivery
