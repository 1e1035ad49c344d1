// A source whose clock is off, and is set while it is captured.
#include "absl/time/clock.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "common/clock/time_proto.h"
#include "services/change_capture/postgres_source/test_source.h"

namespace cognate::change_capture {
namespace {

using ::testing::HasSubstr;

class SourceClockTest : public SourceFixture {
 protected:
  void SetUp() override {
    server_ = ValueOrDie(PostgresServer::Start({.clock = "+1h"}));
    SourceFixture::SetUp();
    Sql("CREATE TABLE item (id int PRIMARY KEY)");
  }
  PostgresServer& source_server() override { return *server_; }

  // The source times of changes from the stream, in the order of the log.
  std::vector<absl::Time> Times() {
    auto connection = ValueOrDie(postgres::Connection::Open(log_->uri()));
    const auto rows = ValueOrDie(
        connection->QueryOnce("SELECT source_time FROM change_capture.changes ORDER BY version", {}));
    std::vector<absl::Time> times;
    for (int row = 0; row < rows.size(); ++row) times.push_back(rows.GetTimestamp(row, 0));
    return times;
  }
  // Makes a change, and says how far its time in the log is from when it was made.
  absl::Duration InsertAndSeeHowWrong() {
    const absl::Time before = absl::Now();
    Sql(absl::StrCat("INSERT INTO item VALUES (", ++items_, ")"));
    const absl::Time after = absl::Now();
    EXPECT_TRUE(Eventually([&] { return Times().size() == static_cast<size_t>(items_); }));
    const absl::Time said = Times().back();
    return std::max({before - said, said - after, absl::ZeroDuration()});
  }
  double Offset() { return absl::ToDoubleSeconds(ToDuration(State().clock_offset())); }

  std::unique_ptr<PostgresServer> server_;
  int items_ = 0;
};

TEST_F(SourceClockTest, TimesAreCorrectedAlsoWhenItIsSetMeanwhileAndTheirOrderStays) {
  StartSource({"public.item"});
  ASSERT_TRUE(AwaitStreaming());
  absl::Duration most = InsertAndSeeHowWrong();
  EXPECT_TRUE(Eventually([&] { return std::abs(Offset() - 3600) < 0.5; })) << State().ShortDebugString();
  EXPECT_LT(ToDuration(State().clock_error()), absl::Milliseconds(1500));
  for (const char* const off : {"+3630s", "-1h", "+90s", "+0s", "+3d", "-2s"}) {
    server_->SetClock(off);
    for (int i = 0; i < 5; ++i) {
      const absl::Duration wrong = InsertAndSeeHowWrong();
      EXPECT_LT(wrong, absl::Milliseconds(1500)) << off << " " << i;
      most = std::max(most, wrong);
    }
  }
  EXPECT_TRUE(Eventually([&] { return std::abs(Offset() + 2) < 0.5; })) << State().ShortDebugString();
  const std::vector<absl::Time> times = Times();
  EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
  EXPECT_EQ(State().out_of_bounds_count(), 0);
  std::printf("figure source.clock steps=6 changes=%d most_wrong_ms=%.1f\n", items_,
              absl::ToDoubleMilliseconds(most));
}

// What was committed before it was set has the time of the former clock, and nobody can know which.
TEST_F(SourceClockTest, ATimeThatCannotBeRightIsThatOfItsReceiptAndIsShown) {
  StartSource({"public.item"});
  ASSERT_TRUE(AwaitStreaming());
  InsertAndSeeHowWrong();
  StopSource();
  Sql(absl::StrCat("INSERT INTO item VALUES (", ++items_, ")"));
  server_->SetClock("+0s");
  const absl::Time started = absl::Now();
  StartSource({"public.item"});
  ASSERT_TRUE(Eventually([&] { return Times().size() == 2; }));
  EXPECT_GT(Times().back(), started);
  EXPECT_LT(Times().back(), absl::Now());
  ASSERT_TRUE(Eventually([&] { return State().out_of_bounds_count() == 1; })) << State().ShortDebugString();
  EXPECT_THAT(State().out_of_bounds(), HasSubstr("the transaction at 0/"));
  EXPECT_GT(ToTime(State().out_of_bounds_time()), started);
  EXPECT_LT(InsertAndSeeHowWrong(), absl::Milliseconds(1500)) << "it holds nobody up";
  EXPECT_EQ(State().out_of_bounds_count(), 1);
}

}  // namespace
}  // namespace cognate::change_capture
