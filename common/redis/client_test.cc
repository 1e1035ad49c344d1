#include "common/redis/client.h"

#include <atomic>
#include <thread>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"
#include "tests/support/redis_server.h"
#include "tests/support/status_matchers.h"

namespace cognate::redis {
namespace {

using test_support::Eventually;
using test_support::HasReason;
using test_support::IsOkAndHolds;
using test_support::RedisServer;
using test_support::StatusIs;
using test_support::ValueOrDie;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::Optional;

class ClientTest : public ::testing::Test {
 protected:
  void SetUp() override { server_.FlushAll(); }

  std::unique_ptr<Client> NewClient() { return ValueOrDie(Client::Connect(server_.address())); }
  absl::StatusOr<std::vector<Entry>> Read(absl::Duration block = absl::ZeroDuration()) {
    return client_->ReadGroup("lane", "delivery", "one", 10, block);
  }
  static auto Payload(absl::string_view payload) { return Field(&Entry::payload, std::string(payload)); }

  RedisServer& server_ = RedisServer::Shared();
  std::unique_ptr<Client> client_ = NewClient();
};

TEST_F(ClientTest, AnEntryIsReadOnceAndStaysPendingUntilAcknowledged) {
  const std::string bytes("\0\r\n$5\xff", 6);
  ASSERT_OK_AND_ASSIGN(const std::vector<std::string> ids,
                       client_->AddMany("lane", std::vector<std::string>{"a", bytes, ""}));
  ASSERT_OK_AND_ASSIGN(const std::vector<Entry> entries, Read());
  EXPECT_THAT(entries, ElementsAre(Payload("a"), Payload(bytes), Payload("")));
  EXPECT_EQ(entries[1].id, ids[1]);
  EXPECT_EQ(entries[1].stream, "lane");
  EXPECT_LT(absl::AbsDuration(TimeOfId(ids[0]) - absl::Now()), absl::Minutes(1));
  EXPECT_THAT(Read(), IsOkAndHolds(IsEmpty()));

  EXPECT_OK(client_->AckAndDelete("lane", "delivery", std::vector<std::string>{ids[0], ids[2]}));
  EXPECT_THAT(client_->ReadPending("lane", "delivery", "one", 10), IsOkAndHolds(ElementsAre(Payload(bytes))));
  EXPECT_THAT(client_->ReadPending("lane", "delivery", "one", 10, ids[1]), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(client_->Length("lane"), IsOkAndHolds(1));
  EXPECT_THAT(client_->FirstId("lane"), IsOkAndHolds(Optional(ids[1])));
  ASSERT_OK_AND_ASSIGN(const Client::Extent extent, client_->Measure("lane"));
  EXPECT_EQ(extent.length, 1);
  EXPECT_THAT(extent.first_id, Optional(ids[1]));
  EXPECT_THAT(client_->LastId("lane"), IsOkAndHolds(ids[1]));
}

TEST_F(ClientTest, AnEntrySaysOfWhatTraceItIsHoweverItIsRead) {
  const std::string traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const Client::Addition additions[] = {{"lane", "a", traceparent}, {"lane", "b", {}}};
  ASSERT_OK(client_->AddMany(additions));
  const auto as_added = ElementsAre(AllOf(Payload("a"), Field(&Entry::traceparent, traceparent)),
                                    AllOf(Payload("b"), Field(&Entry::traceparent, "")));
  EXPECT_THAT(client_->Read("lane", "0", 10, absl::ZeroDuration()), IsOkAndHolds(as_added));
  EXPECT_THAT(Read(), IsOkAndHolds(as_added));
  EXPECT_THAT(client_->ReadPending("lane", "delivery", "one", 10), IsOkAndHolds(as_added));
  EXPECT_THAT(client_->AutoClaim("lane", "delivery", "two", absl::ZeroDuration(), 10),
              IsOkAndHolds(as_added));
}

TEST_F(ClientTest, StandingsOfManyStreamsComeTogether) {
  ASSERT_OK(client_->Add("lane", "a"));
  ASSERT_OK(client_->Set("other:closed", "target is down"));
  ASSERT_OK_AND_ASSIGN(const std::vector<Client::Standing> standings,
                       client_->Standings({{"lane", "lane:closed"}, {"other", "other:closed"}}));
  ASSERT_EQ(standings.size(), 2u);
  EXPECT_EQ(standings[0].length, 1);
  EXPECT_FALSE(standings[0].marked);
  EXPECT_EQ(standings[1].length, 0);
  EXPECT_TRUE(standings[1].marked);
}

TEST_F(ClientTest, EntriesOfManyStreamsAreAddedTogether) {
  const std::vector<Client::Addition> additions = {{"lane:1", "a"}, {"lane:2", "b"}};
  ASSERT_OK_AND_ASSIGN(const std::vector<std::string> ids, client_->AddMany(additions));
  ASSERT_EQ(ids.size(), 2u);
  EXPECT_THAT(client_->FirstId("lane:1"), IsOkAndHolds(Optional(ids[0])));
  EXPECT_THAT(client_->FirstId("lane:2"), IsOkAndHolds(Optional(ids[1])));
  EXPECT_THAT(client_->FirstId("lane:3"), IsOkAndHolds(std::nullopt));
}

TEST_F(ClientTest, ABlockedReadSeesWhatIsAddedMeanwhile) {
  EXPECT_THAT(Read(), IsOkAndHolds(IsEmpty()));
  std::thread producer([&] { EXPECT_OK(NewClient()->Add("lane", "late")); });
  std::vector<Entry> entries;
  EXPECT_TRUE(Eventually([&] { return !(entries = ValueOrDie(Read(absl::Seconds(30)))).empty(); }));
  producer.join();
  EXPECT_THAT(entries, ElementsAre(Payload("late")));
}

TEST_F(ClientTest, PendingEntriesWithoutABodyAreAcknowledgedAndLeftOut) {
  ASSERT_OK_AND_ASSIGN(const auto ids, client_->AddMany("lane", std::vector<std::string>{"a", "b", "c"}));
  EXPECT_OK(Read());
  // Deleted through another group: pending here, without a body.
  EXPECT_OK(client_->AckAndDelete("lane", "other", std::vector<std::string>{ids[0], ids[1]}));
  EXPECT_THAT(client_->ReadPending("lane", "delivery", "one", 1), IsOkAndHolds(ElementsAre(Payload("c"))));
  EXPECT_THAT(client_->ReadPending("lane", "delivery", "one", 10), IsOkAndHolds(ElementsAre(Payload("c"))));
}

TEST_F(ClientTest, AnotherConsumerTakesOverWhatLiesIdle) {
  EXPECT_OK(client_->AddMany("lane", std::vector<std::string>{"a", "b"}));
  EXPECT_OK(Read());
  EXPECT_THAT(client_->AutoClaim("lane", "delivery", "two", absl::Hours(1), 10), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(client_->AutoClaim("lane", "delivery", "two", absl::ZeroDuration(), 10),
              IsOkAndHolds(ElementsAre(Payload("a"), Payload("b"))));
  EXPECT_THAT(client_->ReadPending("lane", "delivery", "one", 10), IsOkAndHolds(IsEmpty()));
}

TEST_F(ClientTest, AConsumerThatIsGoneAndHoldsNothingIsForgotten) {
  EXPECT_THAT(client_->ForgetConsumers("lane", "delivery", absl::ZeroDuration()), IsOkAndHolds(0));
  EXPECT_OK(client_->Add("lane", "a"));
  EXPECT_OK(Read());
  ASSERT_OK_AND_ASSIGN(const std::string done, client_->Add("lane", "done"));
  EXPECT_THAT(client_->ReadGroup("lane", "delivery", "two", 10, absl::ZeroDuration()),
              IsOkAndHolds(ElementsAre(Payload("done"))));
  EXPECT_THAT(client_->ForgetConsumers("lane", "delivery", absl::ZeroDuration()), IsOkAndHolds(0));
  EXPECT_OK(client_->AckAndDelete("lane", "delivery", std::vector<std::string>{done}));
  EXPECT_THAT(client_->ForgetConsumers("lane", "delivery", absl::Hours(1)), IsOkAndHolds(0));
  EXPECT_THAT(client_->ForgetConsumers("lane", "delivery", absl::ZeroDuration()), IsOkAndHolds(1));
  EXPECT_THAT(client_->ForgetConsumers("lane", "delivery", absl::ZeroDuration()), IsOkAndHolds(0));
  EXPECT_THAT(client_->ReadPending("lane", "delivery", "one", 10), IsOkAndHolds(ElementsAre(Payload("a"))));
  EXPECT_OK(client_->Add("lane", "b"));
  EXPECT_THAT(client_->ReadGroup("lane", "delivery", "two", 10, absl::ZeroDuration()),
              IsOkAndHolds(ElementsAre(Payload("b"))));
}

TEST_F(ClientTest, TheGroupIsMadeAgainAfterFlushAll) {
  EXPECT_OK(client_->Add("lane", "lost"));
  EXPECT_OK(Read());
  server_.FlushAll();
  EXPECT_THAT(Read(), IsOkAndHolds(IsEmpty()));
  server_.FlushAll();
  EXPECT_OK(client_->Add("lane", "first after"));  // before the group: it reads from the first entry
  EXPECT_THAT(Read(), IsOkAndHolds(ElementsAre(Payload("first after"))));
  server_.FlushAll();
  EXPECT_THAT(client_->ReadPending("lane", "delivery", "one", 10), IsOkAndHolds(IsEmpty()));
  server_.FlushAll();
  EXPECT_THAT(client_->AutoClaim("lane", "delivery", "one", absl::ZeroDuration(), 10),
              IsOkAndHolds(IsEmpty()));
  EXPECT_OK(client_->AckAndDelete("lane", "delivery", std::vector<std::string>{"1-1"}));
}

TEST_F(ClientTest, FlushAllDuringABlockedReadGoesUnnoticed) {
  std::atomic<bool> stop = false;
  std::thread flusher([&] {
    while (!stop) server_.FlushAll();
  });
  for (int i = 0; i < 20; ++i) EXPECT_THAT(Read(absl::Milliseconds(20)), IsOkAndHolds(IsEmpty()));
  stop = true;
  flusher.join();
  EXPECT_OK(client_->Add("lane", "after"));
  EXPECT_THAT(Read(), IsOkAndHolds(ElementsAre(Payload("after"))));
}

TEST_F(ClientTest, AnAddedEntryTrimsTheOldestBeyondTheLength) {
  for (int i = 0; i < 500; ++i) EXPECT_OK(client_->Add("events", "e", 100));
  ASSERT_OK_AND_ASSIGN(const int64_t length, client_->Length("events"));
  EXPECT_GE(length, 100);
  EXPECT_LE(length, 250);
  ASSERT_OK_AND_ASSIGN(const std::string last, client_->LastId("events"));
  EXPECT_OK(client_->Add("events", "news"));
  EXPECT_THAT(client_->Read("events", last, 10, absl::ZeroDuration()),
              IsOkAndHolds(ElementsAre(Payload("news"))));
}

TEST_F(ClientTest, PlainKeysAreSetReadAndDeleted) {
  EXPECT_THAT(client_->Get("key"), IsOkAndHolds(std::nullopt));
  EXPECT_OK(client_->Set("key", "Wert", absl::Minutes(1)));
  EXPECT_THAT(client_->Get("key"), IsOkAndHolds(Optional(std::string("Wert"))));
  EXPECT_THAT(client_->Length("key"), HasReason("REDIS_WRONG_TYPE"));
  EXPECT_OK(client_->Del("key"));
  EXPECT_THAT(client_->Get("key"), IsOkAndHolds(std::nullopt));
}

TEST(ClientReconnectTest, AKilledServerIsUnavailableAndComesBack) {
  auto server =
      ValueOrDie(RedisServer::Start({.persistent = true, .arguments = {"--appendfsync", "always"}}));
  auto client = ValueOrDie(Client::Connect(server->address()));
  EXPECT_OK(client->Add("lane", "kept"));
  server->Kill();
  EXPECT_THAT(client->Add("lane", "no"), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(client->Ping(), HasReason("REDIS_UNAVAILABLE"));
  EXPECT_THAT(Client::Connect(server->address()), StatusIs(absl::StatusCode::kUnavailable));
  server->StartAgain();
  EXPECT_THAT(client->Length("lane"), IsOkAndHolds(1));
}

TEST(ClientTimeoutTest, AServerThatDoesNotAnswerIsUnavailableInTime) {
  auto server = ValueOrDie(RedisServer::Start());
  auto client = ValueOrDie(
      Client::Connect(Options{.address = server->address(), .command_timeout = absl::Milliseconds(50)}));
  server->Pause();
  EXPECT_THAT(client->Ping(), HasReason("REDIS_UNAVAILABLE"));
  server->Resume();
  EXPECT_OK(client->Ping());
}

}  // namespace
}  // namespace cognate::redis
