#include "services/feedback/events/digest.h"

#include "absl/strings/str_cat.h"
#include "common/clock/fake_clock.h"
#include "common/clock/time_proto.h"
#include "gmock/gmock.h"

namespace cognate::feedback {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class DigestTest : public ::testing::Test {
 protected:
  DigestTest() : digest_(Options(), clock_) {}

  static v1::EventDigest Options() {
    v1::EventDigest options;
    options.mutable_interval()->set_seconds(60);
    options.set_max_events(2);
    return options;
  }

  v1::Event Event(v1::EventKind kind, const std::string& platform = "shop",
                  const std::string& reason = "REFUSED") {
    v1::Event event;
    event.set_kind(kind);
    event.mutable_target()->set_platform(platform);
    event.set_event_id(absl::StrCat("1.", next_));
    event.set_entity_id(absl::StrCat("entity-", next_));
    *event.mutable_time() = ToTimestamp(clock_.Now());
    if (!reason.empty()) event.mutable_error()->set_reason(reason);
    return event;
  }
  bool Add(const v1::Event& event) { return digest_.LetsThrough(event, {1, next_++}); }

  FakeClock clock_;
  Digest digest_;
  int next_ = 0;
};

TEST_F(DigestTest, TellsTheFirstOnesAndTheRestAtTheEndOfTheInterval) {
  v1::Event retry = Event(v1::EVENT_KIND_RETRY);
  retry.mutable_error()->set_message("connection refused");
  for (int i = 0; i < 10; ++i) {
    retry.set_entity_id(absl::StrCat("e", i));
    EXPECT_EQ(Add(retry), i < 2) << i;
  }
  EXPECT_THAT(digest_.Take(), IsEmpty());
  EXPECT_EQ(digest_.next_time(), clock_.Now() + absl::Minutes(1));
  clock_.Advance(absl::Minutes(1));
  const std::vector<v1::Event> digests = digest_.Take();
  ASSERT_EQ(digests.size(), 1u);
  EXPECT_EQ(digests[0].kind(), v1::EVENT_KIND_DIGEST);
  EXPECT_EQ(digests[0].digest_kind(), v1::EVENT_KIND_RETRY);
  EXPECT_EQ(digests[0].count(), 8);
  EXPECT_EQ(digests[0].sentence(), "8 more deliveries to shop failed within a minute: connection refused.");
  EXPECT_THAT(digests[0].sample_entity_ids(), ElementsAre("e2", "e3", "e4", "e5", "e6"));
  EXPECT_FALSE(digest_.first_kept().has_value());
  EXPECT_TRUE(Add(retry)) << "a new interval";
}

TEST_F(DigestTest, GroupsByPlatformKindAndReason) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Add(Event(v1::EVENT_KIND_RETRY, "shop", "A")), i < 2);
    EXPECT_EQ(Add(Event(v1::EVENT_KIND_RETRY, "shop", "B")), i < 2);
    EXPECT_EQ(Add(Event(v1::EVENT_KIND_RETRY, "blog", "A")), i < 2);
    EXPECT_EQ(Add(Event(v1::EVENT_KIND_DEAD, "shop", "A")), i < 2);
  }
  EXPECT_EQ(digest_.Take(/*all=*/true).size(), 4u);
}

TEST_F(DigestTest, NeverKeepsWhatHappensSeldom) {
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(Add(Event(v1::EVENT_KIND_PLATFORM_DOWN)));
    EXPECT_TRUE(Add(Event(v1::EVENT_KIND_PLATFORM_RECOVERED)));
    EXPECT_TRUE(Add(Event(v1::EVENT_KIND_RUN_FINISHED)));
    EXPECT_TRUE(Add(Event(v1::EVENT_KIND_CONFLICT_RESOLVED)));
  }
}

TEST_F(DigestTest, KnowsTheFirstEventThatIsInNoDigestYet) {
  for (int i = 0; i < 4; ++i) Add(Event(v1::EVENT_KIND_RETRY));  // keeps 2 and 3
  clock_.Advance(absl::Seconds(30));
  for (int i = 0; i < 4; ++i) Add(Event(v1::EVENT_KIND_DEAD));  // keeps 6 and 7
  EXPECT_EQ(digest_.first_kept()->offset, 2);
  clock_.Advance(absl::Seconds(30));
  EXPECT_EQ(digest_.Take().size(), 1u);
  EXPECT_EQ(digest_.first_kept()->offset, 6);
  clock_.Advance(absl::Seconds(30));
  EXPECT_EQ(digest_.Take().size(), 1u);
  EXPECT_FALSE(digest_.first_kept().has_value());
}

TEST_F(DigestTest, EverNewReasonsDoNotFillTheMemory) {
  for (int i = 0; i < 5000; ++i) Add(Event(v1::EVENT_KIND_RETRY, "shop", absl::StrCat("R", i)));
  EXPECT_EQ(digest_.Take(/*all=*/true).size(), 1u);
}

}  // namespace
}  // namespace cognate::feedback
