#include "services/platform_registry/ledger/plan_sweep.h"

#include "services/platform_registry/ledger/ledger_fixture.h"
#include "tests/support/eventually.h"

namespace cognate::platform_registry {
namespace {

using test_support::Eventually;

class PlanSweepTest : public LedgerTest {
 protected:
  int64_t Batches() {
    const auto rows =
        test_support::ValueOrDie(database_->QueryText("SELECT count(*) FROM platform_registry.plan_batches"));
    return std::stoll(std::string(rows.GetText(0, 0)));
  }
  // As if it had been planned long ago.
  void Age() {
    ASSERT_OK(database_->Execute(
        "UPDATE platform_registry.plan_batches SET planned_at = planned_at - interval '1 hour';"
        "UPDATE platform_registry.replicas SET planned_at = planned_at - interval '1 hour'"));
  }
  int Pending() {
    return test_support::ValueOrDie(
               Call(&LedgerStub::ListPending, "platform: 'shop' planned_before { seconds: 4102444800 }"))
        .replicas_size();
  }

  const std::unique_ptr<postgres::Connection> database_ =
      test_support::ValueOrDie(postgres::Connection::Open(uri_));
};

TEST_F(PlanSweepTest, TakesAwayWhatIsSettledParkedOrPlannedAgain) {
  const std::string settled = ledger_.Entity("1", 1);
  const std::string parked = ledger_.Entity("2", 2);
  const std::string again = ledger_.Entity("3", 3);
  ASSERT_OK(ledger_.Plan({{settled, 1}, {parked, 2}}));
  ASSERT_OK(ledger_.Plan({{again, 3}}));
  ASSERT_OK(ledger_.Plan({{again, 4}}));
  ASSERT_OK(ledger_.Settle(
      {{settled, 1, v1::SETTLE_KIND_APPLIED, "x1", "f"}, {parked, 2, v1::SETTLE_KIND_PARKED, "", ""}}));
  Age();
  EXPECT_TRUE(Eventually([&] { return Batches() == 1; }));
  EXPECT_EQ(Pending(), 1);
}

TEST_F(PlanSweepTest, KeepsABatchWhileOneOfItIsDue) {
  const std::string first = ledger_.Entity("1", 1);
  const std::string second = ledger_.Entity("2", 2);
  ASSERT_OK(ledger_.Plan({{first, 1}, {second, 2}}));
  ASSERT_OK(ledger_.Settle({{first, 1, v1::SETTLE_KIND_APPLIED, "x1", "f"}}));
  Age();
  Config config;
  config.postgres.uri = uri_;
  const auto pool = test_support::ValueOrDie(postgres::Pool::Create(PoolOptions(config)));
  metrics::Registry metrics;
  PlanSweep sweep(*pool, absl::Seconds(1), Clock::Real(), metrics);
  EXPECT_THAT(sweep.SweepPage(), test_support::IsOkAndHolds(false));
  EXPECT_EQ(Batches(), 1);
  EXPECT_EQ(Pending(), 1);
  ASSERT_OK(ledger_.Settle({{second, 2, v1::SETTLE_KIND_APPLIED, "x2", "f"}}));
  EXPECT_OK(sweep.SweepPage().status());
  EXPECT_EQ(Batches(), 0);
}

TEST_F(PlanSweepTest, WalksThroughManyPagesAndBeginsAnew) {
  const std::string due = ledger_.Entity("1", 1);
  ASSERT_OK(ledger_.Plan({{due, 1}}));
  const std::string entity = ledger_.Entity("2", 2);
  for (int64_t version = 1; version <= 450; ++version) ASSERT_OK(ledger_.Plan({{entity, version}}));
  Age();
  EXPECT_TRUE(Eventually([&] { return Batches() == 2; }));
  EXPECT_EQ(Pending(), 2);
  ASSERT_OK(ledger_.Settle(
      {{due, 1, v1::SETTLE_KIND_APPLIED, "x1", "f"}, {entity, 450, v1::SETTLE_KIND_APPLIED, "x2", "f"}}));
  EXPECT_TRUE(Eventually([&] { return Batches() == 0; }));
}

}  // namespace
}  // namespace cognate::platform_registry
