// Platforms that are both source and target of each other, in rings: every edit reaches every platform once,
// and all end with the same.
#include <cstdio>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/end_to_end/ring.h"

namespace cognate {
namespace {

class RingTest : public ::testing::TestWithParam<int> {};

TEST_P(RingTest, EachEditIsWrittenOnceOnEveryOtherSite) {
  Ring ring(GetParam());
  const auto edit = [&](int site, const std::string& sql) {
    ring.Run(site, sql);
    ring.CountEdit();
  };
  constexpr int kNotes = 12;
  for (int i = 0; i < kNotes; ++i) {
    edit(i % ring.size(), StrCat("INSERT INTO note (word, tag) VALUES ('note ", i, "', 'new')"));
  }
  ring.Settle();
  for (int i = 0; i < kNotes; ++i) {
    edit((i + 1) % ring.size(), StrCat("UPDATE note SET tag = 'edited' WHERE word = 'note ", i, "'"));
  }
  ring.Settle();
  for (int i = 0; i < kNotes; ++i) {
    edit((i + 2) % ring.size(), StrCat("UPDATE note SET tag = 'new' WHERE word = 'note ", i, "'"));
  }
  ring.Settle();
  for (int i = 0; i < kNotes; i += 2) {
    edit((i + 3) % ring.size(), StrCat("DELETE FROM note WHERE word = 'note ", i, "'"));
  }
  ring.Settle();
  const int64_t expected = ring.edits() * (ring.size() - 1);
  const int64_t writes = ring.Writes() - ring.edits();
  std::printf("figure rings.writes size=%d edits=%lld writes=%lld expected=%lld\n", ring.size(),
              static_cast<long long>(ring.edits()), static_cast<long long>(writes),
              static_cast<long long>(expected));
  EXPECT_EQ(writes, expected) << ring.WrittenAgain();
  EXPECT_EQ(ring.Ask(0, "SELECT count(*) FROM note WHERE word LIKE 'note %'"), StrCat(kNotes / 2));
}

INSTANTIATE_TEST_SUITE_P(Sizes, RingTest, ::testing::Values(2, 3, 4, 8), ::testing::PrintToStringParamName());

// Rows that come from a delivery are read back while its outcome is still on the way.
TEST(TwoWayTest, NothingIsDoubledWhileBothSidesWrite) {
  Ring ring(2);
  for (int round = 0; round < 40; ++round) {
    for (int site = 0; site < 2; ++site) {
      ring.Run(site, StrCat("INSERT INTO note (word) SELECT 'note ", site, " ", round,
                            " ' || n FROM generate_series(1, "
                            "50) AS n"));
    }
  }
  ring.Settle();
  for (int site = 0; site < 2; ++site) {
    EXPECT_EQ(
        ring.Ask(site, "SELECT count(*) || ' ' || count(DISTINCT word) FROM note WHERE word LIKE 'note %'"),
        "4000 4000");
  }
}

class SameRecordsTest : public ::testing::TestWithParam<int> {};

TEST_P(SameRecordsTest, SitesAgreeAfterEditsAtTheSameTime) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(StrCat("seed ", seed));
  std::mt19937 random(seed);
  Ring ring(GetParam());
  ring.Run(0, "INSERT INTO note (word, tag) SELECT 'note ' || n, 'first' FROM generate_series(1, 20) AS n");
  ring.Settle();
  for (int i = 0; i < 600; ++i) {
    ring.Run(static_cast<int>(random() % static_cast<unsigned>(ring.size())),
             StrCat("UPDATE note SET tag = 'edit ", i, "' WHERE word = 'note ", 1 + random() % 20, "'"));
  }
  ring.Settle();
  EXPECT_TRUE(ring.AllAgree());
  std::printf("figure two_way.concurrent_edits size=%d seed=%u edits=600 differing=%d\n", ring.size(), seed,
              ring.AllAgree() ? 0 : 1);
}

INSTANTIATE_TEST_SUITE_P(Sizes, SameRecordsTest, ::testing::Values(2, 3, 4),
                         ::testing::PrintToStringParamName());

TEST(TwoWayTest, EditsLostOnTheirWayArriveAllTheSame) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(StrCat("seed ", seed));
  std::mt19937 random(seed);
  Ring ring(2);
  ring.Run(0, "INSERT INTO note (word, tag) SELECT 'note ' || n, 'first' FROM generate_series(1, 40) AS n");
  ring.Settle();
  for (int i = 1; i <= 40; ++i) {
    ring.Run(i % 2, StrCat("UPDATE note SET tag = 'edit ", i, "' WHERE word = 'note ", i, "'"));
    if (random() % 2 == 0) ring.FlushRedis();
  }
  ring.FlushRedis();
  ring.Settle();
  EXPECT_EQ(
      ring.Ask(0, "SELECT count(*) FROM note WHERE word LIKE 'note %' AND tag <> 'edit ' || substr(word, 6)"),
      "0")
      << ring.Shown();
}

TEST(TwoWayTest, ChangedRulesOfOneWayAreDeliveredAgain) {
  Ring ring(2);
  ring.Run(0, "INSERT INTO note (word, tag) VALUES ('loud', 'quiet')");
  ring.Settle();
  ring.UpdateSync(
      "name: 'syncs/from-0-to-1' transforms { change_case { field: 'tag' letter_case: LETTER_CASE_UPPER } }",
      "transforms");
  EXPECT_TRUE(Eventually([&] { return ring.Ask(1, "SELECT tag FROM note WHERE word = 'loud'") == "QUIET"; }))
      << ring.Shown();
}

}  // namespace
}  // namespace cognate
