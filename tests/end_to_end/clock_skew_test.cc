// Two platforms whose clocks are an hour apart: of two edits that meet the one wins that was made later, not
// the one whose clock is ahead.
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "cognate/v1/conflict_service.grpc.pb.h"
#include "common/clock/time_proto.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/end_to_end/ring.h"

namespace cognate {
namespace {

using test_support::PostgresServer;
using ::testing::HasSubstr;

class ClockSkewTest : public ::testing::TestWithParam<int> {
 protected:
  static RingOptions With(PostgresServer& server_of_1) {
    RingOptions options;
    options.stamps = false;
    options.server = [&](int site) { return site == 1 ? &server_of_1 : nullptr; };
    return options;
  }
  static std::vector<v1::Conflict> Conflicts(Ring& ring) {
    const auto stub = v1::ConflictService::NewStub(ring.Channel("change-capture"));
    v1::ListConflictsRequest request;
    request.set_page_size(1000);
    const auto page = grpc_support::Call(*stub, &v1::ConflictService::Stub::ListConflicts, request, {});
    EXPECT_THAT(page, IsOk());
    return page.ok() ? std::vector<v1::Conflict>(page->conflicts().begin(), page->conflicts().end())
                     : std::vector<v1::Conflict>();
  }
};

TEST_P(ClockSkewTest, TheEditThatWasMadeLaterWins) {
  const int hours = GetParam();
  const auto seed = std::random_device()();
  SCOPED_TRACE(StrCat("seed ", seed));
  std::mt19937 random(seed);
  const auto server =
      test_support::ValueOrDie(PostgresServer::Start({.clock = StrCat(hours > 0 ? "+" : "", hours, "h")}));
  Ring ring(2, With(*server));
  const double ahead = std::stod(ring.Ask(1, "SELECT extract(epoch FROM clock_timestamp())")) -
                       absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch());
  ASSERT_NEAR(ahead, 3600 * hours, 5) << "the server of site 1 does not have the clock of this test";

  constexpr int kNotes = 200;
  ring.Run(0, StrCat("INSERT INTO note (word, tag) SELECT 'note ' || n, 'first' FROM generate_series(1, ",
                     kNotes, ") AS n"));
  ring.Settle();
  std::vector<int> earlier;  // the site of each note's first edit
  for (int note = 0; note < kNotes; ++note) earlier.push_back(static_cast<int>(random() % 2));
  const absl::Time begin = absl::Now();
  ring.Pause();
  for (const bool is_later : {false, true}) {
    for (size_t note = 0; note < earlier.size(); ++note) {
      ring.Run(is_later ? 1 - earlier[note] : earlier[note],
               StrCat("UPDATE note SET tag = '", is_later ? "later" : "earlier", "' WHERE word = 'note ",
                      note + 1, "'"));
    }
    absl::SleepFor(absl::Milliseconds(100));  // more than what the measured offset can be wrong by
  }
  ring.Resume();
  const std::string wrong = "SELECT count(*) FROM note WHERE word LIKE 'note %' AND tag <> 'later'";
  for (int site = 0; site < 2; ++site) {
    EXPECT_TRUE(Eventually([&] { return ring.Ask(site, wrong) == "0"; }))
        << ring.Ask(site, wrong) << " wrong on site " << site;
  }
  ring.Settle();
  std::printf("figure conflicts.clock_skew hours=%d edits=%d wrong=%s\n", hours, 2 * kNotes,
              ring.Ask(0, wrong).c_str());
  for (int site = 0; site < 2; ++site) EXPECT_EQ(ring.Ask(site, wrong), "0");

  const std::vector<v1::Conflict> conflicts = Conflicts(ring);
  EXPECT_GE(conflicts.size(), static_cast<size_t>(kNotes));
  for (const v1::Conflict& conflict : conflicts) {
    for (const auto& time : {conflict.own_time(), conflict.delivered_time()}) {
      EXPECT_GT(ToTime(time), begin - absl::Seconds(1)) << conflict.DebugString();
      EXPECT_LT(ToTime(time), absl::Now()) << conflict.DebugString();
    }
  }
  EXPECT_THAT(ring.Command({"status"}).output, HasSubstr(hours > 0 ? "1h ahead" : "1h behind"));
}

INSTANTIATE_TEST_SUITE_P(Hours, ClockSkewTest, ::testing::Values(1, -1));

}  // namespace
}  // namespace cognate
