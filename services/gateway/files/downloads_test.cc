#include "services/gateway/files/downloads.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cognate::gateway {
namespace {

using test_support::HasReason;
using test_support::IsOk;

TEST(Downloads, NoAddressAndNoLinkTakesThePlacesOfAllOthers) {
  Downloads downloads;
  std::vector<std::unique_ptr<Downloads::Seat>> seats;
  for (int i = 0; i < Downloads::kMostOfAddress; ++i)
    seats.push_back(*downloads.Enter("192.0.2.1", "a picture"));
  EXPECT_THAT(downloads.Enter("192.0.2.1", ""), HasReason("TOO_MANY_DOWNLOADS"));
  for (int i = 0; i < Downloads::kMostOfLink - Downloads::kMostOfAddress; ++i)
    seats.push_back(*downloads.Enter(absl::StrCat("192.0.3.", i % 250), "a picture"));
  EXPECT_THAT(downloads.Enter("192.0.2.2", "a picture"), HasReason("TOO_MANY_DOWNLOADS"));
  EXPECT_THAT(downloads.Enter("192.0.2.2", "another one"), IsOk());
  EXPECT_THAT(downloads.Enter("192.0.2.2", ""), IsOk());
  seats.erase(seats.begin());
  EXPECT_THAT(downloads.Enter("192.0.2.1", "a picture"), IsOk());
}

TEST(Downloads, PiecesGrowForQuickReadersWhileThereIsRoom) {
  Downloads downloads;
  int64_t piece = downloads.NextPiece(0, absl::ZeroDuration());
  EXPECT_EQ(piece, Downloads::kFirstPiece);
  for (int i = 0; i < 10; ++i) piece = downloads.NextPiece(piece, absl::Milliseconds(100));
  EXPECT_EQ(piece, Downloads::kLargestPiece);
  EXPECT_EQ(downloads.NextPiece(piece, absl::Seconds(5)), piece);
  EXPECT_EQ(downloads.NextPiece(piece, absl::Seconds(15)), Downloads::kSmallestPiece);
  downloads.memory()->TakeAnyway(Downloads::kShareBytes / 2);
  EXPECT_EQ(downloads.NextPiece(piece, absl::Milliseconds(100)), Downloads::kSmallestPiece);
  EXPECT_EQ(downloads.NextPiece(0, absl::ZeroDuration()), Downloads::kSmallestPiece);
  // As many as there may be fit into the share.
  EXPECT_LE(static_cast<size_t>(Downloads::kMost * Downloads::kSmallestPiece), Downloads::kShareBytes / 2);
}

TEST(Downloads, WhatIsOnItsWayCounts) {
  Downloads downloads;
  auto seat = *downloads.Enter("192.0.2.1", "");
  seat->Expect(Downloads::kLargestPiece);
  EXPECT_EQ(downloads.memory()->taken(), static_cast<size_t>(Downloads::kLargestPiece));
  seat->Expect(0);
  EXPECT_EQ(downloads.memory()->taken(), 0U);
  seat->Expect(Downloads::kFirstPiece);
  seat = nullptr;
  EXPECT_EQ(downloads.memory()->taken(), 0U);
}

TEST(Downloads, AReaderHasTimeByWhatItIsToTake) {
  EXPECT_EQ(Downloads::PatienceFor(Downloads::kSmallestPiece), absl::Seconds(64));
  EXPECT_EQ(Downloads::PatienceFor(Downloads::kLargestPiece), absl::Seconds(316));
}

}  // namespace
}  // namespace cognate::gateway
