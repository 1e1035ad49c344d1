#include "common/redis/stream_waiter.h"

#include "gmock/gmock.h"
#include "tests/support/redis_server.h"
#include "tests/support/status_matchers.h"

namespace cognate::redis {
namespace {

using test_support::IsOkAndHolds;
using test_support::RedisServer;
using test_support::StatusIs;
using test_support::ValueOrDie;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Duration kLong = absl::Seconds(60);

class StreamWaiterTest : public ::testing::Test {
 protected:
  std::unique_ptr<StreamWaiter> Connect() {
    return ValueOrDie(StreamWaiter::Connect(Options{.address = server_->address()}));
  }

  const std::unique_ptr<RedisServer> server_ = ValueOrDie(RedisServer::Start());
  const std::unique_ptr<StreamWaiter> waiter_ = Connect();
  const std::unique_ptr<Client> other_ = ValueOrDie(Client::Connect(server_->address()));
  const std::vector<std::string> streams_ = {"one", "two", "three"};
};

TEST_F(StreamWaiterTest, NamesTheStreamThatGetsAnEntry) {
  ASSERT_OK(waiter_->Ask(streams_, kLong));
  EXPECT_THAT(StreamWaiter::Await({waiter_.get()}, absl::ZeroDuration()), IsEmpty());
  ASSERT_OK(other_->Add("two", "entry"));
  EXPECT_THAT(StreamWaiter::Await({waiter_.get()}, kLong), ElementsAre(0u));
  EXPECT_THAT(waiter_->Take(), IsOkAndHolds(ElementsAre("two")));
}

TEST_F(StreamWaiterTest, WhatWasAddedBeforeTheQuestionCounts) {
  ASSERT_OK(other_->Add("one", "entry"));
  ASSERT_OK(other_->Add("three", "entry"));
  ASSERT_OK(waiter_->Ask(streams_, kLong));
  EXPECT_THAT(waiter_->Take(), IsOkAndHolds(ElementsAre("one", "three")));
}

TEST_F(StreamWaiterTest, AnswersWithNothingWhenTheTimeIsOver) {
  ASSERT_OK(waiter_->Ask(streams_, absl::Milliseconds(20)));
  EXPECT_THAT(waiter_->Take(), IsOkAndHolds(IsEmpty()));
}

TEST_F(StreamWaiterTest, OneThreadWaitsForManyConnections) {
  const std::unique_ptr<StreamWaiter> second = Connect();
  ASSERT_OK(waiter_->Ask({streams_[0]}, kLong));
  ASSERT_OK(second->Ask({streams_[1]}, kLong));
  ASSERT_OK(other_->Add("two", "entry"));
  EXPECT_THAT(StreamWaiter::Await({waiter_.get(), second.get()}, kLong), ElementsAre(1u));
}

TEST_F(StreamWaiterTest, ALostServerIsAnErrorAndIsConnectedToAnew) {
  ASSERT_OK(waiter_->Ask(streams_, kLong));
  server_->Restart();
  EXPECT_THAT(StreamWaiter::Await({waiter_.get()}, kLong), ElementsAre(0u));
  EXPECT_THAT(waiter_->Take(), StatusIs(absl::StatusCode::kUnavailable));
  ASSERT_OK(waiter_->Ask(streams_, absl::Milliseconds(20)));
  EXPECT_THAT(waiter_->Take(), IsOkAndHolds(IsEmpty()));
}

}  // namespace
}  // namespace cognate::redis
