// What a report costs beside Settle, and that troubles cost nothing while there are none.
#include <algorithm>
#include <atomic>
#include <cstdio>

#include <sys/resource.h>

#include "absl/time/clock.h"
#include "common/postgres/params.h"
#include "gtest/gtest.h"
#include "services/feedback/report.h"
#include "services/feedback/testing/feedback_fixture.h"
#include "tests/support/explain.h"

namespace cognate::feedback {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kReports = 60;
constexpr int kOutcomes = 1000;

class ReportSpeedTest : public FeedbackTest {
 protected:
  std::vector<v1::Outcome> Batch() {
    std::vector<v1::Outcome> outcomes;
    for (int i = 0; i < kOutcomes; ++i) {
      v1::Outcome outcome;
      outcome.set_entity_id(std::string(Uuid::V7(clock_).AsBytes()));
      outcome.set_model("public.nations");
      outcome.set_version(i + 1);
      outcome.set_status(v1::OUTCOME_STATUS_APPLIED);
      outcome.set_operation(v1::OPERATION_UPDATE);
      outcome.set_local_id(std::to_string(10'000 + i));
      outcome.set_fingerprint(std::string(16, 'f'));
      outcome.mutable_source()->set_platform("atlas");
      outcome.mutable_source()->set_model("public.country");
      outcome.mutable_source()->set_local_id(std::to_string(i));
      outcome.mutable_capture_time()->set_seconds(absl::ToUnixSeconds(clock_.Now()));
      outcomes.push_back(std::move(outcome));
    }
    return outcomes;
  }

  // The median time of one report by the wall, less the time in Settle.
  double MicrosecondsAnOutcome() {
    std::vector<double> times;
    peers_.OnCall("Settle", [this] { settled_ = absl::Now(); });
    for (int i = 0; i < kReports; ++i) {
      const std::vector<v1::Outcome> outcomes = Batch();
      EXPECT_OK(Report(outcomes));
      times.push_back(absl::ToDoubleMicroseconds(absl::Now() - settled_.load()) / kOutcomes);
    }
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
  }

  std::atomic<absl::Time> settled_ = absl::InfinitePast();  // outlives the calls that set it
};

TEST_F(ReportSpeedTest, AnOutcomeCostsLittleBesideSettle) {
  Start();
  const double without = MicrosecondsAnOutcome();
  const Uuid waiting = Plan("w", 1);
  EXPECT_OK(Report({Waits(waiting, 1, Plan("v", 1))}));
  const double with = MicrosecondsAnOutcome();
  std::printf("figure feedback.report us_per_outcome=%.2f us_per_outcome_with_troubles=%.2f\n", without,
              with);
}

TEST_F(ReportSpeedTest, NoHotStatementScansTheTroubles) {
  ASSERT_OK_AND_ASSIGN(const auto connection, postgres::Connection::Open(config_.postgres.uri));
  EXPECT_OK(connection->Execute("SET search_path = feedback"));
  // 20,000 troubles, never analysed.
  EXPECT_OK(connection->Execute(R"sql(
      INSERT INTO troubles
      SELECT gen_random_uuid(), 'shop', 'm', 4, n, 'atlas', 'm', n::text, '', '', '', '', 1, now(), n % 2 = 0, 0,
             gen_random_uuid(), 'm', 'atlas', 'm', n::text, false, false, false, now(), now()
      FROM generate_series(1, 20000) n)sql"));
  Start();
  clock_.Set(absl::Now() - absl::Hours(1));  // None of them is due.
  EXPECT_OK(Report(Batch()));
  ASSERT_OK_AND_ASSIGN(
      const postgres::Rows before,
      connection->QueryText("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'troubles'"));
  std::vector<v1::Outcome> outcomes = Batch();
  for (int i = 0; i < 300; ++i) outcomes[static_cast<size_t>(i)].set_status(v1::OUTCOME_STATUS_FAILED);
  for (int i = 0; i < 10; ++i) EXPECT_OK(Report(outcomes));
  EXPECT_OK(connection->Execute("SELECT pg_stat_force_next_flush()"));
  Stop();  // Its connections hand in their statistics.
  ASSERT_OK_AND_ASSIGN(
      const postgres::Rows after,
      connection->QueryText("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'troubles'"));
  EXPECT_LE(std::stoll(std::string(after.GetText(0, 0))) - std::stoll(std::string(before.GetText(0, 0))), 2)
      << "AnyOn and the gauges may";
}

}  // namespace
}  // namespace cognate::feedback
