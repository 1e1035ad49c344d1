#include "common/ids/uuid.h"

#include <set>
#include <thread>
#include <vector>

#include "absl/hash/hash.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "common/clock/fake_clock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cognate {
namespace {

using test_support::HasReason;
using test_support::IsOkAndHolds;

TEST(UuidTest, TextAndBytesRoundTrip) {
  ASSERT_OK_AND_ASSIGN(const Uuid uuid, Uuid::Parse("01890a5d-AC96-774b-bcce-b302099a8057"));
  EXPECT_EQ(uuid.ToString(), "01890a5d-ac96-774b-bcce-b302099a8057");
  EXPECT_THAT(Uuid::FromBytes(uuid.AsBytes()), IsOkAndHolds(uuid));
  EXPECT_THAT(Uuid::Parse("01890a5dac96774bbcceb302099a8057"), IsOkAndHolds(uuid));
  EXPECT_EQ(absl::HashOf(uuid), absl::HashOf(*Uuid::FromBytes(uuid.AsBytes())));
  EXPECT_TRUE(Uuid().IsNil());
}

TEST(UuidTest, RefusesWhatIsNoUuid) {
  for (const char* text :
       {"", "x", "01890a5d-ac96-774b-bcce-b302099a805", "01890a5d_ac96_774b_bcce_b302099a8057",
        "0189-0a5dac96-774b-bcce-b302099a8057", "zz890a5dac96774bbcceb302099a8057"}) {
    EXPECT_THAT(Uuid::Parse(text), HasReason("INVALID_UUID")) << text;
  }
  EXPECT_THAT(Uuid::FromBytes("short"), HasReason("INVALID_UUID"));
}

TEST(UuidTest, Version7AscendsWithinAMillisecondAndWhenTheClockGoesBack) {
  FakeClock clock(absl::Now() + absl::Hours(1));
  Uuid last = Uuid::V7(clock);
  EXPECT_EQ(absl::BytesToHexString(last.AsBytes().substr(0, 6)),
            absl::StrFormat("%012x", absl::ToUnixMillis(clock.Now())));
  for (int i = 0; i < 10'000; ++i) {
    if (i == 5'000) clock.Advance(-absl::Minutes(1));
    const Uuid next = Uuid::V7(clock);
    ASSERT_LT(last, next);
    ASSERT_EQ(next.ToString()[14], '7');
    ASSERT_EQ(next.AsBytes()[8] & 0xc0, 0x80);
    last = next;
  }
}

TEST(UuidTest, Version7IsUniqueAcrossThreads) {
  std::vector<std::vector<Uuid>> made(4);
  std::vector<std::thread> threads;
  for (auto& ids : made) {
    threads.emplace_back([&ids] {
      for (int i = 0; i < 5'000; ++i) ids.push_back(Uuid::V7(Clock::Real()));
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<Uuid> all;
  for (const auto& ids : made) all.insert(ids.begin(), ids.end());
  EXPECT_EQ(all.size(), 20'000U);
}

TEST(RandomHexTest, HasTwoDigitsForAByteAndDiffers) {
  EXPECT_EQ(RandomHex(6).size(), 12U);
  EXPECT_NE(RandomHex(8), RandomHex(8));
}

}  // namespace
}  // namespace cognate
