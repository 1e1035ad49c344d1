// Lanes have one owner at a time, whichever version of it.
#include "services/delivery/lease_store.h"

#include <array>
#include <atomic>
#include <optional>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/postgres/connection.h"
#include "common/postgres/pool.h"
#include "gmock/gmock.h"
#include "services/delivery/server.h"
#include "tests/support/eventually.h"
#include "tests/support/postgres_server.h"
#include "tests/support/status_matchers.h"

namespace cognate::delivery {
namespace {

using test_support::Eventually;
using test_support::ValueOrDie;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Duration kLong = absl::Seconds(60);
constexpr absl::Duration kOver = absl::ZeroDuration();

class LeaseStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Config config;
    config.postgres.uri = test_support::PostgresServer::Shared().CreateDatabase();
    ASSERT_OK(Migrate(config));
    postgres::Options options;
    options.uri = config.postgres.uri;
    options.search_path = "delivery";
    pool_ = ValueOrDie(postgres::Pool::Create(options));
    store_ = std::make_unique<LeaseStore>(*pool_);
    connection_ = ValueOrDie(postgres::Connection::Open(options));
  }

  // The fence of a lane that was taken; 0 where somebody else has it.
  int64_t Take(const std::string& platform, absl::string_view owner) {
    const auto held = ValueOrDie(store_->Take({platform}, owner, absl::StrCat(owner, ":1")));
    return held.empty() ? 0 : held.at(platform);
  }
  // As the version before takes and renews.
  int64_t TakeAsBefore(absl::string_view platform, absl::string_view owner, absl::string_view duration) {
    const auto rows = connection_->QueryText(absl::StrCat(
        "INSERT INTO lane_leases AS l (platform, owner, fence, expires_at, address) VALUES ('", platform,
        "', '", owner, "', 1, now() + interval '", duration,
        "', 'before:1') ON CONFLICT (platform) DO UPDATE SET owner = excluded.owner, fence = l.fence + CASE "
        "WHEN l.owner = excluded.owner THEN 0 ELSE 1 END, expires_at = excluded.expires_at, address = "
        "excluded.address WHERE l.owner = excluded.owner OR l.expires_at <= now() RETURNING l.fence::text"));
    int64_t fence = 0;
    EXPECT_OK(rows.status());
    return rows->size() == 1 && absl::SimpleAtoi(rows->GetText(0, 0), &fence) ? fence : 0;
  }
  std::string OwnerOf(const std::string& platform) { return ValueOrDie(store_->Owners())[platform]; }
  void EndRowOf(absl::string_view owner) {
    ASSERT_OK(connection_->Execute(
        absl::StrCat("UPDATE lane_owners SET expires_at = now() WHERE owner = '", owner, "'")));
  }

  std::unique_ptr<postgres::Pool> pool_;
  std::unique_ptr<LeaseStore> store_;
  std::unique_ptr<postgres::Connection> connection_;
};

TEST_F(LeaseStoreTest, ALaneHasOneOwnerAndItsFenceRisesWithEachOther) {
  ASSERT_OK(store_->Join("a", "a:1", kLong));
  ASSERT_OK(store_->Join("b", "b:1", kLong));
  EXPECT_EQ(Take("shop", "a"), 1);
  EXPECT_EQ(Take("shop", "b"), 0);
  EXPECT_EQ(Take("shop", "a"), 1);
  EXPECT_EQ(OwnerOf("shop"), "a");
  EXPECT_EQ(ValueOrDie(store_->AddressOf("shop")), "a:1");
  EXPECT_OK(store_->Release({"shop"}, "b"));  // not b's
  EXPECT_EQ(Take("shop", "b"), 0);
  EXPECT_OK(store_->Release({"shop"}, "a"));
  EXPECT_EQ(OwnerOf("shop"), "");
  EXPECT_EQ(ValueOrDie(store_->AddressOf("shop")), "");
  EXPECT_THAT(ValueOrDie(store_->ListFree()), ElementsAre("shop"));
  EXPECT_EQ(Take("shop", "b"), 2);
  EXPECT_THAT(ValueOrDie(store_->ListFree()), IsEmpty());
}

TEST_F(LeaseStoreTest, WhenTheFirstOfTheOthersMayEndIsKnown) {
  ASSERT_OK(store_->Join("a", "", absl::Seconds(1)));
  EXPECT_EQ(ValueOrDie(store_->FirstEnd("a")), absl::InfiniteDuration());  // there is no other
  ASSERT_OK(store_->Join("b", "", 2 * kLong));
  ASSERT_OK(store_->Join("c", "", kLong));
  const absl::Duration end = ValueOrDie(store_->FirstEnd("a"));
  EXPECT_GT(end, absl::ZeroDuration());
  EXPECT_LE(end, kLong);
  EndRowOf("b");
  EXPECT_LE(ValueOrDie(store_->FirstEnd("a")), absl::ZeroDuration());
}

TEST_F(LeaseStoreTest, OneRenewalKeepsAllLanesAndTheirEndFreesThem) {
  ASSERT_OK(store_->Join("a", "", kLong));
  ASSERT_OK(store_->Join("b", "", kLong));
  ASSERT_EQ(ValueOrDie(store_->Take({"shop", "site", "till"}, "a", "")).size(), 3u);
  EXPECT_TRUE(ValueOrDie(store_->Renew("a", kLong)));
  EXPECT_THAT(ValueOrDie(store_->ListFree()), IsEmpty());
  EndRowOf("a");
  EXPECT_EQ(OwnerOf("shop"), "");
  EXPECT_EQ(ValueOrDie(store_->AddressOf("shop")), "");
  // Not before its row is gone: until then a renewal may be under way.
  EXPECT_EQ(Take("shop", "b"), 0);
  EXPECT_THAT(ValueOrDie(store_->ListFree()), ::testing::UnorderedElementsAre("shop", "site", "till"));
  EXPECT_EQ(Take("shop", "b"), 2);
  // It has lost what the other has, and what nobody has: it begins anew.
  EXPECT_FALSE(ValueOrDie(store_->Renew("a", kLong)));
  ASSERT_OK(store_->Join("a", "", kLong));
  EXPECT_EQ(Take("shop", "a"), 0);
  EXPECT_EQ(Take("site", "a"), 2);
}

TEST_F(LeaseStoreTest, WhoWasLateGetsHisOwnLanesAsAnotherOwnerWould) {
  ASSERT_OK(store_->Join("a", "", kOver));
  EXPECT_EQ(Take("shop", "a"), 1);
  EXPECT_FALSE(ValueOrDie(store_->Renew("a", kLong)));
  ASSERT_OK(store_->Join("a", "", kLong));
  EXPECT_EQ(OwnerOf("shop"), "");
  EXPECT_EQ(Take("shop", "a"), 2);
}

TEST_F(LeaseStoreTest, LeavingFreesEverythingAtOnce) {
  ASSERT_OK(store_->Join("a", "", kLong));
  ASSERT_EQ(ValueOrDie(store_->Take({"shop", "site"}, "a", "")).size(), 2u);
  ASSERT_OK(store_->Leave("a"));
  EXPECT_EQ(OwnerOf("shop"), "");
  EXPECT_EQ(TakeAsBefore("shop", "old", "1 hour"), 2);
  EXPECT_FALSE(ValueOrDie(store_->Renew("a", kLong)));
}

TEST_F(LeaseStoreTest, TheVersionBeforeTakesNothingThatLivesAndGivesWhatIsOver) {
  ASSERT_OK(store_->Join("new", "", kLong));
  EXPECT_EQ(Take("shop", "new"), 1);
  EXPECT_EQ(TakeAsBefore("shop", "old", "1 hour"), 0);
  // A lane of the version before goes by its own lease.
  EXPECT_EQ(TakeAsBefore("site", "old", "1 hour"), 1);
  EXPECT_EQ(OwnerOf("site"), "old");
  EXPECT_EQ(ValueOrDie(store_->AddressOf("site")), "before:1");
  EXPECT_EQ(Take("site", "new"), 0);
  EXPECT_EQ(TakeAsBefore("site", "old", "0 seconds"), 1);
  EXPECT_THAT(ValueOrDie(store_->ListFree()), ElementsAre("site"));
  EXPECT_EQ(Take("site", "new"), 2);
  EXPECT_EQ(TakeAsBefore("site", "old", "1 hour"), 0);
}

TEST_F(LeaseStoreTest, TheVersionBeforeTakesOverFromAProcessThatDied) {
  ASSERT_OK(store_->Join("new", "", kLong));
  EXPECT_EQ(Take("shop", "new"), 1);
  EndRowOf("new");
  ASSERT_OK(store_->ListFree().status());  // by whoever has this version
  EXPECT_EQ(TakeAsBefore("shop", "old", "1 hour"), 2);
  EXPECT_EQ(OwnerOf("shop"), "old");
  EXPECT_THAT(ValueOrDie(store_->ListFree()), IsEmpty());
  // Where there is none the lane's own lease ends, once nobody sets it ahead any more.
  ASSERT_OK(store_->Join("other", "", kLong));
  EXPECT_EQ(Take("site", "other"), 1);
  EXPECT_THAT(ValueOrDie(store_->Refresh({"shop", "site"}, "other")), ElementsAre("site"));
  ASSERT_OK(connection_->Execute("UPDATE lane_leases SET expires_at = now() WHERE platform = 'site'"));
  EXPECT_EQ(TakeAsBefore("site", "old", "1 hour"), 2);
  EXPECT_EQ(OwnerOf("site"), "old");
  EXPECT_THAT(ValueOrDie(store_->Refresh({"site"}, "other")), IsEmpty());
}

TEST_F(LeaseStoreTest, ARenewalThatIsBeingCommittedIsWaitedFor) {
  ASSERT_OK(store_->Join("a", "", kLong));
  EXPECT_EQ(Take("shop", "a"), 1);
  EndRowOf("a");
  // As a renewal that was in time, and is committed late.
  ASSERT_OK(connection_->Execute(
      "BEGIN; UPDATE lane_owners SET expires_at = now() + interval '1 hour' WHERE owner = 'a'"));
  std::optional<std::vector<std::string>> free;
  std::thread other([&] { free = ValueOrDie(store_->ListFree()); });
  EXPECT_TRUE(Eventually([&] {
    return ValueOrDie(connection_->QueryText(
                          "SELECT count(*)::text FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                          "AND datname = current_database()"))
               .GetText(0, 0) == "1";
  }));
  ASSERT_OK(connection_->Execute("COMMIT"));
  other.join();
  EXPECT_THAT(*free, IsEmpty());
  EXPECT_EQ(OwnerOf("shop"), "a");
}

// Owners that come, are late and leave, all at once: at no moment two of them hold one lane.
TEST_F(LeaseStoreTest, ManyOwnersAtOnceNeverShareALane) {
  constexpr int kOwners = 4;
  constexpr int kRounds = 60;
  const std::vector<std::string> platforms = {"p1", "p2", "p3", "p4", "p5", "p6"};
  std::atomic<int> taken{0};
  std::vector<std::thread> threads;
  std::array<std::atomic<int64_t>, 6> newest{};
  std::atomic<bool> twice{false};
  for (int n = 0; n < kOwners; ++n) {
    threads.emplace_back([&, owner = absl::StrCat("o", n), n] {
      for (int round = 0; round < kRounds; ++round) {
        EXPECT_OK(store_->Join(owner, "", kLong));
        EXPECT_OK(store_->ListFree().status());
        const auto held = ValueOrDie(store_->Take(platforms, owner, ""));
        for (const auto& [platform, fence] : held) {
          ++taken;
          // A fence has one owner only, and no lower one comes after it.
          const auto place = static_cast<size_t>(platform[1] - '1');
          if (newest[place].exchange(fence) >= fence) twice = true;
        }
        if ((round + n) % 3 == 0) {
          EXPECT_OK(store_->Leave(owner));
        } else {
          EXPECT_OK(store_->Release(platforms, owner));
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(twice);
  EXPECT_GT(taken, 0);
}

}  // namespace
}  // namespace cognate::delivery
