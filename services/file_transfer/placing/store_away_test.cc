// Small files whose contents lie in a store that is away, slow or hangs: nothing is lost, and they come
// later.
#include <cstdio>
#include <sstream>

#include "services/file_transfer/testing/placing_fixture.h"
#include "tests/support/fake_s3.h"
#include "tests/support/fault_proxy.h"

namespace cognate::file_transfer {
namespace {

using test_support::Eventually;
using test_support::FakeS3;
using test_support::FaultProxy;
using test_support::IsOkAndHolds;
using test_support::StatusIs;

constexpr int kFiles = 30;
const FakeS3::Fault kAway = {.status = 500, .body = ""};

class StoreAwayTest : public PlacingTest {
 protected:
  StoreAwayTest() {
    Stop();
    config_.file_store = absl::StrCat("s3://", FakeS3::kBucket, "/main");
    config_.s3.endpoint = absl::StrCat("http://127.0.0.1:", link_);
    config_.s3.path_style = true;
    config_.s3.access_key = FakeS3::Key().access_key;
    config_.s3.secret_key = FakeS3::Key().secret_key;
    config_.s3.staging = directory_.File("staging");
    Start();
    request_.set_platform("blog");
    for (int i = 0; i < kFiles; ++i) {
      contents_.push_back(RandomContent(2'000 + i, static_cast<uint64_t>(i)));
      Add(&request_, static_cast<char>(i), "agent", Claim(contents_.back(), absl::StrCat("img/", i, ".bin")));
    }
  }
  // Before the server that it speaks to.
  ~StoreAwayTest() override {
    proxy_.SetFault(link_, {});
    Stop();
  }

  // Each in an object of its own, and nothing of them in memory.
  void SendAll() {
    for (const std::string& content : contents_) ASSERT_OK(Send("agent", content));
    Stop();
    Start();
  }
  // How many of them are in this state, as the target's lane hears.
  int CountOf(v1::PlacementState state) {
    const absl::StatusOr<v1::BindResponse> response = Call(&Stub::Bind, request_);
    EXPECT_OK(response);
    int count = 0;
    if (!response.ok()) return -1;
    for (const v1::BoundFile& file : response->files()) count += file.state() == state ? 1 : 0;
    return count;
  }
  void ExpectAllPlaced() {
    EXPECT_TRUE(Eventually([&] {
      return AskStore("SELECT count(*) FROM placements WHERE state = 3") == absl::StrCat(kFiles);
    })) << AskStore("SELECT string_agg(DISTINCT reason || ': ' || message, '; ') FROM placements");
    const absl::StatusOr<v1::BindResponse> response = Call(&Stub::Bind, request_);
    ASSERT_OK(response);
    for (int i = 0; i < kFiles; ++i) {
      const v1::BoundFile& file = response->files(i);
      ASSERT_EQ(file.state(), v1::PLACEMENT_STATE_PLACED) << i;
      const std::string path = absl::StrCat(Site("blog"), "/", file.value().text_value());
      std::stringstream text;
      text << std::ifstream(path, std::ios::binary).rdbuf();
      EXPECT_TRUE(text.str() == contents_[static_cast<size_t>(i)]) << path;
    }
  }
  std::string Placed() { return AskStore("SELECT count(*) FROM placements WHERE state = 3"); }

  FakeS3 s3_;
  FaultProxy proxy_;
  const int link_ = proxy_.AddLink(absl::StrCat("127.0.0.1:", s3_.port()));
  std::vector<std::string> contents_;
  v1::BindRequest request_;
};

TEST_F(StoreAwayTest, WhatIsDueIsPlacedOnceTheStoreAnswersAgain) {
  SendAll();
  // It became due while its target was away; then the store is.
  SetHanging(Site("blog"));
  EXPECT_TRUE(Eventually([&] { return CountOf(v1::PLACEMENT_STATE_DUE) == kFiles; }));
  s3_.Fail(kAway, 1'000'000);
  SetHanging("");
  Execute("UPDATE placements SET next_attempt_at = now()");
  EXPECT_TRUE(Eventually([&] {
    return AskStore("SELECT count(*) > 0 FROM placements WHERE reason = 'STORE_UNAVAILABLE'") == "t";
  })) << AskStore("SELECT string_agg(DISTINCT reason || ': ' || message, '; ') FROM placements");
  EXPECT_EQ(AskStore("SELECT count(*) FROM placements WHERE state = 2"), absl::StrCat(kFiles));
  EXPECT_EQ(Placed(), "0");
  EXPECT_TRUE(Has(contents_[0])) << "a store that does not answer has damaged nothing";
  s3_.Recover();
  Stop();
  Start();
  // Otherwise within minutes.
  Execute("UPDATE placements SET next_attempt_at = now()");
  ExpectAllPlaced();
}

TEST_F(StoreAwayTest, ALaneIsNotKeptWaitingForEachOfItsFiles) {
  SendAll();
  s3_.Fail(kAway, 1'000'000);
  const size_t before = s3_.requests().size();
  const absl::Time begun = absl::Now();
  EXPECT_EQ(CountOf(v1::PLACEMENT_STATE_LACKING), kFiles);
  std::printf("figure files.store_away files=%d bind_seconds=%.1f\n", kFiles,
              absl::ToDoubleSeconds(absl::Now() - begun));
  EXPECT_LT(s3_.requests().size() - before, size_t{kFiles});
  s3_.Recover();
  EXPECT_TRUE(Eventually([&] { return CountOf(v1::PLACEMENT_STATE_PLACED) == kFiles; }));
  ExpectAllPlaced();
}

TEST_F(StoreAwayTest, WhatASourceHasIsStoredAndPlacedOnceTheStoreAnswersAgain) {
  s3_.Fail(kAway, 1'000'000);
  PutIn("shop", "1.txt", "one");
  const v1::BoundFile bound = Bind("blog", 'a', "shop", Path("1.txt"));
  EXPECT_NE(bound.state(), v1::PLACEMENT_STATE_PLACED);
  EXPECT_NE(bound.state(), v1::PLACEMENT_STATE_REFUSED) << bound.ShortDebugString();
  s3_.Recover();
  EXPECT_TRUE(Eventually(
      [&] { return Bind("blog", 'a', "shop", Path("1.txt")).state() == v1::PLACEMENT_STATE_PLACED; }));
  EXPECT_THAT(Get(files::Sha256("one")), IsOkAndHolds("one"));
}

TEST_F(StoreAwayTest, WhatASlowStoreGivesIsPlacedInPartsAndAllOfItInTheEnd) {
  SendAll();
  proxy_.SetFault(link_, {.delay = absl::Milliseconds(300)});
  const absl::Time begun = absl::Now();
  int placed = 0, asked = 0;
  // As a lane does it: what is not there yet is asked for again once what was due is.
  while (placed < kFiles && asked < kFiles) {
    placed = CountOf(v1::PLACEMENT_STATE_PLACED);
    if (asked++ == 0)
      std::printf("figure files.slow_store files=%d bind_seconds=%.1f\n", kFiles,
                  absl::ToDoubleSeconds(absl::Now() - begun));
    EXPECT_TRUE(
        Eventually([&] { return AskStore("SELECT count(*) FROM placements WHERE state <> 3") == "0"; }));
  }
  std::printf("figure files.slow_store_placed files=%d binds=%d seconds=%.1f\n", kFiles, asked,
              absl::ToDoubleSeconds(absl::Now() - begun));
  ExpectAllPlaced();
}

TEST_F(StoreAwayTest, AStoreThatHangsLosesNothing) {
  SendAll();
  proxy_.SetFault(link_, {.holds_answers = true});
  // Whoever asks gives up.
  EXPECT_THAT(grpc_support::Call(stub(), &Stub::Bind, request_, {.timeout = absl::Seconds(3)}),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(Placed(), "0");
  proxy_.SetFault(link_, {});
  EXPECT_TRUE(Eventually([&] { return CountOf(v1::PLACEMENT_STATE_PLACED) == kFiles; }));
  ExpectAllPlaced();
}

}  // namespace
}  // namespace cognate::file_transfer
